package sketch

import "math"

// Value is a duration with its weight, made ready for several sketches.
type Value struct {
	ns     float64
	weight float64
	index  int // bucket, where ns > 0
}

// ValueOf returns a duration of ns nanoseconds with a weight, which must be
// positive and finite: it panics otherwise. A negative duration counts as zero.
func ValueOf(ns int64, weight float64) Value {
	if !(weight > 0 && weight <= math.MaxFloat64) {
		panic("sketch: weight must be positive and finite")
	}
	if ns <= 0 {
		return Value{weight: weight}
	}
	return Value{ns: float64(ns), weight: weight, index: indexOf(uint64(ns))}
}

// Put counts v.
func (s *Sketch) Put(v Value) {
	s.total += v.weight
	if v.ns == 0 {
		s.zero += v.weight
		return
	}
	j := v.index - s.offset
	if uint(j) >= uint(len(s.counts)) {
		s.cover(v.index, v.index)
		j = v.index - s.offset
	}
	s.counts[j] += v.weight
	s.sum += v.weight * v.ns
	if v.ns > s.max {
		s.max = v.ns
	}
}

// Add counts a duration of ns nanoseconds with a weight, as ValueOf has it.
func (s *Sketch) Add(ns int64, weight float64) { s.Put(ValueOf(ns, weight)) }

// Reset empties s and keeps its memory.
func (s *Sketch) Reset() { *s = Sketch{counts: s.counts[:0]} }
