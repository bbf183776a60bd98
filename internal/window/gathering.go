package window

import (
	"fmt"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// Gathering adds up what was seen of one window, in Parts of this process and in
// shares of others. It is not safe for concurrent use.
type Gathering struct {
	start   int64
	served  map[identity.RPC]*requests
	called  map[identity.Edge]*calls
	sampled Sampled
}

// NewGathering returns an empty gathering of the window at start.
func NewGathering(start int64) *Gathering {
	return &Gathering{start: start, served: make(map[identity.RPC]*requests), called: make(map[identity.Edge]*calls)}
}

// AddPart adds p, which stays as it is. It panics where p is of another window.
func (g *Gathering) AddPart(p *Part) {
	g.mustBe(p.Start)
	for _, r := range p.requests {
		g.requests(r.key).merge(r)
	}
	for _, c := range p.calls {
		g.calls(c.key).merge(c)
	}
}

// Add adds o, which stays as it is. In which order gatherings are added matters to
// the rounding of sums only, and not to that while weights are integers and their
// sums below 2^53. It panics where o is of another window.
func (g *Gathering) Add(o *Gathering) {
	g.mustBe(o.start)
	for k, r := range o.served { // each key is added once
		g.requests(k).merge(r)
	}
	for k, c := range o.called {
		g.calls(k).merge(c)
	}
	g.AddSampled(o.sampled)
}

// AddSampled adds how spans were chosen.
func (g *Gathering) AddSampled(s Sampled) { g.sampled = g.sampled.Or(s) }

func (g *Gathering) mustBe(start int64) {
	if start != g.start {
		panic(fmt.Sprintf("window: what began at %d added to the window of %d", start, g.start))
	}
}

func (g *Gathering) requests(k identity.RPC) *requests {
	r := g.served[k]
	if r == nil {
		r = &requests{key: k}
		g.served[k] = r
	}
	return r
}

func (g *Gathering) calls(k identity.Edge) *calls {
	c := g.called[k]
	if c == nil {
		c = &calls{key: k}
		g.called[k] = c
	}
	return c
}

// Snapshot returns the window as it is judged, with the metrics of it. g must not be
// changed any more.
func (g *Gathering) Snapshot(end int64, resources []Resource) *Snapshot {
	s := &Snapshot{
		Start: g.start, End: end, Sampled: g.sampled, Resources: slices.Clone(resources),
		RPCs: make([]RPC, 0, len(g.served)), Edges: make([]Edge, 0, len(g.called)),
	}
	for k, r := range g.served { // sorted below
		s.RPCs = append(s.RPCs, r.snapshot(k))
	}
	for k, c := range g.called {
		s.Edges = append(s.Edges, c.snapshot(k))
	}
	slices.SortFunc(s.RPCs, func(a, b RPC) int { return a.Key.Compare(b.Key) })
	slices.SortFunc(s.Edges, func(a, b Edge) int { return a.Key.Compare(b.Key) })
	slices.SortFunc(s.Resources, func(a, b Resource) int { return a.Service.Compare(b.Service) })
	return s
}
