package slo

import (
	"math"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/identity"
)

const (
	maxBaseline = 120 // healthy windows that make the baseline
	maxStep     = 0.2 // share by which a learned threshold moves at a time
	// How many spreads above what is usual is unusual: of tails, which have long tails
	// themselves, and of medians, which are nearly normal.
	tailSpreads, medianSpreads = 6, 4
)

// healthy adds what a healthy window shows to the baseline, and learns the
// threshold of a learned objective anew after every Windows of them: never
// while the objective fires, and by at most a fifth at a time, so that a slow
// drift is followed and a slow fault is not.
//
// The first time it is not learned of windows of which the later ones were a fault, see regime.
func (t *track) healthy(cfg Config, start, end int64, o Observation, observed float64) {
	t.Baseline = append(t.Baseline, observed)
	if n := len(t.Baseline); n > maxBaseline {
		t.Baseline = slices.Delete(t.Baseline, 0, n-maxBaseline)
	}
	if !t.Objective.Learned {
		return
	}
	typical := t.Objective.Quantile == Typical && cfg.Learn.Quantile != Typical
	if typical {
		t.Usual.merge(o)
	}
	if t.Learned++; t.Learned < cfg.Learn.Windows {
		return
	}
	if later := t.later(cfg, typical); later > 0 {
		cut := t.Baseline[len(t.Baseline)-later:]
		t.Baseline = t.Baseline[:len(t.Baseline)-later]
		if typical { // whose requests are all together: learned of others, once there are some
			t.Learned, t.Usual = 0, sparse{}
			return
		}
		t.Stepped = start - int64(later-1)*(end-start)
		defer t.recall(cfg, cut, end-start)
	}
	switch o := &t.Objective; {
	case o.Indicator == Errors:
		o.Target = 1 - tolerate(o.Budget(), learned(t.Baseline, cfg.Learn.Headroom, tailSpreads), cfg.Learn.least(len(cfg.Burn) > 0))
	case typical:
		t.learnTypical(cfg)
	default:
		o.Threshold = follow(o.Threshold, learned(t.Baseline, cfg.Learn.Headroom, tailSpreads))
	}
	t.Learned = 0
}

// objectives returns what is learned of an operation, while nothing is known of it yet.
func (l LearnConfig) objectives(rpc identity.RPC, burn bool) []Objective {
	tail := l.tail(rpc)
	out := []Objective{tail}
	if l.Median > 0 && l.Quantile != Typical && !burn {
		median := tail
		median.Name += ":p50"
		median.Quantile, median.Target = Typical, Typical
		out = append(out, median)
	}
	if l.Errors > 0 {
		out = append(out, l.errors(rpc))
	}
	return out
}

// tail is the learned objective of the tail of an operation.
func (l LearnConfig) tail(rpc identity.RPC) Objective {
	return Objective{
		Name:    "auto:" + rpc.Service.String() + ":" + rpc.Operation,
		Service: rpc.Service, Operation: rpc.Operation,
		Quantile: l.Quantile, Target: l.Quantile, Learned: true,
	}
}

// errors is the learned objective of its failures.
func (l LearnConfig) errors(rpc identity.RPC) Objective {
	o := l.tail(rpc)
	o.Name += ":errors"
	o.Indicator, o.Quantile, o.Target = Errors, errorsQuantile, 1
	return o
}

// least is the smallest share of failed requests that is not tolerated. A rule of burn
// rates asks for many times the budget, which is that of the tail then.
func (l LearnConfig) least(burn bool) float64 {
	if burn {
		return min(l.Errors, 1-l.Quantile)
	}
	return l.Errors
}

// maxTolerated is the largest share of failed requests that is tolerated: an operation that
// mostly fails is normal only in that it does so.
const maxTolerated = 0.99

// tolerate returns the share of failed requests that is tolerated for what is suggested,
// rounded up to a thousandth, no less than least, and no further from the one before than
// maxStep.
func tolerate(before, share, least float64) float64 {
	share = max(least, math.Ceil(share*1e3-rounding)/1e3)
	if before > 0 {
		share = min(max(share, (1-maxStep)*before), (1+maxStep)*before)
	}
	return min(max(share, least), maxTolerated)
}

// maxChance is how many bad requests beyond the usual number one window may have by chance.
const maxChance = 3

// surely reports whether a learned objective is exceeded by more bad requests than chance
// explains. Of n requests n p are bad usually, and hardly ever 3 more than that above a
// tail's threshold, of which p is 1 - q: the p99 of twenty requests is the longest of them.
// Of a median p is the share of the requests of healthy windows above its threshold, see
// surelyTypical. Of failures p is the mean of the baseline, and it may be 3 + 4 sqrt(n p)
// more: a few windows of no failures do not say that there never are any.
func (t *track) surely(bad, n float64) bool {
	o := t.Objective
	switch {
	case !o.Learned:
		return true
	case o.Indicator == Latency && o.Quantile == Typical:
		return t.surelyTypical(bad, n)
	case o.Indicator == Latency:
		return bad >= n*(1-o.Quantile)+maxChance
	}
	usual := 0.0
	for _, share := range t.Baseline {
		usual += n * share / float64(len(t.Baseline))
	}
	return bad >= usual+maxChance+4*math.Sqrt(usual)
}

// learned returns the limit that healthy windows suggest, in seconds or as a share:
//
//	max(headroom m, m + k s),  m = median, s = IQR/1.349
//
// where s is the standard deviation of a normal distribution of that interquartile
// range, and k the number of spreads: what is noisy by itself gets more room.
// See docs/math.md, 26.
func learned(baseline []float64, headroom, spreads float64) float64 {
	s := slices.Sorted(slices.Values(baseline))
	m := at(s, 0.5)
	spread := (at(s, 0.75) - at(s, 0.25)) / 1.349
	return max(headroom*m, m+spreads*spread)
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
