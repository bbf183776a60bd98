package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The entry usually takes 1 s at p50, 4 s at p95 and 8 s at p99. A share p of its requests
// moves quantile q to that of q + p at most.
func TestDiagnosis_most(t *testing.T) {
	for name, c := range map[string]struct {
		quantile, visits float64
		want             float64
	}{
		"a median, by a request in a hundred": {0.5, 0.01, math.Exp(math.Log(4)*0.0250689/1.6448536) - 1}, // probit(0.51), probit(0.95)
		"a median, by 45 in a hundred":        {0.5, 0.45, 3},
		"a p95, by 4 in a hundred":            {0.95, 0.04, math.Inf(1)},
		"a p99":                               {0.99, 0.0001, math.Inf(1)},
		"who is always called":                {0.5, 1, math.Inf(1)},
	} {
		d := diagnosis{
			in: Input{Quantile: c.quantile}, usual: 1, levels: [3]float64{0, math.Log(4), math.Log(8)},
			d: demand{visits: []float64{1, c.visits}},
		}
		assert.InDelta(t, c.want, d.most(suspect{parts: []part{{node: 1}}}), 1e-4, name)
	}
}

// With every other suspect normal a service violates the SLO alone by what it lost, as long as
// enough requests come by.
func TestSearch_sufficientForWhoComesBy(t *testing.T) {
	for limit, want := range map[float64][]int{0.5: {0}, 5: {0, 1}} {
		s := searching(1.9, false, 9, 1)
		s.limit = map[int]float64{1: limit}
		s.settle([]int{0, 1}, 1)
		assert.Equal(t, want, s.forward(channels(2)).set, "at most %v s", limit)
	}
}
