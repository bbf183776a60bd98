package slo

import "slices"

// Rules of windows that are not learned of: so many before them at least, and of them.
const (
	leastBefore = 8
	leastLater  = 3
)

// later returns how many of the last windows of the first baseline are another regime than those
// before: each of them exceeds what is learned of those before, none of which does. An objective
// that is learned in the midst of a fault would tolerate it. A system that becomes slower by as much
// right after the start, for good, is told of like a fault. It is 0 where there is one regime, and
// once a threshold is learned, which windows of a fault violate.
func (t *track) later(cfg Config, typical bool) int {
	if t.Objective.Limit() > 0 {
		return 0
	}
	for n := leastBefore; n <= len(t.Baseline)-leastLater; n++ {
		if limit := t.limitOf(cfg, t.Baseline[:n], typical); slices.Max(t.Baseline[:n]) <= limit && slices.Min(t.Baseline[n:]) > limit {
			return len(t.Baseline) - n
		}
	}
	return 0
}

// limitOf is what is learned of a baseline alone, in its units.
func (t *track) limitOf(cfg Config, baseline []float64, typical bool) float64 {
	switch {
	case t.Objective.Indicator == Errors:
		return tolerate(0, learned(baseline, cfg.Learn.Headroom, tailSpreads), cfg.Learn.least(len(cfg.Burn) > 0))
	case typical:
		return learned(baseline, cfg.Learn.Median, medianSpreads)
	default:
		return learned(baseline, cfg.Learn.Headroom, tailSpreads)
	}
}
