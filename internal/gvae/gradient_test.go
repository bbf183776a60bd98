package gvae

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/diff/fd"

	"github.com/sage-rca/sage/internal/nn"
)

// loaded returns a trainer at random parameters with a batch and its noise loaded.
func loaded(t *testing.T, structured bool, seed uint64) *trainer {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 77))
	spec := randomSpec(rng)
	data := randomData(&spec, 12, 0.1, rng)
	cfg := Config{Hidden: []int{4, 3}, Structured: structured, KLWeight: 0.7, Mix: 0.8, Chained: 0.4, Batch: 5, Seed: seed}.withDefaults()
	require.NoError(t, spec.validate())
	tr, _, err := newTrainer(spec, &data, cfg, nil)
	require.NoError(t, err)
	for i := range tr.theta {
		tr.theta[i] += 0.3 * rng.NormFloat64()
	}
	tr.pass.load(&tr.data, []int{3, 1, 4, 1, 5})
	nn.Normals(tr.pass.noise(), tr.noise)
	return tr
}

// The gradient of the whole loss: decoders chained over several nodes, skip paths,
// encoders that see what skip paths leave, the divergence, the penalty. The loss
// has kinks (ReLU, clamps) that central differences may straddle; a step of 1e-6
// meets one in few of the thousands of directions, so those are looked at again
// with the one-sided differences of which one must be right.
func TestWholeLoss_gradient(t *testing.T) {
	for _, structured := range []bool{false, true} {
		for seed := range uint64(12) {
			t.Run(fmt.Sprintf("structured=%v/%d", structured, seed), func(t *testing.T) {
				tr := loaded(t, structured, seed)
				assert.Greater(t, gradientIsRight(t, tr), len(tr.theta)/4, "most parameters take part")
			})
		}
	}
}

// gradientIsRight compares the gradient of a loaded trainer with finite differences,
// and returns how many parameters move the loss.
func gradientIsRight(t *testing.T, tr *trainer) (moves int) {
	t.Helper()
	tr.differentiate()
	got := slices.Clone(tr.gradients.parameters)
	loss := func(theta []float64) float64 {
		tr.pass.forward(theta)
		scrap := make([]float64, len(theta))
		return tr.pass.loss(&tr.objective, nil) + tr.penalty.loss(theta, scrap)
	}
	const step = 1e-6
	central := fd.Gradient(nil, loss, tr.theta, &fd.Settings{Formula: fd.Central, Step: step})
	forward := fd.Gradient(nil, loss, tr.theta, &fd.Settings{Formula: fd.Forward, Step: step})
	backward := fd.Gradient(nil, loss, tr.theta, &fd.Settings{Formula: fd.Backward, Step: step})
	for i, g := range got {
		tolerance := 1e-6 * math.Max(1, math.Abs(g))
		off := math.Abs(g - central[i])
		if off > tolerance {
			off = math.Min(math.Abs(g-forward[i]), math.Abs(g-backward[i])) / 100 // first order only
		}
		assert.LessOrEqual(t, off, tolerance, "parameter %d: %v, want %v", i, g, central[i])
		if math.Abs(g) > 1e-6 {
			moves++
		}
	}
	return moves
}

// The same with parts that are given: nodes without a decoder in the middle of the
// chain, and latents that come with the data.
func TestPartialLoss_gradient(t *testing.T) {
	for _, structured := range []bool{false, true} {
		for seed := range uint64(12) {
			t.Run(fmt.Sprintf("structured=%v/%d", structured, seed), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 78))
				spec := randomSpec(rng)
				data := randomData(&spec, 12, 0.1, rng)
				known := given{nodes: make([]bool, len(spec.Nodes)), latents: make([]bool, len(spec.Latents))}
				for _, marks := range [][]bool{known.nodes, known.latents} {
					marks[rng.IntN(len(marks))] = true
				}
				for i := range spec.Nodes {
					if known.nodes[i] {
						spec.Nodes[i] = Node{Overlap: -1}
					}
				}
				cfg := Config{Hidden: []int{4, 3}, Structured: structured, KLWeight: 0.7, Mix: 0.8, Chained: 0.4, Batch: 5, Seed: seed}.withDefaults()
				m := newModel(spec, &cfg, known)
				use := healthy(&data)
				m.xScale, m.yScale = scaleX(&cfg, data.X, data.N, use), scaleY(&cfg, data.Y, data.N, use)
				tr := trainerOf(m, &data, use, &cfg)
				for i := range tr.data.latents {
					tr.data.latents[i] = 0.5 + rng.Float64()
				}
				for i := range tr.theta {
					tr.theta[i] += 0.3 * rng.NormFloat64()
				}
				tr.pass.load(&tr.data, []int{3, 1, 4, 1, 5})
				nn.Normals(tr.pass.noise(), tr.noise)
				assert.Greater(t, gradientIsRight(t, tr), len(tr.theta)/8)
			})
		}
	}
}

// The loss is the formula of Config, computed here term by term.
func TestLoss_isTheFormula(t *testing.T) {
	tr := loaded(t, false, 3)
	p, o := tr.pass, &tr.objective
	p.forward(tr.theta)
	got := p.loss(o, nil)
	const a, g, b = 0.8, 0.4, 0.7
	n, outputs := p.n, len(p.spec.Nodes)*p.spec.D
	mse := func(k int) (sum float64) {
		for c := range outputs {
			for w := range n {
				if y := p.batch.y[c*n+w]; !math.IsNaN(y) {
					sum += (p.pred[c*4*n+k*n+w] - y) * (p.pred[c*4*n+k*n+w] - y)
				}
			}
		}
		return sum / float64(n*outputs)
	}
	h := len(p.spec.Latents) * n
	kl := nn.KL(p.mu[:h], p.sigma[:h], p.mu[h:2*h], p.sigma[h:2*h]) / float64(n*outputs)
	want := a*(g*mse(0)+(1-g)*mse(2)+b*kl) + (1-a)*(g*mse(1)+(1-g)*mse(3))
	assert.InDelta(t, want, got, 1e-12)
	assert.Positive(t, kl)
}

func TestObjective_errorIsSmooth(t *testing.T) {
	for _, robust := range []bool{false, true} {
		o := objective{robust: robust}
		for _, e := range []float64{-50, -4.001, -3.999, -1, 0, 1, 3.999, 4.001, 50} {
			_, g := o.error(e)
			want := fd.Derivative(func(e float64) float64 { v, _ := o.error(e); return v }, e, &fd.Settings{Formula: fd.Central, Step: 1e-5})
			assert.InDelta(t, want, g, 1e-6, "%v", e)
		}
		v, _ := o.error(3)
		assert.InDelta(t, 9, v, 0)
	}
}

// Missing latencies have no influence as targets, and count as normal as inputs.
func TestMissing_isTheCenter(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	spec := randomSpec(rng)
	data := randomData(&spec, 20, 0, rng)
	scales := [2]Scale{}
	losses := [2]float64{}
	for i := range losses {
		tr, _, err := newTrainer(spec, &data, Config{Seed: 1, Batch: 20}.withDefaults(), nil)
		require.NoError(t, err)
		scales[i] = tr.model.yScale
		if i == 0 {
			tr.data.y[3], tr.data.target[3] = math.NaN(), math.NaN()
			tr.data.x[2] = 0
		} else {
			tr.data.y[3], tr.data.target[3] = 0, 0 // the center
			tr.data.x[2] = 0
		}
		tr.pass.load(&tr.data, []int{3})
		clear(tr.pass.noise())
		tr.pass.forward(tr.theta)
		losses[i] = tr.pass.loss(&tr.objective, nil)
		if i == 1 { // take out the one target
			for k, c := range tr.objective.columns {
				v, _ := tr.objective.error(tr.pass.pred[k])
				losses[i] -= c * v / float64(len(spec.Nodes)*spec.D)
			}
		}
	}
	assert.InDelta(t, losses[1], losses[0], 1e-12)
	assert.Equal(t, scales[0], scales[1])
}
