package rca

import (
	"slices"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
)

// minEffect is the share of a culprit's effect that one of its features must have
// alone to be the resource.
const minEffect = 0.5

// choice is the resource within a culprit: a part (a span feature or a node's own
// time), a metric, or, with both nil, the latent.
type choice struct {
	part   *part
	metric *movedMetric
}

// resource is level 2: it restores one feature of a culprit at a time, the other
// culprits being normal, and takes what removes most of the culprit's effect.
//
//   - A way of calling (extra calls, lost parallelism) that left its normal range,
//     makes up half of the culprit's excess and has half of its effect.
//   - Of the metrics that left their normal range, the one with the largest effect,
//     where that is at least half. A model that was fitted to healthy windows cannot
//     know what a metric does outside of their range, so where none has, the one
//     that deviates most.
//   - Otherwise a way of calling that makes up part of the culprit's excess, and
//     failing that the latent: no monitored resource explains it.
func (s *search) resource(f found, c int, u *suspect, moved []movedMetric) choice {
	others := s.restore(without(f.set, c))
	base := s.outcome(others.clone(), 0).median
	effect := base - s.outcome(s.restore(f.set), 0).median
	share := func(change func(*restored)) float64 {
		a := others.clone()
		change(&a)
		if effect <= 0 {
			return 0
		}
		return (base - s.outcome(a, 0).median) / effect
	}

	var best choice
	most := minEffect
	if p := u.way(clearWay); p != nil {
		if change := s.undo(p); change == nil || share(change) >= minEffect {
			return choice{part: p}
		}
	}
	for i := range moved {
		x, ok := s.column[moved[i].key]
		if !ok || !slices.Contains(s.layout.XOf[c], x) {
			continue
		}
		if e := share(func(a *restored) { s.setNormal(&a.do, x) }); e >= most {
			best.metric, most = &moved[i], e
		}
	}
	if best.metric == nil && len(moved) > 0 {
		best.metric = &moved[0]
	}
	if best.metric == nil {
		best.part = u.way(minWay)
	}
	return best
}

// undo returns what restores a way of calling alone; nil where the part is none
// or the model has no column for it.
func (s *search) undo(p *part) func(*restored) {
	switch p.metric {
	case CallsMetric:
		x, ok := s.column[feature.Key{Kind: feature.Calls, Edge: p.edge}]
		if !ok {
			return nil
		}
		return func(a *restored) { s.setNormal(&a.do, x) }
	case OverlapMetric:
		if p.edge != (identity.Edge{}) {
			x, ok := s.column[feature.Key{Kind: feature.Overlap, Edge: p.edge}]
			if !ok {
				return nil
			}
			return func(a *restored) { s.setNormal(&a.do, x) }
		}
		if _, ok := s.column[feature.Key{Kind: feature.Overlap, Edge: identity.Edge{Callee: p.rpc}}]; !ok {
			return nil
		}
		return func(a *restored) { a.lambda[p.rpc.Service] = true }
	}
	return nil
}

var _ evidence = (*gvae.Evidence)(nil)
