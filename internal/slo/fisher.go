package slo

import "math"

// unlikely is how likely it is that so many of those that exceed a limit are among the later windows,
// where a of the n before do and b of the m later ones: if all of them come in any order,
//
//	P(X >= b),  X ~ Hypergeometric(n + m, a + b, m)
//
// which is Fisher's exact test.
func unlikely(a, n, b, m int) float64 {
	p := 0.0
	for x := b; x <= min(a+b, m); x++ {
		p += math.Exp(logChoose(m, x) + logChoose(n, a+b-x) - logChoose(n+m, a+b))
	}
	return p
}

// logChoose is the logarithm of the number of ways to choose k of n.
func logChoose(n, k int) float64 {
	if k < 0 || k > n {
		return math.Inf(-1)
	}
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// exceeding is the number of values above a limit.
func exceeding(values []float64, limit float64) int {
	n := 0
	for _, v := range values {
		if exceeds(v, limit) {
			n++
		}
	}
	return n
}
