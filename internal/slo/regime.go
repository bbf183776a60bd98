package slo

// Rules of windows that are not learned of: so many before them at least, and of them.
const (
	leastBefore = 8
	leastLater  = 3
)

// unlikelyRegime is the probability below which it is no chance that so many windows that exceed
// what the others suggest are the later ones.
const unlikelyRegime = 1e-3

// later returns how many of the last windows of the first baseline are another regime than those
// before: each of them exceeds what is learned of those before, none of which does, or most of them
// do and so many are no chance (unlikely). An objective
// that is learned in the midst of a fault would tolerate it. A system that becomes slower by as much
// right after the start, for good, is told of like a fault. It is 0 where there is one regime, and
// once a threshold is learned, which windows of a fault violate.
func (t *track) later(cfg Config, typical bool) int {
	if t.Objective.Limit() > 0 {
		return 0
	}
	all, least := 0, 1.0 // windows of the later regime, and how likely the least likely is
	for n := leastBefore; n <= len(t.Baseline)-leastLater; n++ {
		limit := t.limitOf(cfg, t.Baseline[:n], typical)
		before, after := exceeding(t.Baseline[:n], limit), exceeding(t.Baseline[n:], limit)
		later := len(t.Baseline) - n
		if before == 0 && after == later {
			return later
		}
		if p := unlikely(before, n, after, later); 2*after > later && p < min(unlikelyRegime, least) && !typical {
			all, least = later, p
		}
	}
	return all
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
