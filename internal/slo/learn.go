package slo

import (
	"math"
	"slices"
	"time"
)

const (
	maxBaseline = 120 // healthy windows that make the baseline
	maxStep     = 0.2 // share by which a learned threshold moves at a time
)

// healthy adds the quantile of a healthy window to the baseline, and learns the
// threshold of a learned objective anew after every Windows of them: never
// while the objective fires, and by at most a fifth at a time, so that a slow
// drift is followed and a slow fault is not.
func (t *track) healthy(cfg Config, seconds float64) {
	t.Baseline = append(t.Baseline, seconds)
	if n := len(t.Baseline); n > maxBaseline {
		t.Baseline = slices.Delete(t.Baseline, 0, n-maxBaseline)
	}
	if !t.Objective.Learned {
		return
	}
	if t.Learned++; t.Learned < cfg.Learn.Windows {
		return
	}
	t.Learned = 0
	t.Objective.Threshold = follow(t.Objective.Threshold, learned(t.Baseline, cfg.Learn.Headroom))
}

// learned returns the threshold that healthy quantiles suggest, in seconds:
//
//	max(headroom m, m + 6 s),  m = median, s = IQR/1.349
//
// where s is the standard deviation of a normal distribution of that
// interquartile range: a tail that is noisy by itself gets more room.
// See docs/math.md, 26.
func learned(baseline []float64, headroom float64) float64 {
	s := slices.Sorted(slices.Values(baseline))
	m := at(s, 0.5)
	spread := (at(s, 0.75) - at(s, 0.25)) / 1.349
	return max(headroom*m, m+6*spread)
}

// follow returns the threshold for what is suggested, in seconds, rounded up to
// two significant digits, but no further from the one before than maxStep.
func follow(before time.Duration, seconds float64) time.Duration {
	next := round2(seconds*1e9, math.Ceil)
	if before <= 0 {
		return next
	}
	low := round2((1-maxStep)*float64(before), math.Ceil)
	high := round2((1+maxStep)*float64(before), math.Floor)
	return min(max(next, low), high)
}

// round2 rounds nanoseconds to two significant digits by a rule. A fraction of a
// nanosecond is noise of the arithmetic.
func round2(ns float64, rule func(float64) float64) time.Duration {
	n := max(1, math.Round(min(ns, math.MaxInt64/2)))
	unit := 1.0
	for n/unit >= 100 {
		unit *= 10
	}
	return time.Duration(rule(n/unit) * unit)
}

// median returns NaN where there are no values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return at(slices.Sorted(slices.Values(values)), 0.5)
}

// at interpolates between the order statistics of sorted values.
func at(sorted []float64, q float64) float64 {
	x := q * float64(len(sorted)-1)
	i := int(x)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (x-float64(i))*(sorted[i+1]-sorted[i])
}
