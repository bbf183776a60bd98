package nn_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/nn"
)

// Number r of the j-th record asked for is in row r, column j, whatever the number of records
// and their size are, and whoever computes it.
func TestGather(t *testing.T) {
	const all = 9
	rng := rand.New(rand.NewPCG(1, 1))
	for _, size := range []int{1, 7, 8, 16, 24, 33, 40} {
		for _, n := range []int{0, 1, 7, 8, 9, 15, 16, 17, 31} {
			single, double := make([]float32, all*size), make([]float64, all*size)
			for i := range single {
				single[i], double[i] = float32(i), float64(i)
			}
			records := make([]int, n)
			for j := range records {
				records[j] = rng.IntN(all)
			}
			a, b := make([]float32, n*size), make([]float64, n*size)
			nn.Gather(a, single, size, records)
			nn.Gather(b, double, size, records)
			what := fmt.Sprintf("%d records of %d", n, size)
			for r := range size {
				for j, i := range records {
					require.InDelta(t, float64(i*size+r), a[r*n+j], 0, what)
					require.InDelta(t, float64(i*size+r), b[r*n+j], 0, what)
				}
			}
		}
	}
	from, to := make([]float32, 16), make([]float32, 8)
	assert.Panics(t, func() { nn.Gather(to, from, 8, []int{2}) })
	assert.Panics(t, func() { nn.Gather(to, from, 8, []int{-1}) })
	assert.Panics(t, func() { nn.Gather(to, from, 8, []int{0, 1}) })
	assert.Panics(t, func() { nn.Gather(to, from, 0, nil) })
	one := []int{1}
	assert.Zero(t, testing.AllocsPerRun(10, func() { nn.Gather(to, from, 8, one) }))
}
