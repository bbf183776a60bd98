package gvae

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
)

// complete is randomModel without missing values.
func complete(t *testing.T, seed uint64, structured bool) (*Model, Data) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 4))
	spec := randomSpec(rng)
	data := randomData(&spec, 41, 0, rng)
	tr, _, err := newTrainer(spec, &data, Config{Hidden: []int{5}, Structured: structured, Seed: seed}.withDefaults(), nil)
	require.NoError(t, err)
	for i := range tr.model.theta {
		tr.model.theta[i] += 0.3 * rng.NormFloat64()
	}
	require.NoError(t, tr.measure())
	return tr.model, data
}

// Training and inference compute the same functions.
func TestEvaluator_equalsTheForwardPass(t *testing.T) {
	for _, structured := range []bool{false, true} {
		for seed := range uint64(10) {
			m, data := complete(t, seed, structured)
			x, y := windowOf(data.X, data.N, 5), windowOf(data.Y, data.N, 5)
			p := newPass(m.arch, &m.yScale, 1)
			one := m.arch.prepare(x, y, 1, &m.xScale, &m.yScale)
			p.load(&one, []int{0})
			p.forward(m.theta)
			eval, out := newEvaluator(m, 1), make([]float64, m.spec.D)
			for n := range m.spec.Nodes {
				for k, z := range [][]float64{p.mu[:len(m.spec.Latents)], p.mu[len(m.spec.Latents):]} {
					eval.node(out, n, m.exogenous(x), z, p.known)
					for d, v := range out {
						assert.InDelta(t, p.pred[(n*m.spec.D+d)*4+2+k], v, 1e-9, "node %d", n)
					}
				}
			}
			for l := range m.spec.Latents {
				mu, sigma := m.prior(l, m.exogenous(x))
				assert.InDelta(t, p.mu[len(m.spec.Latents)+l], mu, 1e-12)
				assert.InDelta(t, p.sigma[len(m.spec.Latents)+l], sigma, 1e-12)
			}
		}
	}
}

// Over the windows that it was measured on, Residual has median zero and robust
// deviation one (less where the floor is above): it means what it says.
func TestResidual_isStandardised(t *testing.T) {
	for _, structured := range []bool{false, true} {
		for seed := range uint64(5) {
			m, data := complete(t, seed, structured)
			outputs := len(m.spec.Nodes) * m.spec.D
			all := make([][]float64, outputs)
			for w := range data.N {
				e := m.Abduct(windowOf(data.X, data.N, w), windowOf(data.Y, data.N, w))
				for c := range all {
					all[c] = append(all[c], e.Residual(c/m.spec.D, c%m.spec.D))
				}
			}
			for c, v := range all {
				slices.Sort(v)
				assert.InDelta(t, 0, quantile(v, 0.5), 1e-9)
				want := 1.0
				if m.screen.Spread[c] <= leastLatencySpread/m.yScale.Spread[c] {
					continue
				}
				assert.InDelta(t, want, (quantile(v, 0.75)-quantile(v, 0.25))/normalIQR, 1e-9)
			}
		}
	}
}

// A node that behaves as expected again has the deviations of healthy windows, and
// a latent that is restored has those of its prior. Means and deviations of n draws
// are within five standard errors.
func TestCounterfactual_drawsAreHonest(t *testing.T) {
	m, _ := trained()
	bad := healthyChain()
	bad.own[2] *= 10
	x, y := bad.window(rand.New(rand.NewPCG(9, 2)))
	e := m.Abduct(x, y)
	const n = 4000
	draws := func(do Intervention, target int) []float64 {
		out := e.Counterfactual(do, target, n, rand.NewPCG(1, 1))
		var v []float64
		for i := 2; i < len(out); i += 3 {
			v = append(v, out[i])
		}
		return v
	}

	// The node of back, its latent known: noise alone. Latents have a posterior,
	// so its share is taken out by asking for a node whose latents are fixed.
	w := e.action(Intervention{Latents: []int{2}, Nodes: []int{backServer}})
	w.draw(n, rand.NewPCG(1, 1))
	mu, sigma := m.prior(2, w.is)
	mean, std := stat.MeanStdDev(row(w.z, 2, n), nil)
	assert.InDelta(t, mu, mean, 5*sigma/math.Sqrt(n))
	assert.InDelta(t, sigma, std, 5*sigma/math.Sqrt(2*n))
	mean, std = stat.MeanStdDev(row(w.zWas, 2, n), nil)
	assert.InDelta(t, e.mu[2], mean, 5*e.sigma[2]/math.Sqrt(n))
	assert.InDelta(t, e.sigma[2], std, 5*e.sigma[2]/math.Sqrt(2*n))

	fixed := *e
	fixed.sigma = make([]float64, len(e.sigma))
	e = &fixed
	c := backServer*3 + 2
	spread := m.noise.Spread[c] * m.yScale.Spread[c]
	_, std = stat.MeanStdDev(draws(Intervention{Nodes: []int{backServer}}, backServer), nil)
	assert.InDelta(t, spread, std, 5*spread/math.Sqrt(2*n))
}

// A structured posterior stays where decoders have learned, whatever it sees.
func TestAbduct_posteriorStaysNearThePrior(t *testing.T) {
	for seed := range uint64(10) {
		m, data := complete(t, seed, true)
		for i := range m.theta {
			m.theta[i] *= 10 // encoders that shoot far
		}
		x, y := windowOf(data.X, data.N, 5), windowOf(data.Y, data.N, 5)
		for i := range y {
			y[i] += 5
		}
		e := m.Abduct(x, y)
		for l := range e.mu {
			mu, sigma := m.prior(l, m.exogenous(x))
			assert.LessOrEqual(t, math.Abs(e.mu[l]-mu), furthestPosterior*sigma*(1+1e-12))
		}
	}
}

// The columns of a skip path are causes even where the node does not list them.
func TestCounterfactual_columnsOfTheSkipPath(t *testing.T) {
	spec := Spec{NX: 3, D: 1, Nodes: []Node{
		{Overlap: -1},
		{Parents: []int{0}, Terms: []Term{{Parent: 0, Calls: 1, Overlap: 2}}, Overlap: 0},
	}}
	data := randomData(&spec, 40, 0, rand.New(rand.NewPCG(1, 1)))
	tr, _, err := newTrainer(spec, &data, DefaultConfig(), nil)
	require.NoError(t, err)
	require.NoError(t, tr.measure())
	e := tr.model.Abduct(windowOf(data.X, 40, 0), windowOf(data.Y, 40, 0))
	fact := e.Counterfactual(Intervention{}, 1, 1, rand.NewPCG(1, 1))[0]
	for c := range spec.NX {
		got := e.Counterfactual(Intervention{X: map[int]float64{c: data.X[c*40] + 1}}, 1, 1, rand.NewPCG(1, 1))[0]
		assert.Greater(t, got, fact+0.3, "e times the calls, column %d", c)
		assert.Less(t, got, fact+1.0+1e-9)
	}
}

func TestPenalty_byHand(t *testing.T) {
	tr := loaded(t, true, 0)
	p, theta := tr.penalty, slices.Clone(tr.penalty.start)
	grad := make([]float64, len(theta))
	for _, i := range p.last {
		theta[i] = 0
	}
	require.NotEmpty(t, p.index)
	require.NotEmpty(t, p.last)
	assert.Zero(t, p.loss(theta, grad), "at the start, and silent beside the skip path")
	outputs := float64(len(tr.model.spec.Nodes) * tr.model.spec.D)
	theta[p.index[0]] += 2
	assert.InDelta(t, 4/outputs, p.loss(theta, grad), 1e-12)
	theta[p.last[0]] = 10
	assert.InDelta(t, 4.1/outputs, p.loss(theta, grad), 1e-12)
}

// What overflowed is forgotten: training goes on from the best with half the step.
func TestTrainer_goesBackAfterAnOverflow(t *testing.T) {
	spec, data := quickData(9)
	tr, _, err := newTrainer(spec, &data, quick(), nil)
	require.NoError(t, err)
	tr.theta[0] = math.NaN()
	require.NoError(t, tr.run(t.Context()))
	assert.Equal(t, 1, tr.report.Restarts)
	assert.InDelta(t, quick().LearningRate/2, tr.adam.LearningRate, 0)
	assert.True(t, all(tr.theta, tr.model.theta))
	assert.Greater(t, tr.report.Steps, 1)
}
