package sketch

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// floor(floor(sqrt(x))^(1/16)) is floor(x^(1/32)), so five integer square roots
// of 2^(32*63 + j) give floor(2^(63 + j/32)) without a rounding error.
func TestBoundaries(t *testing.T) {
	for j, got := range boundaries[:perOctave] {
		want := new(big.Int).Lsh(big.NewInt(1), uint(32*63+j))
		for range Scale {
			want.Sqrt(want)
		}
		assert.Equal(t, want.Uint64(), got, "boundary %d", j)
	}
}

func TestBelow_partsHoldAtMostOneMoreBoundary(t *testing.T) {
	for k := range below {
		start, end := 1<<63|uint64(k)<<57, 1<<63|uint64(k)<<57|(1<<57-1)
		inside := 0
		for _, b := range boundaries[1:] {
			if b >= start && b < end {
				inside++
			}
		}
		assert.LessOrEqual(t, inside, 1, "part %d", k)
	}
}

func TestIndexOf_hand(t *testing.T) {
	tests := map[uint64]int{
		1:                 -1, // closes (2^-1/32, 1]
		2:                 31,
		3:                 50, // 32*log2(3) = 50.7
		4:                 63,
		5:                 74, // 32*log2(5) = 74.3
		1000:              318,
		1024:              319,
		1025:              320,
		1_000_000_000:     956,
		1 << 62:           62*32 - 1,
		1<<62 + 1:         62 * 32,
		math.MaxInt64:     63*32 - 1,
		math.MaxInt64 / 2: 62*32 - 1,
	}
	for ns, want := range tests {
		assert.Equal(t, want, indexOf(ns), "%d ns", ns)
	}
}

// inBucket reports 2^i < v^32 <= 2^(i+1), in exact arithmetic.
func inBucket(v *big.Int, i int) bool {
	p := new(big.Int).Exp(v, big.NewInt(perOctave), nil)
	at := func(e int) *big.Int { return new(big.Int).Lsh(big.NewInt(1), uint(e)) }
	return (i < 0 || p.Cmp(at(i)) > 0) && p.Cmp(at(i+1)) <= 0
}

// Every boundary, and its neighbours on either side, at every magnitude.
func TestIndexOf_isExactAtBoundaries(t *testing.T) {
	for shift := range 63 {
		for _, b := range boundaries[:perOctave] {
			base := b >> (shift + 1) // below 2^63
			for _, v := range []uint64{base - 1, base, base + 1} {
				if v == 0 || v > math.MaxInt64 {
					continue
				}
				require.True(t, inBucket(new(big.Int).SetUint64(v), indexOf(v)), "%d in %d", v, indexOf(v))
			}
		}
	}
}

func FuzzIndexOf(f *testing.F) {
	f.Add(uint64(1))
	f.Add(uint64(1_000_000))
	f.Add(uint64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, ns uint64) {
		if ns == 0 || ns > math.MaxInt64 {
			return
		}
		require.True(t, inBucket(new(big.Int).SetUint64(ns), indexOf(ns)))
		if ns < 1<<53 {
			require.Equal(t, indexOf(ns), indexOfFloat(float64(ns)))
		}
	})
}

func BenchmarkIndexOf(b *testing.B) {
	n, sum := uint64(1), 0
	for b.Loop() {
		n = n*6364136223846793005 + 1442695040888963407
		sum += indexOf(n>>1 | 1)
	}
	_ = sum
}
