package nn_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"gonum.org/v1/gonum/diff/fd"
)

// normals returns n draws of N(0, 1) that depend on seed alone.
func normals(n int, seed uint64) []float64 {
	v, rng := make([]float64, n), rand.New(rand.NewPCG(seed, 0))
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	return v
}

// checkGradient compares got with central differences of f at x, whose error is
// of the order 1e-9 for functions of order one.
func checkGradient(t *testing.T, what string, got []float64, f func([]float64) float64, x []float64) {
	t.Helper()
	want := fd.Gradient(nil, f, x, &fd.Settings{Formula: fd.Central})
	assert.InDeltaSlice(t, want, got, 1e-6, what)
}

// doesNotAllocate fails where f does.
func doesNotAllocate(t *testing.T, f func()) {
	t.Helper()
	assert.Zero(t, testing.AllocsPerRun(50, f))
}
