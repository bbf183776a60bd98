package slo

import "math"

// chanceSpreads is k, the number of standard deviations that two of three windows hardly ever
// exceed by chance: one does in 2 of 10,000.
const chanceSpreads = 3.5

// learnTypical learns the threshold of a median anew, of the windows in Usual and of
// Baseline, and how many requests are usually above it.
//
// The spread of the windows' medians is known poorly of a few windows. What a median
// of n requests scatters by also follows from the requests around it, of which there
// are many: see beyondChance. Where an operation has two kinds of requests, about as
// many of each, hardly any take as long as the median, which falls anywhere between.
func (t *track) learnTypical(cfg Config) {
	o := &t.Objective
	limit := learned(t.Baseline, cfg.Learn.Median, medianSpreads)
	usual := t.Usual.latency
	n := (usual.Count() - t.Usual.unseen) / float64(t.Learned)
	o.Threshold = follow(o.Threshold, max(limit, usual.Quantile(beyondChance(n))/1e9))
	t.Above = usual.FractionAbove(float64(o.Threshold))
	t.Usual = sparse{}
}

// beyondChance returns the quantile of all requests that the median of n of them hardly
// ever exceeds: with
//
//	p = 1/2 - k / (2 sqrt(n + k^2)),  k = chanceSpreads
//
// of all above it, n/2 of n are k standard deviations more than n p, as
// n p + k sqrt(n p (1 - p)) = n/2. It is a bound of Wilson's interval around 1/2.
//
// See Wilson, Probable Inference, the Law of Succession, and Statistical Inference,
// JASA 22 (1927).
func beyondChance(n float64) float64 {
	return 0.5 + chanceSpreads/(2*math.Sqrt(max(n, 1)+chanceSpreads*chanceSpreads))
}

// surelyTypical reports whether of n requests more are above the threshold of a median
// than chance explains, where a share of Above usually is.
func (t *track) surelyTypical(bad, n float64) bool {
	return bad >= n*t.Above+chanceSpreads*math.Sqrt(n*t.Above*(1-t.Above))
}
