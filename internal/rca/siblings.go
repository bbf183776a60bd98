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
// and of those of which a share lambda follows another, e + lambda (1 - e). A balancer that deals
// them out in turn sends two of one request never to the same replica: where one of k is slow,
// each request has just one slow call, and e is 1. Whatever is dealt out, it is at most
//
//	e' = E[one | it is among the slowest 1/k] / (k E[one]),  as E[max] <= E[slowest k-th]
//
// which holds where calls have become less alike than they usually are.

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

// lessAlike is by how many times e' of calls must exceed the usual one where who answers them
// may have been dealt out.
const lessAlike = 1.05

// dealt is e' of k calls, of which quantile gives the quantiles and mean the mean.
func dealt(k int, mean float64, quantile func(float64) float64) float64 {
	if k <= 1 || !(mean > 0) || math.IsInf(mean, 0) {
		return 1
	}
	sum := 0.0
	for i := range grains {
		sum += quantile(1 - (float64(i)+0.5)/float64(grains*k))
	}
	return math.Min(1, sum/grains/(float64(k)*mean))
}

// dealtOut is e' of k calls as those of a window were, or, where these are not known, as their
// feature quantiles say.
func dealtOut(k int, q [feature.D]float64, e *window.Edge) float64 {
	if e == nil || e.Client == nil || !(e.Client.Count() > 0) || !(e.Client.Sum() > 0) {
		return dealt(k, meanOf(q), func(p float64) float64 { return between(q, p) })
	}
	return dealt(k, e.Client.Sum()/e.Client.Count(), e.Client.Quantile)
}

// following is the share of siblings that follow each other where a request waits for a share
// self of their time, and would for a share e if none did.
func following(self, e float64) float64 {
	switch {
	case self <= chainSlack*e: // of sketches
		return 0
	case e >= 1:
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
	if e := dealtOut(k, latency.now, e); e > lessAlike*dealtOut(k, latency.usual, nil) {
		after = math.Max(after, e)
	}
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
