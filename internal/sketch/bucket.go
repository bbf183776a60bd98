package sketch

import (
	"math"
	"math/bits"
)

// perOctave is the number of buckets between two powers of two.
const perOctave = 1 << Scale

// boundaries[j] = floor(2^(63 + j/32)): the lower boundary of the j-th bucket of
// an octave, for values shifted until their top bit is set. A value lies above
// a boundary of j > 0 if and only if it is greater than this integer, as the
// boundary itself is irrational; for j = 0 the boundary is the integer.
var boundaries = [perOctave + 1]uint64{
	0x8000000000000000, 0x82cd8698ac2ba1d7, 0x85aac367cc487b14, 0x88980e8092da8527,
	0x8b95c1e3ea8bd6e6, 0x8ea4398b45cd53c0, 0x91c3d373ab11c336, 0x94f4efa8fef70961,
	0x9837f0518db8a96f, 0x9b8d39b9d54e5538, 0x9ef5326091a111ad, 0xa27043030c496818,
	0xa5fed6a9b15138ea, 0xa9a15ab4ea7c0ef8, 0xad583eea42a14ac6, 0xb123f581d2ac258f,
	0xb504f333f9de6484, 0xb8fbaf4762fb9ee9, 0xbd08a39f580c36be, 0xc12c4cca66709456,
	0xc5672a115506dadd, 0xc9b9bd866e2f27a2, 0xce248c151f8480e3, 0xd2a81d91f12ae45a,
	0xd744fccad69d6af4, 0xdbfbb797daf23755, 0xe0ccdeec2a94e111, 0xe5b906e77c8348a8,
	0xeac0c6e7dd24392e, 0xefe4b99bdcdaf5cb, 0xf5257d152486cc2c, 0xfa83b2db722a033a,
	math.MaxUint64, // above all values
}

// below[k] is the number of boundaries, less one, at or below the start of the
// k-th of 64 equal parts of an octave. Boundaries are at least 2.1 % apart and
// the parts at most 1.6 % long, so a part holds one more boundary at most.
var below = func() (b [64]uint8) {
	j := 0
	for k := range b {
		start := 1<<63 | uint64(k)<<57
		for j+1 < perOctave && boundaries[j+1] < start {
			j++
		}
		b[k] = uint8(j)
	}
	return b
}()

// indexOf returns the bucket of ns > 0: the i with 2^(i/32) < ns <= 2^((i+1)/32),
// exactly.
func indexOf(ns uint64) int {
	shift := bits.LeadingZeros64(ns)
	return (63-shift)*perOctave + within(ns<<shift)
}

// indexOfFloat returns the bucket of a finite ns > 0, exactly.
func indexOfFloat(ns float64) int {
	f, e := math.Frexp(ns) // f in [0.5, 1), of 53 bits
	return (e-1)*perOctave + within(uint64(math.Ldexp(f, 64)))
}

// within returns the bucket, counted from the start of its octave, of a value
// whose top bit is set: -1 for the power of two itself, which closes the octave
// below.
//
// Where in its part a value lies is anybody's guess, and a wrong guess of a
// processor costs more than all of this: the first comparison is a subtraction.
func within(v uint64) int {
	j := int(below[v>>57&63])
	_, above := bits.Sub64(boundaries[j+1], v, 0)
	j += int(above)
	if v > boundaries[j] {
		return j
	}
	return j - 1
}

// lower returns the lower boundary of bucket i, 2^(i/32) ns.
func lower(i int) float64 { return math.Exp2(float64(i) / perOctave) }
