package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// Rules of calls that are missing.
const (
	minExpected = 5    // calls that were to be expected, of fewer nothing is said
	minMissing  = 0.05 // share of them that is missing
	alwaysMade  = 0.8  // of the windows that have requests of the caller, those that have calls
)

// shortfall is how many calls of an edge the requests of the caller make usually, which share of them is
// missing, and whether that is more than chance.
func (d *diagnosis) shortfall(e identity.Edge) (expected, share float64, sure bool) {
	r := d.v.served[e.Caller]
	if r == nil || !(r.Count > 0) {
		return 0, 0, false
	}
	k := feature.Key{Kind: feature.Calls, Edge: e}
	l := d.v.since(k)
	load := d.v.at(feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: e.Caller}})
	expected = math.Exp(l.usual) * r.Count
	if l.n < minBaseline || float64(l.n) < alwaysMade*float64(load.n) || expected*d.seenShare(identity.Edge{Callee: e.Caller}) < minExpected {
		return 0, 0, false
	}
	if x := d.v.edges[e]; x == nil || !(x.Count > 0) {
		l.now = math.Log(0.5 / r.Count)
		return expected, 1, l.z() <= -d.cfg.Suspect
	}
	share = math.Max(0, 1-math.Exp(l.now-l.usual))
	return expected, share, share >= minMissing && l.z() <= -d.cfg.Suspect
}

// Rules of services that are gone.
const (
	minGone  = 2 // windows in which a service served nothing that is back now
	returned = 2 // windows, at most, since when it is
)

// gone reports whether a service of which calls are missing has served nothing since the onset, in the window of
// which it may have served before; or is just back, after it was gone: some of the requests that end now have waited for
// it. Of a service whose caller fails nearly always before it calls, a call comes through now and then.
func (d *diagnosis) gone(s *silent) bool {
	empty, row := 0, d.v.row
	for ; row >= 0 && row > d.v.row-maxPooled && (row == d.v.row || d.v.rec.Start(row) > d.v.before); row-- {
		if d.servedIn(row, s) <= stillServed*s.expected {
			empty++
		} else if back := d.v.row - row; back >= returned || empty > 0 {
			return false
		}
	}
	return empty == d.v.row-row || empty >= minGone
}

// servedIn is the number of requests that a service has served in a window, of the kinds that are called.
func (d *diagnosis) servedIn(row int, s *silent) float64 {
	seconds := float64(d.in.Snapshot.End-d.in.Snapshot.Start) / 1e9
	n := 0.0
	var seen []identity.RPC
	for _, c := range s.calls {
		if rpc := c.edge.Callee; !slices.Contains(seen, rpc) {
			seen = append(seen, rpc)
			if l := d.v.rec.Value(feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: rpc}}, row); l > 0 {
				n += math.Expm1(l) * seconds
			}
		}
	}
	return n
}
