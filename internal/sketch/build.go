package sketch

import "math"

// FromBuckets returns the sketch of which Buckets, Sum and Max return what is
// given, bit for bit. Its total is the weight of zero and the buckets, added up in
// that order: the same as that of the sketch where weights are integers and their
// sum is below 2^53. The error is of what no sketch can hold.
func FromBuckets(offset int, counts []float64, zero, sum, largest float64) (*Sketch, error) {
	s := &Sketch{zero: zero, total: zero, sum: sum, max: largest}
	for _, v := range [...]float64{zero, sum, largest} {
		if !isWeight(v) {
			return nil, errEncoding
		}
	}
	for len(counts) > 0 && counts[len(counts)-1] == 0 {
		counts = counts[:len(counts)-1]
	}
	for len(counts) > 0 && counts[0] == 0 {
		offset, counts = offset+1, counts[1:]
	}
	last := offset + len(counts) - 1
	if len(counts) > 0 {
		if offset < minIndex || last > maxIndex || last < offset {
			return nil, errEncoding
		}
		s.cover(offset, last)
	}
	for i, c := range counts {
		if !isWeight(c) {
			return nil, errEncoding
		}
		s.counts[offset-s.offset+i] = c
		s.total += c
	}
	if !s.holdsMax(last) {
		return nil, errEncoding
	}
	return s, nil
}

// Integers reports whether all weights are integers below 2^53 that add up to the
// total, so that FromBuckets gives an equal sketch.
func (s *Sketch) Integers() bool {
	_, counts, zero := s.Buckets()
	sum := zero
	whole := isInteger(zero)
	for _, c := range counts {
		whole = whole && isInteger(c)
		sum += c
	}
	return whole && isInteger(sum) && sum == s.Count()
}

func isInteger(v float64) bool { return v == math.Trunc(v) && v < 1<<53 }

func isWeight(v float64) bool { return v >= 0 && v <= math.MaxFloat64 }

// holdsMax reports whether the largest value may lie in bucket last, the highest
// with weight: it may have been rounded into a neighbour.
func (s *Sketch) holdsMax(last int) bool {
	if len(s.counts) == 0 || s.max == 0 {
		return len(s.counts) == 0 && s.max == 0
	}
	at := indexOfFloat(s.max)
	return max(last-at, at-last) <= 1
}
