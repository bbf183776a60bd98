package nn

import "math"

// Adam is the optimiser of Kingma & Ba, "Adam: A Method for Stochastic
// Optimization" (ICLR 2015), algorithm 1:
//
//	m = β1 m + (1-β1) g        v = β2 v + (1-β2) g²
//	θ -= α m̂ / (√v̂ + ε),     m̂ = m/(1-β1ᵗ),  v̂ = v/(1-β2ᵗ)
type Adam[F Float] struct {
	LearningRate float64 // α, may be changed between steps
	Beta1, Beta2 float64 // decay of the moments (0.9, 0.999 as published)
	Epsilon      float64 // 1e-8 as published

	m, v []F
	t    int
}

// NewAdam returns an optimiser of n parameters with the published constants.
func NewAdam[F Float](n int, learningRate float64) *Adam[F] {
	return &Adam[F]{LearningRate: learningRate, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, m: make([]F, n), v: make([]F, n)}
}

// Step moves params against their gradients grads. It panics unless both are as
// long as NewAdam was told.
func (a *Adam[F]) Step(params, grads []F) {
	sameLength(len(a.m), len(params), len(grads))
	a.t++
	// The corrections of both moments are folded into the step and into ε.
	correct := math.Sqrt(1 - math.Pow(a.Beta2, float64(a.t)))
	first, second := F(1-a.Beta1), F(1-a.Beta2)
	step := F(a.LearningRate * correct / (1 - math.Pow(a.Beta1, float64(a.t))))
	eps := F(a.Epsilon * correct)
	if vectorised[F](len(params)) {
		fast.adam(at(params), at(a.m), at(a.v), at(grads), len(params), float32(first), float32(second), float32(step), float32(eps))
		return
	}
	m, v := a.m[:len(params)], a.v[:len(params)]
	for i, g := range grads {
		m[i] += first * (g - m[i])
		v[i] += second * (g*g - v[i])
		params[i] -= step * m[i] / (F(math.Sqrt(float64(v[i]))) + eps)
	}
}

// Reset forgets the moments.
func (a *Adam[F]) Reset() {
	clear(a.m)
	clear(a.v)
	a.t = 0
}
