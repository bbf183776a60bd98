package gvae

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSplit(t *testing.T) {
	windows := []int{3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41}
	train, held := split(windows, rand.NewPCG(1, 1))
	assert.Len(t, held, 3) // 15 % of 20
	both := slices.Sorted(slices.Values(append(slices.Clone(train), held...)))
	assert.Equal(t, windows, both)
	again, _ := split(windows, rand.NewPCG(1, 1))
	assert.Equal(t, train, again)
	train, held = split([]int{4, 2}, rand.NewPCG(1, 1))
	assert.Len(t, train, 1)
	assert.Len(t, held, 1)
}

func TestSampler_equalWeightsAreAPermutation(t *testing.T) {
	for _, weight := range [][]float64{nil, {2, 2, 2, 2, 2, 2, 2, 2}, make([]float64, 8)} {
		s := newSampler([]int{1, 3, 5, 7}, weight, rand.NewPCG(1, 1))
		first := slices.Clone(s.epoch())
		assert.Equal(t, []int{1, 3, 5, 7}, slices.Sorted(slices.Values(first)))
		differs := false
		for range 10 {
			differs = differs || !slices.Equal(first, s.epoch())
		}
		assert.True(t, differs, "each epoch has its own order")
	}
}

// Of 10 draws by weights 1 to 4, windows get 1, 2, 3 and 4 of each 10.
func TestSampler_weightsAreExactToOne(t *testing.T) {
	windows := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	weight := []float64{1, 2, 3, 4, 0, 0, 0, 0, 0, 0.5}
	s := newSampler(slices.Clone(windows), weight, rand.NewPCG(1, 1))
	total := make([]int, 10)
	for range 200 {
		count := make([]int, 10)
		for _, w := range s.epoch() {
			count[w]++
			total[w]++
		}
		for w, n := range count {
			expected := weight[w] * 10 / 10.5
			assert.Less(t, float64(n), expected+1)
			assert.Greater(t, float64(n), expected-1)
		}
	}
	assert.Zero(t, total[5])
	assert.InEpsilon(t, 0.5*10/10.5*200, float64(total[9]), 0.2)
}
