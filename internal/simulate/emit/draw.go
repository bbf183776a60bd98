package emit

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// What draws are for.
const (
	forSkew = iota + 1
	forLoss
	forNoise
	forIdentity
)

// uniform returns a number in [0, 1) that hangs on its arguments alone.
func uniform(seed, purpose, key uint64) float64 {
	return rand.New(rand.NewPCG(seed^purpose<<56, key)).Float64()
}

// loses reports whether the span of the given ID gets lost. IDs are random, so a
// multiplication that carries the seed into their upper bits is enough.
func (o *Options) loses(id [8]byte) bool {
	if o.LoseSpans <= 0 {
		return false
	}
	x := binary.BigEndian.Uint64(id[:]) ^ o.Seed*0x9e3779b97f4a7c15
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	x ^= x >> 32
	return float64(x>>11)/(1<<53) < o.LoseSpans
}

// skews returns by how much the clock of each of n hosts is off.
func (o *Options) skews(n int) []time.Duration {
	out := make([]time.Duration, n)
	for h := range out {
		out[h] = time.Duration((2*uniform(o.Seed, forSkew, uint64(h)) - 1) * float64(o.ClockSkew))
	}
	return out
}
