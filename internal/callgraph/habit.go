package callgraph

import "sync/atomic"

// Rules of habits.
const (
	// recentlySeen is the number of times at which all that was counted counts half.
	recentlySeen = 1024
	// surely is the share of the times that speak for a habit from which on it is one, and
	// hardly that below which no longer.
	surely, hardly = 0.95, 0.5
)

// habit is something that no span says, and that one trace may show by chance: it is learned
// from nearly all of many. It is safe for concurrent use.
type habit struct {
	all, seem atomic.Int32
	is        atomic.Bool
}

// note counts a time that speaks for the habit or against it, of which it takes enough, and
// reports whether another is known now than before.
func (h *habit) note(seems bool, enough int32) (changed bool) {
	n, of := h.all.Add(1), h.seem.Load()
	if seems {
		of = h.seem.Add(1)
	}
	if n >= enough {
		if share := float64(of) / float64(n); share >= surely {
			changed = !h.is.Swap(true)
		} else if share < hardly {
			changed = h.is.Swap(false)
		}
	}
	if n >= recentlySeen {
		h.all.Store(n / 2)
		h.seem.Store(of / 2)
	}
	return changed
}
