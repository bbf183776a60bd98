package feature

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/nn"
)

// columnsOf are how values may follow each other: what comes back every so many windows, and
// values that are often or always the same, are what looking at some of them may be fooled by.
var columnsOf = map[string]func(rng *rand.Rand, i int) float32{
	"scattered": func(rng *rand.Rand, _ int) float32 { return float32(rng.NormFloat64()) },
	"rising":    func(_ *rand.Rand, i int) float32 { return float32(i) },
	"falling":   func(_ *rand.Rand, i int) float32 { return -float32(i) },
	"periodic":  func(_ *rand.Rand, i int) float32 { return float32(math.Sin(2 * math.Pi * float64(i%120) / 120)) },
	"two":       func(rng *rand.Rand, _ int) float32 { return float32(rng.IntN(2)) },
	"zero":      func(*rand.Rand, int) float32 { return 0 },
	"seldom": func(rng *rand.Rand, _ int) float32 {
		return max(0, float32(rng.NormFloat64()-1.5))
	},
	"wide": func(rng *rand.Rand, _ int) float32 { return float32(math.Exp(10 * rng.NormFloat64())) },
	"gaps": func(rng *rand.Rand, i int) float32 {
		if i%3 > 0 {
			return float32(math.NaN())
		}
		return rng.Float32()
	},
}

// The kernels find, to the bit, the quartiles that counting finds, wherever brackets lie:
// nowhere, where they were some windows ago, where those of another column are.
func TestOrder_quickIsDescribe(t *testing.T) {
	for name, column := range columnsOf {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(5, 6))
			var quick, slow order
			for _, n := range []int{1, 2, 3, 5, 24, 25, 26, 100, 999, 2880} {
				ring := make([]float32, n)
				for i := range ring {
					ring[i] = column(rng, i)
				}
				var b brackets
				for turn := range 20 {
					rows := []run{{0, n}}
					if cut := rng.IntN(n); turn%2 == 1 {
						rows = []run{{rng.IntN(cut + 1), cut}, {cut, n - rng.IntN(n-cut)}}
					}
					slow.take(ring, rows)
					want, got := slow.describe(Metric), quick.quick(Metric, &b, ring, rows)
					require.True(t, sameBits(want, got), "%d values, %v: %v, want %v", n, rows, got, want)
					switch turn {
					case 10:
						b = brackets{{-1, 1}, {1, -1}, everything}
					default:
						ring[rng.IntN(n)] = column(rng, rng.IntN(n))
					}
				}
			}
		})
	}
}

func sameBits(a, b Robust) bool {
	return math.Float64bits(a.Median) == math.Float64bits(b.Median) && math.Float64bits(a.Spread) == math.Float64bits(b.Spread) && a.N == b.N
}

// What is near a quartile of a day is found once: later brackets hold a part of the values.
func TestOrder_quickRemembers(t *testing.T) {
	if !nn.Vectorised() {
		t.Skip("brackets are for kernels in assembly")
	}
	rng := rand.New(rand.NewPCG(1, 1))
	ring := make([]float32, 2880)
	for i := range ring {
		ring[i] = float32(rng.NormFloat64())
	}
	var o order
	var b brackets
	o.quick(Metric, &b, ring, []run{{0, len(ring)}})
	first := b
	for i, q := range b {
		n := nn.Between(o.inside, ring, q.low, q.high)
		assert.Less(t, n, len(ring)/2, "quartile %d: %v", i+1, q)
		assert.GreaterOrEqual(t, n, 2*margin(len(ring)))
	}
	for range 60 { // half an hour of windows
		ring[rng.IntN(len(ring))] = float32(rng.NormFloat64())
		o.quick(Metric, &b, ring, []run{{0, len(ring)}})
	}
	for i, q := range b {
		assert.True(t, q.low >= first[i].low && q.high <= first[i].high, "quartile %d was looked for again", i+1)
	}
	slices.Sort(ring)
	assert.True(t, b[1].low <= ring[1439] && ring[1440] < b[1].high)
	assert.Zero(t, testing.AllocsPerRun(10, func() { o.quick(Metric, &b, ring, []run{{0, len(ring)}}) }))
}
