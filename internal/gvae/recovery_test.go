package gvae

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// faults of the chain, the channel that has each, the node where it shows, and how
// far from the truth the restored tail may be. The truth is the same window without
// the fault. It keeps what the window had drawn for the culprit (spread 0.06 plus
// CPU, of which restoring takes the typical value, 0.1 in log) and quantiles of sums
// are not sums of quantiles, which shows most for a heavy tail on a small mean.
var faults = []struct {
	name      string
	channel   int
	node      int
	tolerance float64
	inject    func(c *chain)
}{
	{"front", 0, frontServer, 0.15, func(c *chain) { c.own[0] *= 10 }},
	{"mid", 1, midServer, 0.15, func(c *chain) { c.own[1] *= 10 }},
	{"back", 2, backServer, 0.15, func(c *chain) { c.own[2] *= 10 }},
	{"network front-mid", 3, midNetwork, 0.25, func(c *chain) { c.network[0] *= 100 }},
	{"network mid-back", 4, backNetwork, 0.25, func(c *chain) { c.network[1] *= 100 }},
}

// trained returns structured models of a healthy chain, one for all tests.
var trained = sync.OnceValues(func() (*Model, []float64) {
	data := windows(200, rand.New(rand.NewPCG(1, 1)), func(int) chain { return healthyChain() })
	m, _, err := Train(context.Background(), chainSpec(), data, DefaultConfig(), nil)
	if err != nil {
		panic(err)
	}
	return m, usualX(&data)
})

// tailOf returns the median of the last quantile over draws, in seconds.
func tailOf(draws []float64, dims int) float64 {
	var tails []float64
	for s := dims - 1; s < len(draws); s += dims {
		tails = append(tails, math.Exp(draws[s]))
	}
	slices.Sort(tails)
	return quantile(tails, 0.5)
}

func TestRecovery_faultsOutsideOfTraining(t *testing.T) {
	m, usual := trained()
	for i, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			bad := healthyChain()
			f.inject(&bad)
			x, y := bad.window(rand.New(rand.NewPCG(9, uint64(i))))
			_, healthy := healthyChain().window(rand.New(rand.NewPCG(9, uint64(i))))
			observed, truth := math.Exp(y[len(y)-1]), math.Exp(healthy[len(y)-1])
			require.Greater(t, observed, 1.5*truth)

			e := m.Abduct(x, y)
			for n := range m.spec.Nodes {
				if n != f.node {
					assert.Greater(t, math.Abs(e.Residual(f.node, 2)), 3*math.Abs(e.Residual(n, 2)), "against node %d", n)
				}
			}
			for c := range m.spec.Latents {
				got := tailOf(e.Counterfactual(restore(usual, c), frontServer, 64, rand.NewPCG(1, 2)), 3)
				if c == f.channel {
					assert.InEpsilon(t, truth, got, f.tolerance, "the culprit restored")
				} else {
					assert.Greater(t, got, observed-0.3*(observed-truth), "channel %d restored", c)
				}
			}
		})
	}
}

// A fifth of the windows has faults of the kind that is asked about, oversampled,
// and marked.
func TestRecovery_incidentsInTraining(t *testing.T) {
	const n = 240
	healthy, weight := make([]bool, n), make([]float64, n)
	data := windows(n, rand.New(rand.NewPCG(1, 1)), func(i int) chain {
		c := healthyChain()
		healthy[i], weight[i] = i%5 != 0, 1
		if !healthy[i] {
			weight[i] = 3
			faults[i/5%len(faults)].inject(&c)
		}
		return c
	})
	data.Healthy, data.Weight = healthy, weight
	m, _, err := Train(context.Background(), chainSpec(), data, DefaultConfig(), nil)
	require.NoError(t, err)
	usual := usualX(&data)
	for i, f := range faults {
		bad := healthyChain()
		f.inject(&bad)
		x, y := bad.window(rand.New(rand.NewPCG(9, uint64(i))))
		_, normal := healthyChain().window(rand.New(rand.NewPCG(9, uint64(i))))
		observed, truth := math.Exp(y[len(y)-1]), math.Exp(normal[len(y)-1])
		e := m.Abduct(x, y)
		restored := make([]float64, len(m.spec.Latents))
		for c := range restored {
			restored[c] = tailOf(e.Counterfactual(restore(usual, c), frontServer, 64, rand.NewPCG(1, 2)), 3)
		}
		assert.InEpsilon(t, truth, restored[f.channel], f.tolerance, f.name)
		for c, v := range restored {
			if c != f.channel {
				assert.Greater(t, v, observed-0.3*(observed-truth), "%s, channel %d restored", f.name, c)
			}
		}
	}
}

// The published model is sound inside the range of its training: it learns that CPU
// makes a service slow, and what the tail had been with less of it.
func TestRecovery_publishedModelInRange(t *testing.T) {
	data := windows(400, rand.New(rand.NewPCG(2, 2)), func(int) chain { return healthyChain() })
	cfg := DefaultConfig()
	cfg.Structured = false
	m, report, err := Train(context.Background(), chainSpec(), data, cfg, nil)
	require.NoError(t, err)
	assert.Less(t, report.HeldOutLoss, 0.6, "of 1 that predicting the median has, and more for chains")

	usual := usualX(&data)
	slow := healthyChain()
	slow.own[2] *= 1.25 // two spreads
	x, y := slow.window(rand.New(rand.NewPCG(4, 4)))
	_, healthy := healthyChain().window(rand.New(rand.NewPCG(4, 4)))
	got := tailOf(m.Abduct(x, y).Counterfactual(restore(usual, 2), frontServer, 64, rand.NewPCG(1, 2)), 3)
	assert.InEpsilon(t, math.Exp(healthy[len(y)-1]), got, 0.12)
	assert.Less(t, got, math.Exp(y[len(y)-1]))
}

// A healthy window is no news: residuals are of the order of their spread.
func TestResidual_ofHealthyWindows(t *testing.T) {
	m, _ := trained()
	rng := rand.New(rand.NewPCG(21, 21))
	beyond, all := 0, 0
	for range 40 {
		e := m.Abduct(healthyChain().window(rng))
		for n := range m.spec.Nodes {
			for d := range 3 {
				if all++; math.Abs(e.Residual(n, d)) > 4 {
					beyond++
				}
			}
		}
	}
	assert.Less(t, float64(beyond), 0.01*float64(all))
}

func ExampleEvidence_Counterfactual() {
	m, usual := trained()
	bad := healthyChain()
	bad.own[2] *= 10 // back takes ten times as long
	e := m.Abduct(bad.window(rand.New(rand.NewPCG(1, 1))))
	before := tailOf(e.Counterfactual(Intervention{}, frontServer, 1, rand.NewPCG(1, 1)), 3)
	after := tailOf(e.Counterfactual(restore(usual, 2), frontServer, 64, rand.NewPCG(1, 1)), 3)
	fmt.Println("p99 had been less than a quarter with back normal:", after < before/4)
	// Output: p99 had been less than a quarter with back normal: true
}
