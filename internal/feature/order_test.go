package feature_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// shapes are how values of a column may be distributed; NaN is a missing one.
var shapes = map[string]func(rng *rand.Rand) float64{
	"uniform":   func(rng *rand.Rand) float64 { return rng.Float64() },
	"latencies": func(rng *rand.Rand) float64 { return -4 + 0.1*rng.NormFloat64() },
	"signs":     func(rng *rand.Rand) float64 { return rng.NormFloat64() },
	"wide":      func(rng *rand.Rand) float64 { return math.Exp(20 * rng.NormFloat64()) },
	"constant":  func(*rand.Rand) float64 { return 0.25 },
	"few":       func(rng *rand.Rand) float64 { return float64(rng.IntN(3)) },
	"outlier": func(rng *rand.Rand) float64 {
		if rng.IntN(50) == 0 {
			return -1e30
		}
		return 7 + 1e-3*rng.NormFloat64()
	},
	"gaps": func(rng *rand.Rand) float64 {
		if rng.IntN(3) > 0 {
			return math.NaN()
		}
		return rng.ExpFloat64()
	},
	"never": func(*rand.Rand) float64 { return math.NaN() },
}

// What is normal is to the bit what comparing the values says, however they are
// distributed, with missing values and windows that were violated, before the ring is
// full and after it wrapped, and since a change.
func TestHistory_Baseline_isThatOfTheValues(t *testing.T) {
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 4))
			for _, n := range []int{1, 2, 3, 4, 7, 64, 299, 300, 431, 1000} {
				h := feature.NewHistory(time.Second, 300, 10)
				k := metric("cart", "cpu")
				for i := range n {
					var v []window.Value
					if x := shape(rng); !math.IsNaN(x) {
						v = []window.Value{{Metric: "cpu", Value: x}}
					}
					h.Append(&window.Snapshot{Start: int64(i) * 10, End: int64(i)*10 + 10, Resources: []window.Resource{{Service: svc("cart"), Values: v}}})
					h.SetHealth(h.Len()-1, feature.Health(rng.IntN(3)))
				}
				for range 4 {
					before := int64(rng.IntN(n*10 + 20))
					sameNormal(t, h, k, 0, before)
					h.SetHealth(rng.IntN(h.Len()), feature.Health(rng.IntN(3)))
					sameNormal(t, h, k, 0, before)
				}
				since := int64(rng.IntN(n*10)) + 1
				h.Renew(since)
				for range 4 {
					sameNormal(t, h, k, since, int64(rng.IntN(n*10+20)))
				}
				sameNormal(t, h.Clone(), k, since, math.MaxInt64)
			}
		})
	}
}

// sameNormal requires Baseline and Normal, since a change at renewed (0: none), to be what sorting says.
func sameNormal(t *testing.T, h *feature.History, k feature.Key, renewed, before int64) {
	t.Helper()
	values := func(since, before int64) (out []float64) {
		for row := range h.Len() {
			v := h.Value(k, row)
			if at := h.Start(row); at >= since && at < before && h.Health(row) != feature.Violated && !math.IsNaN(v) {
				out = append(out, v)
			}
		}
		slices.Sort(out)
		return out
	}
	quantile := func(sorted []float64, q float64) float64 {
		at := q * float64(len(sorted)-1)
		i := int(at)
		if i+1 == len(sorted) {
			return sorted[i]
		}
		return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
	}
	describe := func(sorted []float64) feature.Robust {
		if len(sorted) == 0 {
			return feature.Robust{Median: math.NaN(), Spread: math.NaN()}
		}
		median, iqr := quantile(sorted, 0.5), quantile(sorted, 0.75)-quantile(sorted, 0.25)
		return feature.Robust{Median: median, Spread: max(iqr/1.349, feature.MinSpread(k.Kind, median)), N: len(sorted)}
	}
	normal := values(math.MinInt64, before)
	want := describe(normal)
	if renewed != 0 && renewed < before {
		after, was := describe(values(renewed, before)), describe(values(math.MinInt64, renewed))
		if after.N >= 8 && after.N != want.N && math.Abs(after.Median-was.Median) > was.Spread {
			want, normal = after, values(renewed, before)
		}
	}
	got := h.Baseline(k, before)
	bits := func(r feature.Robust) [3]uint64 {
		return [3]uint64{math.Float64bits(r.Median), math.Float64bits(r.Spread), uint64(r.N)}
	}
	require.Equal(t, bits(want), bits(got), "%v, want %v", got, want)
	require.Equal(t, bits(want), bits(feature.Describe(k.Kind, slices.Clone(normal))))
	for _, q := range []float64{0, 0.05, 0.5, 0.95, 1} {
		if got := h.Normal(k, before, q); len(normal) == 0 {
			assert.True(t, math.IsNaN(got))
		} else {
			require.Equal(t, math.Float64bits(quantile(normal, q)), math.Float64bits(got))
		}
	}
}
