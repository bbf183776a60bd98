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
		s := scaleOf(c.column, 6, use, true, featureFloor)
		assert.InDelta(t, c.center, s.Center[0], 1e-12, name)
		assert.InDelta(t, c.spread, s.Spread[0], 1e-12, name)
	}
	s := scaleOf([]float64{-3, -3, -3, -3, 4, 0}, 6, use, false, latencyFloor)
	assert.InDelta(t, 0.02, s.Spread[0], 0, "an incident does not widen a latency")
}

func TestStandardise(t *testing.T) {
	a := newArchitecture(&Spec{NX: 2, D: 1, Nodes: []Node{
		{Overlap: -1},
		{Parents: []int{0}, Terms: []Term{{0, 1, -1}, {0, -1, -1}, {0, -1, 1}}, Overlap: 0},
	}}, &Config{Structured: true})
	xs := Scale{Center: []float64{-1, 2}, Spread: []float64{0.5, 1}}
	x := []float64{ // two windows
		-0.5, math.NaN(),
		99, 3,
	}
	got := make([]float64, 4)
	a.standardiseX(got, x, 2, &xs)
	assert.Equal(t, []float64{1, 0, structuredLimit, 1}, got)

	factors := make([]float64, 6)
	a.factors(factors, x, 2, &xs)
	assert.Equal(t, []float64{
		largestFactor, -1 + 3, // overlap + calls
		-0.5, -1, // overlap alone, missing: the center
		largestFactor, -1 + 3, // both overlaps
	}, factors)
}

// A skip path begins with what medians say: w = 1, and the rest is the node's own.
func TestSkip_start(t *testing.T) {
	data := windows(50, rand.New(rand.NewPCG(1, 1)), func(int) chain { return healthyChain() })
	tr, _, err := newTrainer(chainSpec(), &data, DefaultConfig(), nil)
	require.NoError(t, err)
	m := tr.model
	own := math.Exp(m.yScale.Center[midServer*3]) - math.Exp(m.yScale.Center[backClient*3])
	softplus := func(i int) float64 { return math.Log1p(math.Exp(m.theta[i])) }
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
	structured := newArchitecture(&spec, &Config{Structured: true})
	published := newArchitecture(&spec, &Config{})
	for l := range spec.Latents {
		assert.Equal(t, spec.Latents[l].Y, published.sees[l])
	}
	assert.Equal(t, [][]int{
		{midClient, frontServer}, {backClient, midServer}, {backServer}, {midNetwork}, {backNetwork},
	}, structured.sees, "parents whose effect the skip path holds are left out")

	spec.Nodes[backClient].Terms = spec.Nodes[backClient].Terms[:1] // the network is no term
	assert.Equal(t, []int{backClient, midServer, backNetwork}, newArchitecture(&spec, &Config{Structured: true}).sees[1])
}
