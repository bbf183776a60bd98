package nn

import (
	"math"
	"math/bits"
)

// block is how many draws are made at once: two for each of eight generators.
const block = 16

// Noise is a source of normal draws: eight generators xoshiro128+ side by side
// (Blackman & Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021), whose
// numbers become normal by the method of Box and Muller (1958),
//
//	√(-2 log u) cos 2πv,  √(-2 log u) sin 2πv
//
// with u of 24 bits, so that no draw is beyond 5.8. That is enough to train with and
// to ask what may happen one time in thousands, not for the far tail.
//
// A Noise is a value: a copy gives the same draws once more.
type Noise struct {
	state [4][8]uint32
	last  [block]float32 // of which some are used
}

// NewNoise returns the source of a seed and one of its streams, which are independent of
// each other. States are filled by SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).
func NewNoise(seed, stream uint64) Noise {
	var n Noise
	at := mix(seed) ^ stream
	for i := range n.state {
		for lane := 0; lane < len(n.state[i]); lane += 2 {
			at += 0x9e3779b97f4a7c15
			v := mix(at)
			n.state[i][lane], n.state[i][lane+1] = uint32(v), uint32(v>>32)
		}
	}
	return n
}

// mix is the output function of SplitMix64.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Normals fills dst with independent draws of N(0, 1). Those of a longer dst begin with
// those of a shorter one.
func Normals[F Float](dst []F, n *Noise) {
	whole := len(dst) / block * block
	if vectorised[F](len(dst)) {
		fast.noise(at(dst), whole/block, &n.state)
		if rest := dst[whole:]; len(rest) > 0 {
			fast.noise(&n.last[0], 1, &n.state)
			for i := range rest {
				rest[i] = F(n.last[i])
			}
		}
		return
	}
	for i := 0; i < whole; i += block {
		draw(n, dst[i:i+block])
	}
	if rest := dst[whole:]; len(rest) > 0 {
		var last [block]F
		draw(n, last[:])
		copy(rest, last[:])
	}
}

// draw makes one block.
func draw[F Float](n *Noise, dst []F) {
	var u, v [8]uint32
	n.next(&u)
	n.next(&v)
	for lane := range u {
		radius := math.Sqrt(-2 * math.Log(math.Ldexp(float64(u[lane]>>8+1), -24)))
		sin, cos := math.Sincos(2 * math.Pi * math.Ldexp(float64(int32(v[lane])), -32))
		dst[lane], dst[lane+8] = F(radius*cos), F(radius*sin)
	}
}

// next advances all generators.
func (n *Noise) next(out *[8]uint32) {
	s := &n.state
	for i := range out {
		out[i] = s[0][i] + s[3][i]
		t := s[1][i] << 9
		s[2][i] ^= s[0][i]
		s[3][i] ^= s[1][i]
		s[1][i] ^= s[2][i]
		s[0][i] ^= s[3][i]
		s[2][i] ^= t
		s[3][i] = bits.RotateLeft32(s[3][i], 11)
	}
}
