package gvae

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is asked of one window after the other is to the bit what is asked first: what an
// evidence remembers of one question never shows in the answer to the next, whether
// that sets more, less, the same to something else, or nothing.
func TestCounterfactual_remembersNothingThatShows(t *testing.T) {
	eachModel(t, func(t *testing.T, m *Model, data Data, rng *rand.Rand) {
		x, y := windowOf(data.X, data.N, 3), windowOf(data.Y, data.N, 3)
		e := m.Abduct(x, y)
		do := anyIntervention(&m.spec, rng)
		for step := range 60 {
			switch {
			case step%10 == 9:
				do = Intervention{}
			case step%3 == 0:
				do = anyIntervention(&m.spec, rng)
			default: // one column more, or another value of it
				next := Intervention{X: map[int]float64{}, Latents: do.Latents, Nodes: do.Nodes}
				for c, v := range do.X {
					next.X[c] = v
				}
				next.X[rng.IntN(m.spec.NX)] = rng.NormFloat64()
				do = next
			}
			seed, n, target := uint64(step/20), 1+7*rng.IntN(2), rng.IntN(len(m.spec.Nodes))
			want := m.Abduct(x, y).Counterfactual(do, target, n, rand.NewPCG(seed, 1))
			got := e.Counterfactual(do, target, n, rand.NewPCG(seed, 1))
			for i := range want {
				require.Equal(t, math.Float64bits(want[i]), math.Float64bits(got[i]), "step %d, %+v", step, do)
			}
		}
	})
}
