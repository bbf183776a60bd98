package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// minElsewhere is the number of late calls at other links of a service, less half for rounding, below
// which one may be a stray.
const minElsewhere = 1.5

// lostOnTheWay gives s the leaves that only seem slow since messages of s are lost: in one
// window a quantile shows it where most calls go, and elsewhere single calls do, that no
// quantile shows. Calls to such a leaf are late because something is sent again, and
// s explains which of all its calls are late better than leaves that are slow themselves.
// See docs/math.md, 19.
func (e *endpoint) lostOnTheWay(s identity.Service) {
	var lost []int
	for _, c := range e.leaves(s) {
		if p := &e.by[c].parts[0]; !e.taken[c] && !p.delayed && e.resends(p.edge, resent) {
			lost = append(lost, c)
		}
	}
	if len(lost) == 0 {
		return
	}
	var all tally
	known := e.known(s)
	calls := make([]tally, len(known)) // none where nothing is known of single calls
	for i, x := range known {
		if e.settled(x) {
			continue
		}
		late, n := e.outliers(x, e.lateAbove(x))
		calls[i] = tally{late, n}
		all.add(calls[i])
	}
	if !(all.calls > 0) {
		return
	}
	there, slow, elsewhere := 0.0, 0.0, all.late
	share := all.late / all.calls
	var leaves []identity.Service
	for i, x := range known {
		switch leaf := e.r.g.Leaves[x.Callee.Service]; {
		case !(calls[i].calls > 0):
		case !leaf:
			there += calls[i].lateBy(share/unlike, share*unlike)
		case !slices.Contains(leaves, x.Callee.Service):
			leaves = append(leaves, x.Callee.Service)
		}
	}
	for _, leaf := range leaves {
		alike, itself, late := 0.0, 0.0, 0.0
		for i, x := range known {
			if x.Callee.Service == leaf && calls[i].calls > 0 {
				alike += calls[i].lateBy(share/unlike, share*unlike)
				itself += calls[i].lateBy(0, 1)
				late += calls[i].late
			}
		}
		if slices.ContainsFunc(lost, func(c int) bool { return e.r.g.Channels[c].Service == leaf }) {
			elsewhere -= late
		}
		there += math.Max(alike, itself-another)
		slow += math.Max(0, itself-another)
	}
	if elsewhere >= minElsewhere && there-another > slow+clearly {
		for _, c := range lost {
			e.taken[c] = true
		}
		e.merge(s, lost)
	}
}

// lateAbove is how late calls are, in seconds, of which messages were sent again.
func (e *endpoint) lateAbove(x identity.Edge) float64 {
	if _, usual := e.longest(x); !e.r.g.Leaves[x.Callee.Service] && usual > 0 {
		return math.Max(resent, slightly*usual) // of calls to leaves what is usual is left out
	}
	return resent
}
