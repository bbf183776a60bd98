// Package sketch summarises durations in mergeable histograms of bounded
// relative error.
//
// Bucket boundaries are those of the OTLP exponential histogram at scale 5:
// bucket i holds values in (b^i, b^(i+1)] with b = 2^(1/32), so that a quantile
// is off by at most (b-1)/(b+1), about 1.1 %, and a sketch converts to an OTLP
// data point without loss. Merging adds counts, so the order of merging does
// not matter (exactly so while weights are integers and their sums below 2^53).
//
// Durations are int64 nanoseconds, which bounds a sketch at 65 octaves of 32
// buckets, 16 KiB; one service's durations span ten octaves or so, 2.5 KiB.
package sketch

// Scale is the OTLP exponential histogram scale of every sketch.
const Scale = 5

// Sketch is a weighted histogram of durations in nanoseconds. The zero value is
// empty and ready to use. A Sketch is not safe for concurrent use.
//
// Equal values in whatever order leave equal sketches: counts covers whole
// octaves, from the lowest to the highest that holds a value.
type Sketch struct {
	offset int       // index of counts[0]
	counts []float64 // weight per bucket
	zero   float64   // weight of values <= 0
	total  float64
	sum    float64
	max    float64
}

// Merge adds all of o to s. A nil o adds nothing.
func (s *Sketch) Merge(o *Sketch) {
	if o == nil {
		return
	}
	if len(o.counts) > 0 {
		s.cover(o.offset, o.offset+len(o.counts)-1)
		for i, c := range o.counts {
			s.counts[o.offset-s.offset+i] += c
		}
	}
	s.zero += o.zero
	s.total += o.total
	s.sum += o.sum
	s.max = max(s.max, o.max)
}

// cover extends counts to the octaves that hold buckets low to high.
func (s *Sketch) cover(low, high int) {
	first, end := low&^(perOctave-1), high&^(perOctave-1)+perOctave
	if len(s.counts) > 0 {
		first, end = min(first, s.offset), max(end, s.offset+len(s.counts))
		if end-first == len(s.counts) {
			return
		}
	}
	n, at := len(s.counts), max(0, s.offset-first)
	if n == 0 {
		at = 0
	}
	counts := s.counts
	if cap(counts) >= end-first {
		counts = counts[:end-first]
	} else {
		counts = make([]float64, end-first)
	}
	copy(counts[at:at+n], s.counts)
	clear(counts[:at])
	clear(counts[at+n:])
	s.offset, s.counts = first, counts
}

// Count returns the weight of all values, 0 where s is nil.
func (s *Sketch) Count() float64 {
	if s == nil {
		return 0
	}
	return s.total
}

// Sum returns the weighted sum of all values, in nanoseconds, 0 where s is nil.
func (s *Sketch) Sum() float64 {
	if s == nil {
		return 0
	}
	return s.sum
}

// Max returns the largest value, in nanoseconds, 0 where there is none.
func (s *Sketch) Max() float64 {
	if s == nil {
		return 0
	}
	return s.max
}

// Bytes returns the memory that the weights of s take.
func (s *Sketch) Bytes() int { return 8 * cap(s.counts) }

// Buckets returns the weights as an OTLP exponential histogram of scale Scale
// holds them: counts[i] lies in bucket offset+i, and zero is the weight of the
// values that are zero. There are no empty buckets at either end. The slice is
// s's own: it is valid until s changes, and must not be written to.
func (s *Sketch) Buckets() (offset int, counts []float64, zero float64) {
	if s == nil {
		return 0, nil, 0
	}
	low, high := 0, len(s.counts)
	for low < high && s.counts[low] == 0 {
		low++
	}
	for low < high && s.counts[high-1] == 0 {
		high--
	}
	if low == high {
		return 0, nil, s.zero
	}
	return s.offset + low, s.counts[low:high], s.zero
}
