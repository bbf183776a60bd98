package nn_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/nn"
)

// The first step is α g/(|g| + ε), whatever the scale of g.
func TestAdam_firstSteps(t *testing.T) {
	a := nn.NewAdam[float64](3, 0.1)
	p := []float64{1, 1, 1}
	a.Step(p, []float64{1e-3, -500, 0})
	assert.InDeltaSlice(t, []float64{0.9, 1.1, 1}, p, 1e-5)

	// Second step with gradient g2 after g1, by the published algorithm.
	const g1, g2 = 2.0, -1.0
	m := (0.9*0.1*g1 + 0.1*g2) / (1 - 0.81)
	v := (0.999*0.001*g1*g1 + 0.001*g2*g2) / (1 - 0.999*0.999)
	b, q := nn.NewAdam[float64](1, 0.1), []float64{0}
	b.Step(q, []float64{g1})
	b.Step(q, []float64{g2})
	assert.InDelta(t, -0.1-0.1*m/math.Sqrt(v), q[0], 1e-8)
}

func TestAdam_findsTheMinimum(t *testing.T) {
	a, p := nn.NewAdam[float64](2, 0.05), []float64{4, -3}
	g := make([]float64, 2)
	for range 2000 { // f = (x-1)² + 100 (y-2)²
		g[0], g[1] = 2*(p[0]-1), 200*(p[1]-2)
		a.Step(p, g)
	}
	assert.InDeltaSlice(t, []float64{1, 2}, p, 1e-3)
}

func TestAdam_Reset(t *testing.T) {
	a, fresh := nn.NewAdam[float64](1, 0.1), nn.NewAdam[float64](1, 0.1)
	p := []float64{0}
	a.Step(p, []float64{3})
	a.Reset()
	q := slices.Clone(p)
	a.Step(p, []float64{-1})
	fresh.Step(q, []float64{-1})
	assert.Equal(t, q, p)
}

func TestAdam_misuseAndAllocation(t *testing.T) {
	a := nn.NewAdam[float64](2, 0.1)
	assert.Panics(t, func() { a.Step(make([]float64, 3), make([]float64, 3)) })
	assert.Panics(t, func() { a.Step(make([]float64, 2), make([]float64, 1)) })
	p, g := make([]float64, 2), make([]float64, 2)
	doesNotAllocate(t, func() { a.Step(p, g) })
}
