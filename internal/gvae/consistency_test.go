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
	tr, _, err := newTrainer[float32](spec, &data, Config{Hidden: []int{5}, Structured: structured, Seed: seed}.withDefaults(), nil)
	require.NoError(t, err)
	for i := range tr.model.theta {
		tr.model.theta[i] += float32(0.3 * rng.NormFloat64())
	}
	tr.restart()
	require.NoError(t, tr.measure())
	return tr.model, data
}

// Training and inference compute the same functions.
func TestEvaluator_equalsTheForwardPass(t *testing.T) {
	for _, structured := range []bool{false, true} {
		for seed := range uint64(10) {
			m, data := complete(t, seed, structured)
			x, y := windowOf(data.X, data.N, 5), windowOf(data.Y, data.N, 5)
			p := newPass[float32](m.arch, &m.yScale, 1, false)
			one := prepare[float32](m.arch, &Data{N: 1, X: x, Y: y}, &m.xScale, &m.yScale)
			p.set(m.theta)
			p.load(&one, []int{0})
			p.infer()
			eval, out := newEvaluator(m, p.positive, 1), make([]float32, m.spec.D)
			for n := range m.spec.Nodes {
				p.expect(n)
				for k, z := range [][]float32{p.mu[:len(m.spec.Latents)], p.mu[len(m.spec.Latents):]} {
					eval.node(out, n, m.exogenous(x), parentRows[float32]{data: z, dims: 1, n: 1}, p.latencies(p.known, 1))
					for d, v := range out { // sums are rounded in another order
						want := float64(p.out[2*d+k])
						assert.InDelta(t, want, v, 1e-5*max(1, math.Abs(want)), "node %d", n)
					}
				}
			}
			for l := range m.spec.Latents {
				mu, sigma := m.prior(l, m.exogenous(x))
				assert.Equal(t, p.mu[len(m.spec.Latents)+l], mu)
				assert.Equal(t, p.sigma[len(m.spec.Latents)+l], sigma)
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
				assert.InDelta(t, 0, quantile(v, 0.5), 1e-4) // of float32, in spreads that may be small
				want := 1.0
				if m.screen.Spread[c] <= leastLatencySpread/m.yScale.Spread[c] {
					continue
				}
				assert.InDelta(t, want, (quantile(v, 0.75)-quantile(v, 0.25))/normalIQR, 1e-4)
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
	latent := func(do Intervention) (mean, std float64) {
		w := newWorld(e, n, [2]uint64{1, 1})
		w.become(do)
		w.draw(backServer)
		z := make([]float64, n)
		convert(z, w.z.row(2, 0))
		return stat.MeanStdDev(z, nil)
	}
	near := func(mu, sigma float32, mean, std float64) {
		t.Helper()
		assert.InDelta(t, mu, mean, 5*float64(sigma)/math.Sqrt(n))
		assert.InDelta(t, sigma, std, 5*float64(sigma)/math.Sqrt(2*n))
	}
	mu, sigma := m.prior(2, e.x)
	mean, std := latent(Intervention{Latents: []int{2}})
	near(mu, sigma, mean, std)
	mean, std = latent(Intervention{Nodes: []int{backServer}})
	near(e.mu[2], e.sigma[2], mean, std)

	fixed := *e
	fixed.sigma, fixed.replay = make([]float32, len(e.sigma)), &replay{}
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
			assert.LessOrEqual(t, math.Abs(float64(e.mu[l]-mu)), float64(furthestPosterior*sigma)+1e-6*max(1, math.Abs(float64(mu))))
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
	tr, _, err := newTrainer[float32](spec, &data, DefaultConfig(), nil)
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
	tr := loaded[float64](t, true, 0)
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
	tr, _, err := newTrainer[float32](spec, &data, quick(), nil)
	require.NoError(t, err)
	tr.theta[0] = float32(math.NaN())
	require.NoError(t, tr.run(t.Context()))
	assert.Equal(t, 1, tr.report.Restarts)
	assert.InDelta(t, quick().LearningRate/2, tr.adam.LearningRate, 0)
	assert.True(t, all(tr.theta, tr.model.theta))
	assert.Greater(t, tr.report.Steps, 1)
}
