package recorded

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// sketchError is the relative error of a sketch's quantile, (b-1)/(b+1) with b =
// 2^(1/32), which is 0.01083, and what rounding 0.1 ms to nanoseconds adds.
const sketchError = 0.01084

func TestQuantiles_at(t *testing.T) {
	nan := math.NaN()
	pairs := func(v ...float64) quantiles { // p50, p90, p99
		return newQuantiles(quantile{0.5, v[0]}, quantile{0.9, v[1]}, quantile{0.99, v[2]})
	}
	for name, c := range map[string]struct {
		k    quantiles
		q    float64
		want float64
	}{
		"nothing":             {nil, 0.5, nan},
		"only NaN":            {pairs(nan, nan, nan), 0.5, nan},
		"recorded":            {pairs(10, 20, 40), 0.9, 20},
		"one that lies lower": {pairs(10, 8, 40), 0.9, 10}, // raised to the median
		"above the highest":   {pairs(10, 20, 40), 0.999, 40},
		"below a single one":  {pairs(10, nan, nan), 0.01, 10},
		"without spread":      {pairs(10, 10, 10), 0.01, 10},
		"between, geometric":  {pairs(10, nan, 1000), 0.87762, 100}, // probit(.87762) = 1.163 is half of probit(.99)
		"below, as steep":     {pairs(10, 20, nan), 0.1, 5},         // as far below the median as p90 is above
		// p99 is raised to p90: the flattest slope is ln(1000)/2.326, and goes on to a
		// fall by 45, more than is allowed.
		"below, the flattest":     {pairs(10, 1e4, 20), 0.1, 2.5},
		"below, at most a fourth": {pairs(10, 1e4, 1e9), 0.1, 2.5},
		"zero":                    {pairs(0, 0, 0), 0.3, 0},
		"between zero and more":   {pairs(0, 20, 40), 0.7, 20},
		"negative is no latency":  {pairs(-1, 20, 40), 0.5, 20 / math.Min(4, math.Pow(2, 1.2816/(2.3263-1.2816)))},
	} {
		got := c.k.at(c.q)
		if math.IsNaN(c.want) {
			assert.True(t, math.IsNaN(got), name)
			continue
		}
		assert.InDelta(t, c.want, got, 0.002*c.want, name)
	}
}

// TestQuantiles_sketch checks the law that a sketch has the quantiles it was made
// of, whatever its weight.
func TestQuantiles_sketch(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var pairs []quantile
		v := math.Max(1e5, 1e6*math.Exp(2*rng.NormFloat64()))
		for _, order := range []float64{0.5, 0.9, 0.95, 0.99} {
			pairs = append(pairs, quantile{order, v})
			v *= 1 + 3*rng.Float64()
		}
		weight := 0.01 + 1000*rng.Float64()
		s := newQuantiles(pairs...).sketch(weight)
		assert.InEpsilon(t, weight, s.Count(), 1e-9)
		for _, p := range pairs {
			assert.InEpsilon(t, p.ns, s.Quantile(p.order), sketchError, "order %g of %v, weight %g", p.order, pairs, weight)
		}
		assert.InEpsilon(t, pairs[3].ns, s.Max(), 1e-4, "no tail is invented")
	}
	for _, empty := range []quantiles{nil, newQuantiles(quantile{0.5, math.NaN()})} {
		assert.Zero(t, empty.sketch(10).Count())
	}
	known := newQuantiles(quantile{0.5, 10})
	for _, weight := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		assert.Zero(t, known.sketch(weight).Count(), "weight %g", weight)
	}
}

func TestQuantiles_with(t *testing.T) {
	k := newQuantiles(quantile{0.9, 20}, quantile{0.99, 40})
	assert.Equal(t, quantiles{{0.5, 5}, {0.9, 20}, {0.99, 40}}, k.with(0.5, 5))
	assert.Equal(t, quantiles{{0.5, 30}, {0.9, 30}, {0.99, 40}}, k.with(0.5, 30), "order is kept")
	assert.Equal(t, quantiles{{0.9, 20}, {0.99, 30}}, k.with(0.99, 30), "replaced")
	assert.Equal(t, quantiles{{0.9, 10}, {0.99, 10}}, k.with(0.99, 10))
	assert.Equal(t, k, k.with(0.5, math.NaN()))
	assert.Equal(t, quantiles{{0.5, 5}}, quantiles(nil).with(0.5, 5))
}
