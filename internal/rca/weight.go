package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// demand is what one entry request asks of the nodes below it.
// See docs/math.md, 14.
type demand struct {
	// mean holds for each node the seconds that the entry waits longer when every
	// visit of the node takes a second longer: calls per request, multiplied
	// along paths, added over paths, less what runs in parallel anyway.
	mean []float64
	// tail is the same where a single visit, a slow one, takes longer. A node that
	// a share p < 1 of the requests visits shows in quantile q of the entry as
	// soon as p reaches 1-q.
	tail []float64
	// visits holds how often an entry request comes by the node.
	visits []float64
	flow   flow // of which path the mean comes
	// sites are the RPCs of the reach, in the same order.
	sites []site
}

// site is how one RPC calls others, before and now.
type site struct {
	now, usual calls
	lambda     float64 // how sequential callees usually are
	lambdaNow  float64
	overlap    level   // log(union/sum) over callees
	self       []level // log(share/within) of the calls to one callee
	perRequest []level
	overlaps   []overlapping    // of the calls to one callee
	fresh      map[int]bool     // calls of who is known to whom is known, which were never made before
	latency    []shift          // of one call, as the caller sees it
	mean       []float64        // of the same, seconds, in this window; 0 where not known
	shapes     []*sketch.Sketch // of the same, nil where not known
}

// newDemand walks from the entry to the causes. q is the quantile of the SLO.
func newDemand(r *reach, v *view, q float64) demand {
	n := len(r.g.Nodes)
	d := demand{mean: make([]float64, n), tail: make([]float64, n), visits: make([]float64, n), flow: newFlow(r)}
	d.mean[r.entry], d.tail[r.entry], d.visits[r.entry] = 1, 1, 1
	shown := func(visits float64) float64 { return math.Min(1, visits/(1-q)) }
	t := newTail(q).near
	for _, p := range r.rpcs { // effects before causes: d[p.node] is complete
		s := newSite(r, v, p)
		d.sites = append(d.sites, s)
		for i, c := range p.calls {
			lat := s.latency[i]
			mean := slope(s.now, s.usual, i, s.usual.each[i], s.now.each[i], s.lambda)
			once := slopeOnce(s.now, s.usual, i, lat.usual[t], lat.now[t], s.lambda)
			if to := shown(d.visits[p.node]); to > 0 {
				once *= shown(d.visits[p.node]*s.now.n[i]) / to
			}
			for _, n := range [...]int{c.client, c.network, c.server} {
				if n >= 0 {
					d.mean[n] += d.mean[p.node] * mean
					d.tail[n] += d.tail[p.node] * once
					d.visits[n] += d.visits[p.node] * s.now.n[i]
					d.flow.add(p.node, n, mean)
				}
			}
		}
	}
	return d
}

func newSite(r *reach, v *view, p rpc) site {
	s := site{overlap: v.at(feature.Key{Kind: feature.Overlap, Edge: identity.Edge{Callee: p.key}})}
	for i, c := range p.calls {
		n := v.at(feature.Key{Kind: feature.Calls, Edge: c.edge})
		lat := v.callLatency(r.g, c)
		s.perRequest = append(s.perRequest, n)
		fresh := n.n == 0 && !math.IsNaN(n.now) && !c.leaf && v.knows(p.key) && v.knows(c.edge.Callee)
		if fresh {
			if s.fresh == nil {
				s.fresh = make(map[int]bool)
			}
			s.fresh[i] = true
		}
		s.latency = append(s.latency, lat)
		s.mean = append(s.mean, v.mean(c.edge))
		s.shapes = append(s.shapes, v.shape(c.edge))
		now, usual := 1.0, 1.0
		if !math.IsNaN(n.now) {
			now, usual = math.Exp(n.now), math.Exp(n.now)
		}
		switch {
		case fresh:
			usual = 0
		case n.n >= minBaseline:
			usual = math.Exp(n.usual)
		}
		s.now.n, s.now.each = append(s.now.n, now), append(s.now.each, meanOf(lat.now))
		s.usual.n, s.usual.each = append(s.usual.n, usual), append(s.usual.each, meanOf(lat.usual))
		s.addSelf(v.at(feature.Key{Kind: feature.Overlap, Edge: c.edge}))
		s.overlaps = append(s.overlaps, newOverlapping(now, lat, v.edges[c.edge], s.now.self[i], s.usual.self[i]))
	}
	s.lambdaNow = s.now.sequential(s.overlap.now)
	s.lambda = s.lambdaNow
	if s.overlap.n >= minBaseline {
		s.lambda = s.usual.sequential(s.overlap.usual)
	}
	return s
}

// knows reports whether requests of an RPC were there in enough normal windows.
func (v *view) knows(p identity.RPC) bool {
	return v.at(feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: p}}).n >= minBaseline
}

// addSelf notes how the calls to one more callee overlap. Where nothing is known
// they follow each other, and where nothing is known of before, as now.
func (s *site) addSelf(l level) {
	now, usual := 1.0, 1.0
	if !math.IsNaN(l.now) {
		now, usual = math.Min(1, math.Exp(l.now)), math.Min(1, math.Exp(l.now))
	}
	if l.n >= minBaseline {
		usual = math.Min(1, math.Exp(l.usual))
	}
	s.self = append(s.self, l)
	s.now.self, s.usual.self = append(s.now.self, now), append(s.usual.self, usual)
}

// latency is the shift of a latency node.
func (v *view) latency(n cbn.Node) shift {
	seen := feature.Key{Kind: feature.Errors, Edge: n.Edge}
	return v.shift(seen, func(d int) feature.Key { return feature.Key{Kind: feature.Latency, Node: n, Quantile: d} })
}

// exclusive is the shift of the own time of an RPC.
func (v *view) exclusive(rpc identity.RPC) shift {
	at := identity.Edge{Callee: rpc}
	return v.shift(feature.Key{Kind: feature.Errors, Edge: at}, func(d int) feature.Key {
		return feature.Key{Kind: feature.Exclusive, Edge: at, Quantile: d}
	})
}

// callLatency is the shift of one call, as its caller sees it or, where the
// caller's side was not seen, as its callee does.
func (v *view) callLatency(g *cbn.Graph, c call) shift {
	if c.client >= 0 {
		if s := v.latency(g.Nodes[c.client]); s.known || c.server < 0 {
			return s
		}
	}
	return v.latency(g.Nodes[c.server])
}
