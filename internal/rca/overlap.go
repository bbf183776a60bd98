package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
)

// overlapSamples is the number of draws behind the latency of a call in a
// counterfactual where only its overlap with other calls is in question.
const overlapSamples = 8

// alikeBelow is the share of its latency below which a callee is restored, and calls to it are
// alike again.
const alikeBelow = 0.9

// settleOverlaps sets the overlap columns of an intervention. How much the calls
// to several callees overlap (union/sum) is a feature to the model, yet it is a
// consequence of how long each of them takes: one slow call among parallel ones
// raises it. Left as observed, a restored callee would leave its caller waiting
// as if it were slow; restored as if it were the caller's, it would put the blame
// on the caller. So it follows from the latencies of the calls in the
// counterfactual, with the share lambda of calls that follow each other (see
// calls.union) as observed, or as usual where the caller is restored.
// See docs/math.md, 22.
func (s *search) settleOverlaps(a restored) {
	if s.overlaps == nil {
		s.overlaps = s.newOverlaps()
	}
	for _, o := range s.overlaps {
		now := calls{n: slices.Clone(o.site.now.n), each: make([]float64, len(o.calls)), self: slices.Clone(o.site.now.self)}
		lambda := o.site.lambdaNow
		if a.lambda[o.service] {
			now.self, lambda = o.site.usual.self, o.site.lambda
		}
		for j, c := range o.calls {
			now.each[j] = s.latencyOf(a.do, c.node(), o.site.now.each[j])
			if !a.lambda[o.service] && now.each[j] < alikeBelow*o.site.now.each[j] {
				now.self[j] = o.site.overlapping(j).alike
			}
			if n, ok := a.do.X[o.counts[j]]; ok {
				now.n[j] = math.Exp(n)
			}
		}
		a.do.X[o.column] = now.overlap(lambda)
	}
	s.settleSiblings(a)
}

// settleSiblings sets the overlap columns of the calls to one callee likewise: where those are
// restored, they are as alike as usual.
func (s *search) settleSiblings(a restored) {
	for i, p := range slices.Backward(s.r.rpcs) {
		site := &s.d.sites[i]
		for j, c := range p.calls {
			x, ok := s.column[feature.Key{Kind: feature.Overlap, Edge: c.edge}]
			to := site.overlapping(j).alike
			if !ok || a.lambda[p.key.Service] || !(to < alikeBelow*site.now.self[j]) {
				continue
			}
			if s.latencyOf(a.do, c.node(), site.now.each[j]) < alikeBelow*site.now.each[j] {
				a.do.X[x] = math.Log(to)
			}
		}
	}
}

// overlap is an overlap column that follows from the latencies of calls.
type overlap struct {
	service identity.Service // that calls
	column  int
	site    *site
	calls   []call
	counts  []int // per call the column with how many there are, -1 where there is none
}

// newOverlaps returns the overlaps that interventions may change, inner before outer.
// Never nil.
func (s *search) newOverlaps() []overlap {
	out := []overlap{}
	for i, p := range slices.Backward(s.r.rpcs) {
		site := &s.d.sites[i]
		if !site.parallel() || !site.changed() {
			continue
		}
		x, ok := s.column[feature.Key{Kind: feature.Overlap, Edge: identity.Edge{Callee: p.key}}]
		if !ok {
			continue
		}
		o := overlap{service: p.key.Service, column: x, site: site, calls: p.calls}
		for _, c := range p.calls {
			k, ok := s.column[feature.Key{Kind: feature.Calls, Edge: c.edge}]
			if !ok {
				k = -1
			}
			o.counts = append(o.counts, k)
		}
		out = append(out, o)
	}
	return out
}

// parallel reports whether calls of the site run, or ran, at the same time.
func (s *site) parallel() bool { return math.Min(s.lambda, s.lambdaNow) < 0.95 }

// changed reports whether latencies of the site's calls, their number or their
// overlap differ by a tenth from what is usual.
func (s *site) changed() bool {
	differs := func(now, usual float64) bool { return math.Abs(now-usual) > 0.1*usual }
	for i := range s.now.n {
		if differs(s.now.each[i], s.usual.each[i]) || differs(s.now.n[i], s.usual.n[i]) || differs(s.now.self[i], s.usual.self[i]) {
			return true
		}
	}
	return math.Abs(s.lambdaNow-s.lambda) > 0.05
}

// latencyOf returns the mean latency of a node in a counterfactual, or otherwise
// where the model does not say.
func (s *search) latencyOf(do gvae.Intervention, node int, otherwise float64) float64 {
	if node < 0 {
		return otherwise
	}
	draws := s.ev.Counterfactual(do, node, overlapSamples, s.source())
	means := make([]float64, 0, overlapSamples)
	for i := 0; i+feature.D <= len(draws); i += feature.D {
		var q [feature.D]float64
		for d := range q {
			q[d] = math.Exp(draws[i+d])
		}
		if m := meanOf(q); !math.IsNaN(m) {
			means = append(means, m)
		}
	}
	if len(means) == 0 {
		return otherwise
	}
	slices.Sort(means)
	return rank(means, 0.5)
}
