package sketch

import "math"

// Quantile returns the q-quantile in nanoseconds, the least value v such that
// at least q of the weight lies at or below v, and NaN where the sketch (or s)
// is empty or nil. It is at most 1.1 % off, never above the largest value seen,
// and does not decrease with q. It panics unless q is in [0, 1].
//
// The value returned for a bucket is the one that bounds the relative error,
// the harmonic mean of its boundaries, and the largest value seen for q = 1.
func (s *Sketch) Quantile(q float64) float64 {
	if !(q >= 0 && q <= 1) {
		panic("sketch: quantile must be in [0, 1]")
	}
	if s == nil || s.total == 0 {
		return math.NaN()
	}
	if q == 1 {
		return s.max
	}
	rank := q * s.total
	seen := s.zero
	if seen > 0 && seen >= rank {
		return 0
	}
	last := 0.0 // of a bucket with weight: the answer where rounding leaves rank above all
	for i, c := range s.counts {
		if c == 0 {
			continue
		}
		last = s.value(s.offset + i)
		if seen += c; seen >= rank {
			break
		}
	}
	return last
}

// value returns what stands for the values in bucket i: 2ab/(a+b) for (a, b].
func (s *Sketch) value(i int) float64 {
	a, b := lower(i), lower(i+1)
	return min(2*a/(a+b)*b, s.max)
}

// FractionAbove returns the share of the weight that lies above ns
// nanoseconds, interpolating inside the bucket that holds ns; NaN where empty,
// or where ns is NaN. It does not increase with ns.
func (s *Sketch) FractionAbove(ns float64) float64 {
	switch {
	case s == nil || s.total == 0 || math.IsNaN(ns):
		return math.NaN()
	case ns < 0:
		return 1
	case ns >= s.max:
		return 0
	}
	above := 0.0
	at := math.MinInt
	if ns > 0 {
		at = indexOfFloat(ns)
	}
	for i := len(s.counts) - 1; i >= 0; i-- {
		b := s.offset + i
		if b < at {
			break
		}
		if b > at {
			above += s.counts[i]
			continue
		}
		low, high := lower(b), min(lower(b+1), s.max)
		if high > low {
			above += s.counts[i] * min(1, max(0, (high-ns)/(high-low)))
		}
	}
	return min(1, above/s.total)
}
