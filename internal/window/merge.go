package window

import (
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// Merge combines the parts of one window (and the metrics of it) into a
// snapshot. The parts stay as they are. Their order, and how observations were
// split over them, do not matter, exactly so while weights are integers and
// their sums below 2^53. It panics where a part is of another window.
func Merge(start, end int64, parts []*Part, resources []Resource) *Snapshot {
	served, called := make(map[identity.RPC]*requests), make(map[identity.Edge]*calls)
	for _, p := range parts {
		if p.Start != start {
			panic("window: part of another window")
		}
		for _, r := range p.requests {
			of := served[r.key]
			if of == nil {
				of = new(requests)
				served[r.key] = of
			}
			of.merge(r)
		}
		for _, c := range p.calls {
			of := called[c.key]
			if of == nil {
				of = new(calls)
				called[c.key] = of
			}
			of.merge(c)
		}
	}
	s := &Snapshot{Start: start, End: end, Resources: slices.Clone(resources)}
	s.RPCs = make([]RPC, 0, len(served))
	for k, r := range served { // sorted below
		s.RPCs = append(s.RPCs, r.snapshot(k))
	}
	s.Edges = make([]Edge, 0, len(called))
	for k, c := range called {
		s.Edges = append(s.Edges, c.snapshot(k))
	}
	slices.SortFunc(s.RPCs, func(a, b RPC) int { return a.Key.Compare(b.Key) })
	slices.SortFunc(s.Edges, func(a, b Edge) int { return a.Key.Compare(b.Key) })
	slices.SortFunc(s.Resources, func(a, b Resource) int { return a.Service.Compare(b.Service) })
	return s
}
