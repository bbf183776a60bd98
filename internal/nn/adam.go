package nn

import "math"

// Adam is the optimiser of Kingma & Ba, "Adam: A Method for Stochastic
// Optimization" (ICLR 2015), algorithm 1:
//
//	m = β1 m + (1-β1) g        v = β2 v + (1-β2) g²
//	θ -= α m̂ / (√v̂ + ε),     m̂ = m/(1-β1ᵗ),  v̂ = v/(1-β2ᵗ)
type Adam struct {
	LearningRate float64 // α, may be changed between steps
	Beta1, Beta2 float64 // decay of the moments (0.9, 0.999 as published)
	Epsilon      float64 // 1e-8 as published

	m, v []float64
	t    int
}

// NewAdam returns an optimiser of n parameters with the published constants.
func NewAdam(n int, learningRate float64) *Adam {
	return &Adam{LearningRate: learningRate, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, m: make([]float64, n), v: make([]float64, n)}
}

// Step moves params against their gradients grads. It panics unless both are as
// long as NewAdam was told.
func (a *Adam) Step(params, grads []float64) {
	sameLength(len(params), len(a.m))
	sameLength(len(grads), len(a.m))
	a.t++
	// The corrections of both moments are folded into the step and into ε.
	correct := math.Sqrt(1 - math.Pow(a.Beta2, float64(a.t)))
	step := a.LearningRate * correct / (1 - math.Pow(a.Beta1, float64(a.t)))
	eps := a.Epsilon * correct
	m, v := a.m[:len(params)], a.v[:len(params)]
	for i, g := range grads {
		m[i] += (1 - a.Beta1) * (g - m[i])
		v[i] += (1 - a.Beta2) * (g*g - v[i])
		params[i] -= step * m[i] / (math.Sqrt(v[i]) + eps)
	}
}

// Reset forgets the moments.
func (a *Adam) Reset() {
	clear(a.m)
	clear(a.v)
	a.t = 0
}
