package feature

import (
	"math"
	"math/bits"
	"sort"

	"github.com/sage-rca/sage/internal/nn"
)

// parts is into how many ranges of equal width an order divides its values: of some
// thousand of them a few dozen share one.
const parts = 512

// probes is of about how many values an order takes the range that it divides.
const probes = 128

// order finds quantiles of many values in linear time: it counts how many of them lie in
// each part of their range, brings those of the parts together in which the order
// statistics in question are, and compares values with each other in these alone.
//
// It works on the bits of the values, which are whole numbers of the same order. The range
// is that of some of the values; those outside belong to the first or the last part, so
// that parts are in order whatever the range is.
type order struct {
	keys   []uint32
	part   []uint16 // of each key
	sorted []uint32 // those of wanted parts, by part
	same   bool     // all are low, and belong to no part
	low    int64
	shift  int
	ends   [parts]int32 // how many values are in this part and those before
	wanted [parts]bool
	place  [parts]int32 // of wanted parts the end in sorted
	// Memory of quick, here since it would escape.
	inside []float32
	pivots nn.Pivots
	below  [2 * len(quartiles)]int32
}

// take takes the values of a ring that are not NaN and lie in some runs.
func (o *order) take(ring []float32, rows []run) {
	n := 0
	for _, r := range rows {
		n += r.to - r.from
	}
	if cap(o.keys) < n {
		o.keys, o.part, o.sorted = make([]uint32, n), make([]uint16, n), make([]uint32, n)
	}
	o.probe(ring, rows, n)
	if o.same {
		if at, ok := o.constant(ring, rows); ok {
			o.keys = o.keys[:at]
			return
		}
		o.same = false
	}
	o.ends, o.wanted = [parts]int32{}, [parts]bool{}
	keys, part, at := o.keys[:n], o.part[:n], 0
	low, shift := o.low, o.shift&31
	for _, r := range rows {
		for _, v := range ring[r.from:r.to] {
			if v != v {
				continue
			}
			key := keyOf(v)
			p := min(max(int64(key)-low, 0)>>shift, parts-1)
			keys[at], part[at] = key, uint16(p)
			o.ends[p%parts]++
			at++
		}
	}
	o.keys, o.part = keys[:at], part[:at]
	sum := int32(0)
	for p, n := range o.ends {
		sum += n
		o.ends[p] = sum
	}
}

// probe sets the range that is divided, by every so many of n values.
func (o *order) probe(ring []float32, rows []run, n int) {
	low, high := uint32(math.MaxUint32), uint32(0)
	step := max(1, n/probes)
	for _, r := range rows {
		for i := r.from; i < r.to; i += step {
			if v := ring[i]; v == v {
				key := keyOf(v)
				low, high = min(low, key), max(high, key)
			}
		}
	}
	low = min(low, high) // where there are none
	o.same, o.low, o.shift = low == high, int64(low), max(0, bits.Len32(high-low)-bits.Len32(parts-1))
}

// constant counts the values, and reports whether all of them are low. Many columns are as
// good as constant, like shares of requests that fail.
func (o *order) constant(ring []float32, rows []run) (n int, ok bool) {
	low := uint32(o.low)
	for _, r := range rows {
		for _, v := range ring[r.from:r.to] {
			if v != v {
				continue
			}
			if keyOf(v) != low {
				return 0, false
			}
			n++
		}
	}
	return n, true
}

// describe is Describe of the values.
func (o *order) describe(k Kind) Robust {
	if len(o.keys) == 0 {
		return Robust{Median: math.NaN(), Spread: math.NaN()}
	}
	o.want(quartiles[:]...)
	return robust(k, o.quantile(quartiles[0]), o.quantile(quartiles[1]), o.quantile(quartiles[2]), len(o.keys))
}

// want brings together the values of the parts that some quantiles lie in.
func (o *order) want(quantiles ...float64) {
	if o.same {
		return
	}
	at := int32(0)
	for _, q := range quantiles {
		i := int(q * float64(len(o.keys)-1))
		for _, rank := range [...]int{i, min(i+1, len(o.keys)-1)} {
			if p := o.partOf(rank); !o.wanted[p] {
				o.wanted[p], o.place[p] = true, at
				at += o.ends[p] - o.first(p)
			}
		}
	}
	for i, p := range o.part {
		if o.wanted[p%parts] {
			o.sorted[o.place[p]] = o.keys[i]
			o.place[p]++
		}
	}
}

// quantile interpolates linearly between the order statistics, as the function of the
// same name. It must be wanted.
func (o *order) quantile(q float64) float64 {
	at := q * float64(len(o.keys)-1)
	i := int(at)
	low := o.rank(i)
	if i+1 == len(o.keys) {
		return low
	}
	return low + (at-float64(i))*(o.rank(i+1)-low)
}

// rank returns the value of a rank, from 0, in a part that is wanted.
func (o *order) rank(i int) float64 {
	if o.same {
		return float64(valueOf(uint32(o.low)))
	}
	p := o.partOf(i)
	values, n := o.values(p), i-int(o.first(p))
	if alike(values) { // nth would exchange them with each other
		return float64(valueOf(values[0]))
	}
	return float64(valueOf(nth(values, n)))
}

// alike reports whether values are one value over and over again.
func alike(values []uint32) bool {
	for _, v := range values {
		if v != values[0] {
			return false
		}
	}
	return true
}

// partOf returns the part that the value of rank i, from 0, is in.
func (o *order) partOf(i int) int {
	return sort.Search(parts-1, func(p int) bool { return int(o.ends[p]) > i })
}

// first returns the rank of the first value of a part.
func (o *order) first(p int) int32 {
	if p == 0 {
		return 0
	}
	return o.ends[p-1]
}

// values returns the values of a part that is wanted.
func (o *order) values(p int) []uint32 {
	return o.sorted[o.place[p]-(o.ends[p]-o.first(p)) : o.place[p]]
}

// keyOf returns a number that is greater for greater values: with the sign bit set
// positive ones lie above negative ones, and of these, whose magnitude it is that grows
// with the bits, all are inverted.
func keyOf(v float32) uint32 {
	b := math.Float32bits(v)
	return b ^ (uint32(int32(b)>>31) | 1<<31)
}

// valueOf is the inverse of keyOf.
func valueOf(key uint32) float32 {
	return math.Float32frombits(key ^ (^uint32(int32(key)>>31) | 1<<31))
}
