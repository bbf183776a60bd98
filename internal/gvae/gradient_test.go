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

// loaded returns a trainer at random parameters, with a batch and its noise loaded into
// its first pass.
func loaded[F nn.Float](t *testing.T, structured bool, seed uint64) *trainer[F] {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 77))
	spec := randomSpec(rng)
	data := randomData(&spec, 12, 0.1, rng)
	cfg := Config{Hidden: []int{4, 3}, Structured: structured, KLWeight: 0.7, Mix: 0.8, Chained: 0.4, Batch: 10, Seed: seed}.withDefaults()
	require.NoError(t, spec.validate())
	tr, _, err := newTrainer[F](spec, &data, cfg, nil)
	require.NoError(t, err)
	for i := range tr.theta {
		tr.theta[i] += F(0.3 * rng.NormFloat64())
	}
	h := tr.team.halves[0]
	h.pass.set(tr.theta)
	h.pass.load(&tr.data, []int{3, 1, 4, 1, 5})
	nn.Normals(h.pass.noise(), &h.noise)
	return tr
}

// batch is more windows than the passes of loaded take at once: each half computes a
// chunk and what is left.
var batch = []int{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9}

// first is the noise that all losses of the batch have.
func (h *half[F]) first(i int) nn.Noise { return nn.NewNoise(9, uint64(i)) }

// lossAt returns loss and penalty of the batch at parameters theta, always with the same
// noise, and leaves the gradient in the first half.
func lossAt[F nn.Float](tr *trainer[F], theta []F) float64 {
	for i, h := range tr.team.halves {
		h.noise = h.first(i)
	}
	j := tr.job(batch, true)
	j.theta = theta
	loss, _ := tr.team.run(j)
	return loss + tr.penalty.loss(theta, tr.team.halves[0].gradients.parameters)
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
				tr := loaded[float64](t, structured, seed)
				assert.Greater(t, gradientIsRight(t, tr), len(tr.theta)/4, "most parameters take part")
			})
		}
	}
}

// gradientIsRight compares the gradient of a loaded trainer with finite differences,
// and returns how many parameters move the loss.
func gradientIsRight(t *testing.T, tr *trainer[float64]) (moves int) {
	t.Helper()
	lossAt(tr, tr.theta)
	got := slices.Clone(tr.team.halves[0].gradients.parameters)
	loss := func(theta []float64) float64 { return lossAt(tr, theta) }
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
				cfg := Config{Hidden: []int{4, 3}, Structured: structured, KLWeight: 0.7, Mix: 0.8, Chained: 0.4, Batch: 10, Seed: seed}.withDefaults()
				m := newModel(spec, &cfg, known)
				use := healthy(&data)
				m.scale(&data, use)
				tr := trainerOf[float64](m, &data, use, &cfg)
				for k := range 4 * len(spec.Latents) {
					for w := range data.N {
						tr.data.record(w)[tr.data.latents+k] = 0.5 + rng.Float64()
					}
				}
				for i := range tr.theta {
					tr.theta[i] += 0.3 * rng.NormFloat64()
				}
				assert.Greater(t, gradientIsRight(t, tr), len(tr.theta)/8)
			})
		}
	}
}

// The loss is the formula of Config, computed here term by term.
func TestLoss_isTheFormula(t *testing.T) {
	tr := loaded[float64](t, false, 3)
	p, o := tr.team.halves[0].pass, &tr.objective
	got := p.forward(o, newGradients(p), p.n, false)
	const a, g, b = 0.8, 0.4, 0.7
	n, outputs := p.n, len(p.spec.Nodes)*p.spec.D
	mse := func(k int) (sum float64) {
		for i := range p.spec.Nodes {
			pred := p.ofNode(p.pred, i)
			if k >= 2 {
				p.force(i)
				pred = p.out
			}
			for d := range p.spec.D {
				for w, v := range row(pred, 2*d+k%2, n) {
					if y := row(p.batch.y, i*p.spec.D+d, n)[w]; !math.IsNaN(y) {
						sum += (v - y) * (v - y)
					}
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

// Missing latencies have no influence as targets, and count as normal as inputs.
func TestMissing_isTheCenter(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	spec := randomSpec(rng)
	data := randomData(&spec, 20, 0, rng)
	scales := [2]Scale{}
	losses := [2]float64{}
	for i := range losses {
		tr, _, err := newTrainer[float64](spec, &data, Config{Seed: 1, Batch: 20}.withDefaults(), nil)
		require.NoError(t, err)
		scales[i] = tr.model.yScale
		if i == 0 {
			tr.data.record(3)[tr.data.y] = math.NaN()
			tr.data.record(2)[tr.data.x] = 0
		} else {
			tr.data.record(3)[tr.data.y] = 0 // the center
			tr.data.record(2)[tr.data.x] = 0
		}
		p := tr.team.halves[0].pass
		p.set(tr.theta)
		p.load(&tr.data, []int{3})
		clear(p.noise())
		losses[i] = p.forward(&tr.objective, newGradients(p), 1, false)
		if i == 1 { // take out the one target
			for k, c := range tr.objective.columns {
				v := p.pred[k%2] // of the first node, which has no parents
				losses[i] -= c * v * v / float64(len(spec.Nodes)*spec.D)
			}
		}
	}
	assert.InDelta(t, losses[1], losses[0], 1e-12)
	assert.Equal(t, scales[0], scales[1])
}
