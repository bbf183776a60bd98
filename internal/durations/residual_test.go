package durations

import (
	"math"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/stretchr/testify/assert"
)

// drawn is a distribution of 20,000 durations that f draws, ns.
func drawn(f func(*rand.Rand) float64) dist {
	var d dist
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		d.add(cellOf(f(rng)), 1)
	}
	return d
}

func logNormal(ms, s float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return ms * 1e6 * math.Exp(s*r.NormFloat64()) }
}

// Gaps of usually half a millisecond before a callee of 20 ms, of 300 calls: what made them longer shows in
// the buckets of SDKs, of whole calls. Quantiles in ms.
func TestResidual(t *testing.T) {
	usual, callee := logNormal(0.5, 0.4), logNormal(20, 0.4)
	for name, c := range map[string]struct {
		gap      func(*rand.Rand) float64
		p50, p99 float64
	}{
		"as usual":         {usual, 0.5, 1.3},
		"a delay of 30 ms": {func(r *rand.Rand) float64 { return 30e6 + usual(r) }, 30.5, 31.5},
		"4 % are lost, and sent again after 200 ms": {func(r *rand.Rand) float64 {
			if r.Float64() < 0.04 {
				return 200e6 + usual(r)
			}
			return usual(r)
		}, 0.5, 200},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		h := &hist{bounds: usualBounds, counts: make([]float64, len(usualBounds)+1)}
		gaps := 0.0
		for range 300 {
			g, s := c.gap(rng), callee(rng)
			h.counts[sort.SearchFloat64s(usualBounds, g+s)]++
			h.n++
			h.sum += g + s
			gaps += g
		}
		got := residual(drawn(usual), gaps/h.n, h, drawn(callee))
		s := got.sketch(h.n, gaps)
		assert.InEpsilon(t, c.p50, s.Quantile(0.5)/1e6, 0.25, "%s: median", name)
		assert.InEpsilon(t, c.p99, s.Quantile(0.99)/1e6, 0.5, "%s: tail", name)
	}
}

// Within buckets durations lie where the mean says.
func TestHist_refine(t *testing.T) {
	for _, want := range []float64{120, 150, 230} { // ms, all in the bucket of 100 to 250 ms
		h := &hist{bounds: usualBounds, counts: make([]float64, len(usualBounds)+1), n: 300, sum: 300 * want * 1e6}
		h.counts[6] = 300
		for name, shape := range map[string]dist{"nothing known": {}, "spans of usual times": drawn(logNormal(130, 0.1))} {
			d := h.refine(shape, true)
			assert.InDelta(t, 300, d.total(), 1e-6, name)
			assert.InEpsilon(t, want*1e6, d.mean(), 0.01, "%s, mean of %v ms", name, want)
			assert.InDelta(t, 0, d.above(252e6), 1e-9, name)
		}
	}
}
