package longpoll

import (
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// What makes a wall.
const (
	minRequests = 10   // of an operation in a window, to say anything
	least       = 1e9  // ns: who polls waits for a second at least
	sure        = 10e9 // ns: who takes exactly as long each time does not work
	thickness   = 0.05 // of a wall, as a share of its duration
	atWall      = 0.1  // least share of the requests that ends there
	apart       = 0.03 // by which walls of two windows may differ and be the same
	earlyShare  = 0.1  // least share of the requests that is answered in half of the time
)

// wall returns after which time the polls of an operation end in a window, in ns, and
// the weight of the requests that were answered in half of it; ok is false where there
// is no wall, or where what ends there has failed: then it is a timeout of something.
// Who polls waits by itself: time that calls take is not looked at, which may end at a
// timeout of theirs that the request survives.
func wall(r *window.RPC) (at, early float64, ok bool) {
	at = r.Exclusive.Max()
	if r.Count < minRequests || at < least {
		return at, 0, false
	}
	share := r.Exclusive.FractionAbove(at / (1 + thickness))
	if share < atWall || r.Errors > share*r.Count/2 {
		return at, 0, false
	}
	return at, r.Count * (1 - r.Exclusive.FractionAbove(at/2)), true
}

// passing is the share of its time that an operation must spend in calls of those that
// wait for it to wait as well.
const passing = 0.5

// callers adds to waits the operations that pass a wait on: that spend more than half of
// their time in calls of others that wait.
func callers(s *window.Snapshot, waits map[identity.RPC]bool) {
	for added := true; added; {
		added = false
		within := make(map[identity.RPC]float64)
		for i := range s.Edges {
			if e := &s.Edges[i]; waits[e.Key.Callee] && !waits[e.Key.Caller] {
				within[e.Key.Caller] += e.Within
			}
		}
		for i := range s.RPCs {
			if r := &s.RPCs[i]; within[r.Key] > passing*r.Latency.Sum() {
				waits[r.Key], added = true, true
			}
		}
	}
}

// same reports whether two walls are one.
func same(a, b float64) bool { return a <= b*(1+apart) && b <= a*(1+apart) }
