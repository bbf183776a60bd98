package gvae

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScaleOf(t *testing.T) {
	nan := math.NaN()
	use := []bool{true, true, true, true, true, false}
	for name, c := range map[string]struct {
		column         []float64
		center, spread float64
	}{
		// Sorted 0 1 2 3 4: median 2, quartiles 1 and 3.
		"quartiles":           {[]float64{4, 0, 3, 1, 2, 1e9}, 2, 2 / normalIQR},
		"an outlier":          {[]float64{400, 0, 3, 1, 2, 0}, 2, 2 / normalIQR},
		"missing":             {[]float64{4, nan, 3, math.Inf(1), 2, 0}, 3, 1 / normalIQR},
		"nothing":             {[]float64{nan, nan, nan, nan, nan, 7}, 0, 1},
		"constant":            {[]float64{5, 5, 5, 5, 5, 9}, 5, 0.05},
		"constant zero":       {[]float64{0, 0, 0, 0, 0, 9}, 0, 1e-6},
		"bursts":              {[]float64{0, 0, 0, 0, 10, 9}, 0, math.Sqrt(20)},
		"less than a percent": {[]float64{100, 100.1, 100.2, 99.9, 100, 0}, 100, 1},
	} {
		center, spread, _ := scaleOf(c.column, use, true, asIs, featureFloor, nil)
		assert.InDelta(t, c.center, center, 1e-12, name)
		assert.InDelta(t, c.spread, spread, 1e-12, name)
	}
	_, spread, _ := scaleOf([]float64{-3, -3, -3, -3, 4, 0}, use, false, asIs, latencyFloor, nil)
	assert.InDelta(t, 0.02, spread, 0, "an incident does not widen a latency")
}

func TestMoments(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		column         []float64
		center, spread float64
	}{
		"an incident counts": {[]float64{0, 0, 0, 8}, 2, math.Sqrt(12)}, // (3*4 + 36)/4
		"missing":            {[]float64{1, nan, math.Inf(1), 3}, 2, 1},
		"nothing":            {[]float64{nan, nan, nan, nan}, 0, 1},
		"constant":           {[]float64{5, 5, 5, 5}, 5, 0.05},
	} {
		center, spread, _ := moments(c.column, asIs, featureFloor, nil)
		assert.InDelta(t, c.center, center, 1e-12, name)
		assert.InDelta(t, c.spread, spread, 1e-12, name)
	}
}

// A metric that is zero while all is well and not in incidents must not be an input
// of 1e5 to networks that nothing clamps.
func TestPlainModelSeesIncidentsInRange(t *testing.T) {
	const n = 40
	spec := Spec{NX: 1, D: 1, Nodes: []Node{{X: []int{0}, Overlap: -1}}}
	data := Data{N: n, X: make([]float64, n), Y: make([]float64, n), Healthy: make([]bool, n)}
	for w := range n {
		if data.Healthy[w] = w%4 != 0; !data.Healthy[w] {
			data.X[w], data.Y[w] = 0.5, 1
		}
	}
	cfg := DefaultConfig()
	cfg.Structured, cfg.Epochs = false, 1
	m, _, err := Train(t.Context(), spec, data, cfg, nil)
	require.NoError(t, err)
	// A share p of ones has standard deviation sqrt(p(1-p)): the other value lies
	// (1-p)/sqrt(p(1-p)) = sqrt(3) from the mean for p = 1/4.
	assert.InDelta(t, math.Sqrt(3), (0.5-m.xScale.Center[0])/m.xScale.Spread[0], 1e-9)
	assert.InDelta(t, math.Sqrt(3), (1-m.yScale.Center[0])/m.yScale.Spread[0], 1e-9)
}

func TestStandardise(t *testing.T) {
	a := newArchitecture(&Spec{NX: 2, D: 1, Nodes: []Node{
		{Overlap: -1},
		{Parents: []int{0}, Terms: []Term{{0, 1, -1}, {0, -1, -1}, {0, -1, 1}}, Overlap: 0},
	}}, &Config{Structured: true}, given{})
	xs := Scale{Center: []float64{-1, 2}, Spread: []float64{0.5, 1}}
	ys := Scale{Center: []float64{-3, 1}, Spread: []float64{2, 1}}
	data := Data{
		N: 2,
		X: []float64{
			-0.5, math.NaN(),
			99, 3,
		},
		Y: []float64{
			-5, math.Inf(1),
			1e9, 2,
		},
	}
	p := prepare[float64](a, &data, &xs, &ys)
	first, second := p.record(0), p.record(1)
	assert.Equal(t, []float64{1, structuredLimit}, first[p.x:p.y])
	assert.Equal(t, []float64{0, 1}, second[p.x:p.y])
	assert.Equal(t, []float64{-1, largestLog - 1}, first[p.y:p.factors])
	assert.True(t, math.IsNaN(second[p.y]), "missing")
	assert.Equal(t, 1.0, second[p.y+1])
	assert.Equal(t, p.y, p.target, "all are to be learned from")
	// Overlap + calls; overlap alone, missing: the center; both overlaps.
	assert.Equal(t, []float64{largestFactor, -0.5, largestFactor}, first[p.factors:p.factors+3])
	assert.Equal(t, []float64{-1 + 3, -1, -1 + 3}, second[p.factors:p.factors+3])
	for term := range 3 {
		assert.Equal(t, first[p.factors+term], a.factor(1, term, windowOf(data.X, 2, 0), &xs))
	}

	data.Since, data.SinceX = []int{1, 0}, []int{0, 1}
	p = prepare[float64](a, &data, &xs, &ys)
	first = p.record(0)
	assert.Equal(t, []float64{1, 0}, first[p.x:p.y], "before it counts a column is missing")
	assert.Equal(t, []float64{-1, largestLog - 1}, first[p.y:p.factors])
	assert.True(t, math.IsNaN(first[p.target]), "a cause of others, and nothing to learn from")
	assert.Equal(t, largestLog-1.0, first[p.target+1])
}

// A skip path begins with what medians say: w = 1, and the rest is the node's own.
func TestSkip_start(t *testing.T) {
	data := windows(50, rand.New(rand.NewPCG(1, 1)), func(int) chain { return healthyChain() })
	tr, _, err := newTrainer[float32](chainSpec(), &data, DefaultConfig(), nil)
	require.NoError(t, err)
	m := tr.model
	own := math.Exp(m.yScale.Center[midServer*3]) - math.Exp(m.yScale.Center[backClient*3])
	softplus := func(i int) float64 { return math.Log1p(math.Exp(float64(m.theta[i]))) }
	s := m.arch.skips[midServer]
	assert.InDelta(t, 1, softplus(s.weights), 1e-9)
	assert.InEpsilon(t, own, softplus(s.own)*math.Exp(m.yScale.Center[midServer*3]), 0.05)

	// 99th percentiles of server and network add up to more than the client's.
	c := m.arch.skips[backClient]
	assert.Less(t, softplus(c.weights+2), 1.0)
	assert.InDelta(t, leastShare, softplus(c.own+2), 1e-9)
}

func TestArchitecture_visible(t *testing.T) {
	spec := chainSpec()
	structured := newArchitecture(&spec, &Config{Structured: true}, given{})
	published := newArchitecture(&spec, &Config{}, given{})
	for l := range spec.Latents {
		assert.Equal(t, spec.Latents[l].Y, published.sees[l])
	}
	assert.Equal(t, [][]int{
		{midClient, frontServer}, {backClient, midServer}, {backServer}, {midNetwork}, {backNetwork},
	}, structured.sees, "parents whose effect the skip path holds are left out")

	spec.Nodes[backClient].Terms = spec.Nodes[backClient].Terms[:1] // the network is no term
	assert.Equal(t, []int{backClient, midServer, backNetwork}, newArchitecture(&spec, &Config{Structured: true}, given{}).sees[1])
}
