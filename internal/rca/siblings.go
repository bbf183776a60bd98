package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// Siblings are the calls of one request to one callee. The share of their time that it waits
// for them, union over sum, says how they overlap only where they are alike: of k calls at once
// it is 1/k, and near 1 where one of them, another one each time, takes far longer than the
// others. Of independent ones that all start at once it is
//
//	e = E[max of k] / (k E[one])
//
// and of those of which a share lambda follows another, e + lambda (1 - e).

// maxSiblings bounds k.
const maxSiblings = 16

// siblings is how many calls a request makes to a callee, of those it makes n to on average.
func siblings(n float64) int {
	if !(n >= 1) {
		return 1
	}
	return int(math.Min(math.Round(n), maxSiblings))
}

// unequal is e of k calls, of which the feature quantiles are known.
func unequal(k int, q [feature.D]float64) float64 {
	of := func(int) (float64, [feature.D]float64) { return meanOf(q), q }
	one := slowest(1, of)
	if k <= 1 || !(one > 0) {
		return 1
	}
	return math.Min(1, slowest(k, of)/(float64(k)*one))
}

// unequalCalls is e of k calls as those of a window were, 0 where these are not known.
func unequalCalls(k int, e *window.Edge) float64 {
	if e == nil || e.Client == nil || !(e.Client.Count() > 0) || !(e.Client.Sum() > 0) {
		return 0
	}
	sum := 0.0
	for i := range 2 * grains { // E[max] is the mean of quantile v^(1/k) over all v
		sum += e.Client.Quantile(math.Pow((float64(i)+0.5)/(2*grains), 1/float64(k)))
	}
	return math.Min(1, sum/(2*grains)*e.Client.Count()/(float64(k)*e.Client.Sum()))
}

// following is the share of siblings that follow each other where a request waits for a share
// self of their time, and would for a share e if none did.
func following(self, e float64) float64 {
	if e >= 1 {
		return 1
	}
	return math.Min(1, math.Max(0, (self-e)/(1-e)))
}

// overlapping are the shares of their time that the calls to one callee would make a request
// wait.
type overlapping struct {
	asUsual float64 // those of now, overlapping as they usually do: at least what is usual
	alike   float64 // those of usual times, overlapping as they do now: at most what is now
}

// newOverlapping compares how n calls to a callee overlap now with how they usually do.
func newOverlapping(n float64, latency shift, e *window.Edge, now, usual float64) overlapping {
	k := siblings(n)
	before, after := unequal(k, latency.usual), math.Max(unequal(k, latency.now), unequalCalls(k, e))
	o := overlapping{asUsual: usual, alike: now}
	if lambda := following(usual, before); k > 1 && latency.known {
		o.asUsual = math.Max(usual, after+lambda*(1-after))
	}
	if lambda := following(now, after); k > 1 && latency.known {
		o.alike = math.Min(now, math.Max(before+lambda*(1-before), math.Min(usual, now)))
	}
	return o
}

// overlapping is how the calls to callee i overlap.
func (s *site) overlapping(i int) overlapping {
	if i < len(s.overlaps) {
		return s.overlaps[i]
	}
	return overlapping{s.usual.self[i], s.now.self[i]}
}
