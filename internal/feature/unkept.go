package feature

import (
	"maps"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// unkeptFor is how many windows it is remembered that values of a service were left out: some
// metrics are seldom sent.
const unkeptFor = 20

// Unkept is what of a service was left out of the record lately, because of the bound of
// columns: nobody can say what is usual of it, nor whether it is as usual.
type Unkept struct {
	Metrics []string // names, sorted
	Spans   bool     // something that its spans tell, or those of its callers
}

type unkept struct {
	Unkept
	last int64 // start of the last window of which something was left out
}

// leaveOut notes a value of the window that starts at a time for which there is no room.
func (h *History) leaveOut(k Key, at int64) {
	h.refused++
	if h.unkept == nil {
		h.unkept = make(map[identity.Service]unkept)
	}
	s := k.of()
	u := h.unkept[s]
	u.last = at
	if k.Kind != Metric {
		u.Spans = true
	} else if i, known := slices.BinarySearch(u.Metrics, k.Name); !known {
		u.Metrics = slices.Insert(slices.Clip(u.Metrics), i, k.Name) // clones may share them
	}
	h.unkept[s] = u
}

// forgive forgets what was left out long ago, in a window that starts at a time.
func (h *History) forgive(at int64) {
	for s, u := range h.unkept { // each alone: the order does not matter
		if at-u.last > unkeptFor*int64(h.window) {
			delete(h.unkept, s)
		}
	}
}

// of returns the service of which a column tells: of a call, the one that is called.
func (k Key) of() identity.Service {
	switch k.Kind {
	case Metric:
		return k.Service
	case Latency:
		return k.Node.Edge.Callee.Service
	default:
		return k.Edge.Callee.Service
	}
}

// Unkept returns what of a service was left out lately. The caller must not change it.
func (h *History) Unkept(s identity.Service) Unkept { return h.unkept[s].Unkept }

// UnkeptServices returns the services of which something was left out lately, sorted.
func (h *History) UnkeptServices() []identity.Service {
	return slices.SortedFunc(maps.Keys(h.unkept), identity.Service.Compare)
}
