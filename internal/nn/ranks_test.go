package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is counted and moved is what comparing one by one says, to the last of any number of
// values, some of them missing, equal to each other or to what they are compared with.
func TestRanks_areThoseOfComparing(t *testing.T) {
	missing, infinite := float32(math.NaN()), float32(math.Inf(1))
	rng := rand.New(rand.NewPCG(7, 7))
	for _, n := range append([]int{2880}, sizes...) {
		v := make([]float32, n)
		for i := range v {
			if v[i] = float32(rng.IntN(20)) - 10; rng.IntN(6) == 0 {
				v[i] = missing
			}
		}
		pivots := Pivots{-3, 0, 2.5, missing, infinite, -infinite}
		counts := [len(pivots)]int32{5, 0, 0, 0, 0, 0}
		there := Below(v, &pivots, &counts)
		want, known := [len(pivots)]int32{5, 0, 0, 0, 0, 0}, 0
		for _, x := range v {
			for k, p := range pivots {
				if x < p {
					want[k]++
				}
			}
			if x == x {
				known++
			}
		}
		assert.Equal(t, want, counts, "%d values", n)
		assert.Equal(t, known, there)

		for _, ends := range [][2]float32{{-3, 2.5}, {4, 4}, {-infinite, infinite}, {0, missing}} {
			var inside []float32
			for _, x := range v {
				if ends[0] <= x && x < ends[1] {
					inside = append(inside, x)
				}
			}
			dst := make([]float32, n+Room)
			moved := Between(dst, v, ends[0], ends[1])
			assert.True(t, slices.Equal(inside, dst[:moved]), "%d values in %v", n, ends)

			same := append(slices.Clone(v), make([]float32, Room)...) // dst may begin where v does
			moved = Between(same, same[:n], ends[0], ends[1])
			assert.True(t, slices.Equal(inside, same[:moved]), "%d values in %v, in place", n, ends)
		}
	}
	assert.Panics(t, func() { Ranked(make([]float32, 20), 5, 5) }, "no such rank")
	assert.Panics(t, func() { Ranked(make([]float32, 12), 5, 1) }, "no room")
	assert.Panics(t, func() { Between(make([]float32, 10), make([]float32, 5), 0, 1) }, "no room")
}

// Numbers of a rank are those of the sorted ones, whichever are there twice; a NaN among them,
// which is none of them, ends in some number, not in the wild.
func TestRanked_isSorting(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, n := range sizes[1:] {
		for _, values := range []int{1, 3, 1000} {
			v := make([]float32, n, n+Room)
			for i := range v {
				v[i] = float32(rng.IntN(values)) - 500
			}
			sorted := append(slices.Sorted(slices.Values(v)), float32(math.Inf(1)))
			for rank := range n {
				value, next := Ranked(v[:n+Room], n, rank)
				got := []float32{value, next}
				require.Equal(t, sorted[rank:rank+2], got, "rank %d of %d", rank, n)
			}
		}
	}
	v := slices.Repeat([]float32{float32(math.NaN())}, 9+Room)
	assert.NotPanics(t, func() { Ranked(v, 9, 8) })
}

func TestRanks_doNotAllocate(t *testing.T) {
	v, dst := make([]float32, 100), make([]float32, 100+Room)
	pivots, counts := &Pivots{}, &[len(Pivots{})]int32{}
	require.Zero(t, testing.AllocsPerRun(10, func() {
		Below(v, pivots, counts)
		Between(dst, v, 0, 1)
		Ranked(dst, 9, 3)
	}))
}
