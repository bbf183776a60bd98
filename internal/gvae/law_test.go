package gvae

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// randomModel returns a model of a random network with large random weights, so
// that everything depends on everything that it may depend on, and its data.
func randomModel(t *testing.T, seed uint64, structured bool) (*Model, Data) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 3))
	spec := randomSpec(rng)
	data := randomData(&spec, 30, 0.1, rng)
	tr, _, err := newTrainer[float32](spec, &data, Config{Hidden: []int{5}, Structured: structured, Seed: seed}.withDefaults(), nil)
	require.NoError(t, err)
	for i := range tr.model.theta {
		tr.model.theta[i] += float32(0.3 * rng.NormFloat64())
	}
	tr.restart()
	require.NoError(t, tr.measure())
	return tr.model, data
}

// eachModel runs a law on networks of all kinds.
func eachModel(t *testing.T, law func(t *testing.T, m *Model, data Data, rng *rand.Rand)) {
	for _, structured := range []bool{false, true} {
		for seed := range uint64(25) {
			m, data := randomModel(t, seed, structured)
			law(t, m, data, rand.New(rand.NewPCG(seed, 9)))
		}
	}
}

// anyIntervention draws one of any kind.
func anyIntervention(s *Spec, rng *rand.Rand) Intervention {
	do := Intervention{X: map[int]float64{}}
	for c := range s.NX {
		if rng.Float64() < 0.3 {
			do.X[c] = rng.NormFloat64()
		}
	}
	for l := range s.Latents {
		if rng.Float64() < 0.3 {
			do.Latents = append(do.Latents, l)
		}
	}
	for n := range s.Nodes {
		if rng.Float64() < 0.2 {
			do.Nodes = append(do.Nodes, n)
		}
	}
	return do
}

func TestCounterfactual_withoutInterventionIsTheFact(t *testing.T) {
	eachModel(t, func(t *testing.T, m *Model, data Data, _ *rand.Rand) {
		y := windowOf(data.Y, data.N, 4)
		e := m.Abduct(windowOf(data.X, data.N, 4), y)
		for n := range m.spec.Nodes {
			got := e.Counterfactual(Intervention{}, n, 3, rand.NewPCG(1, 1))
			for i, v := range got {
				if want := y[n*m.spec.D+i%m.spec.D]; !math.IsNaN(want) {
					assert.InDelta(t, want, v, 0, "exactly")
				}
				assert.False(t, math.IsNaN(v))
			}
		}
	})
}

// Setting columns to what they were recomputes everything below with the same
// draws in abduction and prediction, so it gives the fact again.
func TestCounterfactual_ofWhatWasIsTheFact(t *testing.T) {
	eachModel(t, func(t *testing.T, m *Model, data Data, _ *rand.Rand) {
		x, y := windowOf(data.X, data.N, 4), windowOf(data.Y, data.N, 4)
		e := m.Abduct(x, y)
		do := Intervention{X: map[int]float64{}}
		for c, v := range x {
			do.X[c] = v
		}
		for n := range m.spec.Nodes { // log seconds, up to about ten: rounded to 1e-6
			fact := e.Counterfactual(Intervention{}, n, 8, rand.NewPCG(1, 1))
			assert.InDeltaSlice(t, fact, e.Counterfactual(do, n, 8, rand.NewPCG(1, 1)), 1e-6)
		}
	})
}

func TestCounterfactual_reachesDescendantsOnly(t *testing.T) {
	eachModel(t, func(t *testing.T, m *Model, data Data, rng *rand.Rand) {
		e := m.Abduct(windowOf(data.X, data.N, 4), windowOf(data.Y, data.N, 4))
		do := anyIntervention(&m.spec, rng)
		reached := make([]bool, len(m.spec.Nodes))
		for i, n := range m.spec.Nodes {
			causes := slices.Clone(n.X)
			for _, term := range n.Terms {
				if !m.cfg.Structured { // which has no skip path
					break
				}
				causes = append(causes, term.Calls, term.Overlap, n.Overlap)
			}
			reached[i] = slices.Contains(do.Nodes, i) ||
				slices.ContainsFunc(causes, func(c int) bool { _, ok := do.X[c]; return ok }) ||
				slices.ContainsFunc(n.Latents, func(l int) bool { return slices.Contains(do.Latents, l) }) ||
				slices.ContainsFunc(n.Parents, func(p int) bool { return reached[p] })
			fact := e.Counterfactual(Intervention{}, i, 4, rand.NewPCG(1, 1))
			got := e.Counterfactual(do, i, 4, rand.NewPCG(1, 1))
			if reached[i] {
				assert.NotEqual(t, fact, got, "node %d", i)
			} else {
				assert.Equal(t, fact, got, "node %d", i)
			}
		}
	})
}

func TestCounterfactual_commonRandomNumbers(t *testing.T) {
	eachModel(t, func(t *testing.T, m *Model, data Data, rng *rand.Rand) {
		e := m.Abduct(windowOf(data.X, data.N, 4), windowOf(data.Y, data.N, 4))
		do, target := anyIntervention(&m.spec, rng), len(m.spec.Nodes)-1
		long := e.Counterfactual(do, target, 20, rand.NewPCG(1, 1))
		assert.Equal(t, long, e.Counterfactual(do, target, 20, rand.NewPCG(1, 1)), "equal sources, equal draws")
		short := e.Counterfactual(do, target, 7, rand.NewPCG(1, 1))
		assert.Equal(t, long[:len(short)], short, "draw s is draw s")
		slices.Reverse(do.Latents)
		slices.Reverse(do.Nodes)
		assert.Equal(t, long, e.Counterfactual(do, target, 20, rand.NewPCG(1, 1)), "order is nothing")
		assert.Empty(t, e.Counterfactual(do, target, 0, rand.NewPCG(1, 1)))
	})
}

// Whatever a window holds, answers are finite.
func TestAbduct_survivesAnyWindow(t *testing.T) {
	bad := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e308, -1e308, 1e-308, 0, 700}
	eachModel(t, func(t *testing.T, m *Model, _ Data, rng *rand.Rand) {
		for range 20 {
			x, y := make([]float64, m.spec.NX), make([]float64, len(m.spec.Nodes)*m.spec.D)
			for _, v := range [][]float64{x, y} {
				for i := range v {
					v[i] = bad[rng.IntN(len(bad))]
				}
			}
			e := m.Abduct(x, y)
			for n := range m.spec.Nodes {
				do := anyIntervention(&m.spec, rng)
				for c := range do.X {
					do.X[c] = bad[rng.IntN(len(bad))]
				}
				assert.True(t, all(e.Counterfactual(do, n, 5, rand.NewPCG(1, 1))))
				for d := range m.spec.D {
					known := finite(y[n*m.spec.D+d])
					assert.Equal(t, known, finite(e.Residual(n, d)))
				}
			}
		}
	})
}

// A missing latency is what the model expects, so it is not the residual of its
// node that explains an excess elsewhere.
func TestAbduct_missingLatencyIsExpected(t *testing.T) {
	m, _ := trained()
	bad := healthyChain()
	bad.own[2] *= 10
	x, y := bad.window(rand.New(rand.NewPCG(9, 2)))
	for d := range 3 {
		y[backClient*3+d] = math.NaN()
	}
	e := m.Abduct(x, y)
	assert.True(t, math.IsNaN(e.Residual(backClient, 2)))
	got := tailOf(e.Counterfactual(Intervention{}, backClient, 1, rand.NewPCG(1, 1)), 3)
	assert.InEpsilon(t, math.Exp(y[backServer*3+2]), got, 0.05, "about the server's, the network is fast")
	assert.Less(t, math.Abs(e.Residual(midServer, 2)), 5.0)
}

// Far outside the range of training the structured model rises with each callee's
// latency by its share, never falls.
func TestStructured_risesWithItsParents(t *testing.T) {
	m, _ := trained()
	x, y := healthyChain().window(rand.New(rand.NewPCG(5, 5)))
	in, eval := m.exogenous(x), newEvaluator(m, m.Abduct(x, y).positive, 1)
	z, out, scale := parentRows[float32]{data: make([]float32, len(m.spec.Latents)), dims: 1, n: 1}, make([]float32, 3), &m.yScale
	given := make([]float32, len(y))
	for c, v := range y {
		given[c] = float32(standardY(v, scale, c))
	}
	last := math.Inf(-1)
	for factor := 4.0; factor < 1e6; factor *= 2 { // times the usual latency
		for d := range 3 {
			c := midServer*3 + d
			given[c] = float32((y[c] + math.Log(factor) - scale.Center[c]) / scale.Spread[c])
		}
		eval.node(out, midClient, in, z, parentRows[float32]{data: given, dims: 3, n: 1})
		c := midClient*3 + 2
		got := scale.Center[c] + scale.Spread[c]*float64(out[2])
		assert.Greater(t, got, last)
		assert.InDelta(t, y[midServer*3+2]+math.Log(factor), got, 0.1, "client is server, and little more")
		last = got
	}
}

func TestEvidence_panicsOnMisuse(t *testing.T) {
	m, data := randomModel(t, 1, true)
	x, y := windowOf(data.X, data.N, 4), windowOf(data.Y, data.N, 4)
	e, src := m.Abduct(x, y), rand.NewPCG(1, 1)
	for name, f := range map[string]func(){
		"x":        func() { m.Abduct(x[1:], y) },
		"y":        func() { m.Abduct(x, y[1:]) },
		"node":     func() { e.Residual(len(m.spec.Nodes), 0) },
		"quantile": func() { e.Residual(0, -1) },
		"target":   func() { e.Counterfactual(Intervention{}, -1, 1, src) },
		"samples":  func() { e.Counterfactual(Intervention{}, 0, -1, src) },
		"column":   func() { e.Counterfactual(Intervention{X: map[int]float64{m.spec.NX: 1}}, 0, 1, src) },
		"latent":   func() { e.Counterfactual(Intervention{Latents: []int{-1}}, 0, 1, src) },
		"do node":  func() { e.Counterfactual(Intervention{Nodes: []int{99}}, 0, 1, src) },
	} {
		assert.Panics(t, f, name)
	}
}

// Under the race detector: one model, many goroutines, the same answers.
func TestModel_isSafeForConcurrentUse(t *testing.T) {
	m, usual := trained()
	bad := healthyChain()
	bad.own[1] *= 10
	x, y := bad.window(rand.New(rand.NewPCG(1, 1)))
	shared := m.Abduct(x, y)
	want := shared.Counterfactual(restore(usual, 1), frontServer, 16, rand.NewPCG(1, 1))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			assert.Equal(t, want, shared.Counterfactual(restore(usual, 1), frontServer, 16, rand.NewPCG(1, 1)))
			assert.Equal(t, want, m.Abduct(x, y).Counterfactual(restore(usual, 1), frontServer, 16, rand.NewPCG(1, 1)))
		})
	}
	wg.Wait()
}
