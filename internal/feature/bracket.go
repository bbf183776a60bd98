package feature

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/nn"
)

// quartiles are the quantiles that describe.
var quartiles = [...]float64{0.25, 0.5, 0.75}

// bracket is where a quartile was: in [low, high), with some values more on each side of
// it.
type bracket struct{ low, high float32 }

// everything is the bracket of all values, which are finite.
var everything = bracket{float32(math.Inf(-1)), float32(math.Inf(1))}

// brackets are where the quartiles of a column were when it was described last. They are a
// hint, not a result: a window later, with one value more and one less, they hold still, and
// counting says so. The zero value holds nothing.
type brackets [len(quartiles)]bracket

// margin is how many of n values a bracket has at least on each side of its quartile. A day
// has 2,880 windows: quartiles of so many values move by some dozens of ranks in hours.
func margin(n int) int { return 4 + n/100 }

// quick is Describe of the values of a ring that lie in some runs, by kernels that go over
// them a few times without a branch for each: they count where the quartiles are, and
// compare with each other the few values that are near them. It looks where the quartiles
// were, and notes where they are.
func (o *order) quick(k Kind, b *brackets, ring []float32, rows []run) Robust {
	n := o.count(b, ring, rows)
	if n == 0 {
		return Robust{Median: math.NaN(), Spread: math.NaN()}
	}
	below := o.below // which is used again
	var found [len(quartiles)]float64
	for j, q := range quartiles {
		at := q * float64(n-1)
		i, before, upTo := int(at), int(below[2*j]), int(below[2*j+1])
		if i < before || min(i+1, n-1) >= upTo {
			b[j], before = everything, 0
		}
		found[j] = o.between(&b[j], ring, rows, i-before, at-float64(i), margin(n))
	}
	return robust(k, found[0], found[1], found[2], n)
}

// count counts what is below the ends of brackets, and returns how many values there are.
func (o *order) count(b *brackets, ring []float32, rows []run) (n int) {
	o.pivots, o.below = nn.Pivots{b[0].low, b[0].high, b[1].low, b[1].high, b[2].low, b[2].high}, [len(o.below)]int32{}
	all := 0
	for _, r := range rows {
		n += nn.Below(ring[r.from:r.to], &o.pivots, &o.below)
		all += r.to - r.from
	}
	if len(o.inside) < all+nn.Room {
		o.inside = make([]float32, all+nn.Room)
	}
	return n
}

// between interpolates between the values of ranks i and i+1 of those in a bracket: share of
// the way. Where there is no other the last is taken for itself.
func (o *order) between(b *bracket, ring []float32, rows []run, i int, share float64, margin int) float64 {
	if b.high == above(b.low) {
		return float64(b.low)
	}
	n := 0
	for _, r := range rows {
		n += nn.Between(o.inside[n:], ring[r.from:r.to], b.low, b.high)
	}
	for turn := uint32(0); n > fewValues && turn < mostTurns; turn++ {
		next, before, left := o.narrow(n, i, turn, margin, b)
		if next.high == above(next.low) {
			*b = next
			return float64(next.low)
		}
		if 4*left > 3*n { // an unlucky choice
			continue
		}
		n, i = nn.Between(o.inside, o.inside[:n], next.low, next.high), i-before
	}
	if i+1 == n {
		return float64(nth(o.inside[:n], i))
	}
	if n > fewValues {
		low := float64(nth(o.inside[:n], i))
		return low + share*(float64(slices.Min(o.inside[i+1:n]))-low)
	}
	low, next := nn.Ranked(o.inside, n, i)
	return float64(low) + share*(float64(next)-float64(low))
}

const (
	fewValues = 64 // each of which can be compared with all
	mostTurns = 12 // of narrowing; then values are sorted out, whatever they are
)

// narrow returns a smaller bracket of ranks i and i+1 of the first n values inside, how many
// of them are before it, and how many in it. The bracket with a margin is narrowed as well.
//
// It compares with some of the values, those among them that are about as far in order.
// Which, depends on the turn; they do not lie at equal steps, since what a system does may
// come back every so many windows.
func (o *order) narrow(n, i int, turn uint32, margin int, wide *bracket) (b bracket, before, left int) {
	var some [11]float32
	for k := range some {
		place := (turn*uint32(len(some)) + uint32(k)) * 0x9e3779b1 // by the golden section
		some[k] = o.inside[uint64(place)*uint64(n)>>32]
	}
	slices.Sort(some[:])
	t := min(max((i*len(some)+n/2)/n, 2), len(some)-3)
	o.pivots, o.below = nn.Pivots{some[t-2], some[t-1], some[t], above(some[t]), some[t+1], some[t+2]}, [len(o.below)]int32{}
	nn.Below(o.inside[:n], &o.pivots, &o.below)
	b, left = everything, n
	for k, c := range o.below {
		c, pivot := int(c), o.pivots[k]
		if c <= i {
			b.low, before = max(b.low, pivot), max(before, c)
		} else if c > min(i+1, n-1) {
			b.high, left = min(b.high, pivot), min(left, c)
		}
		if c <= i-margin {
			wide.low = max(wide.low, pivot)
		} else if c >= i+2+margin {
			wide.high = min(wide.high, pivot)
		}
	}
	return b, before, left - before
}

// above returns the next value above v.
func above(v float32) float32 { return valueOf(keyOf(v) + 1) }
