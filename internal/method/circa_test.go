package method

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// rows is a reader of n rows of which the last is abnormal; columns are given to
// the regression directly.
func rows(n int) *reader {
	h := feature.NewHistory(time.Second, n, 1)
	for i := range n {
		h.Append(&window.Snapshot{Start: int64(i + 1), End: int64(i + 2)})
	}
	return newReader(h, int64(n))
}

// y = 3 + 2 a - b + noise is explained by a and b however far these go, and not by
// a alone.
func TestRegression(t *testing.T) {
	const n = 200
	rng := rand.New(rand.NewPCG(1, 1))
	var a, b, y []float64
	for i := range n {
		u, v := rng.NormFloat64(), rng.NormFloat64()
		if i == n-1 {
			u, v = 10, -10
		}
		a, b = append(a, u), append(b, v)
		y = append(y, 3+2*u-v+0.1*rng.NormFloat64())
	}
	f := newRegression(rows(n))
	// The fit's weights are off by 0.1/sqrt(n), and by the ridge of a thousandth: at
	// 10 spreads out that is 0.07 and 0.03 of a noise of 0.1, and the noise itself.
	assert.Less(t, f.score(y, [][]float64{a, b}), 6.0)
	// Given a alone, -b = 10 is left over, of which the spread is 1.
	assert.InDelta(t, 10, f.score(y, [][]float64{a}), 2.5)
	assert.Greater(t, f.score(y, nil), 10.0)
}

func TestRegression_missing(t *testing.T) {
	const n = 20
	nan := math.NaN()
	y, p, gone := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		y[i], p[i], gone[i] = float64(i%5), float64(i%5), nan
	}
	y[n-1], p[n-1] = 9, 9
	f := newRegression(rows(n))
	assert.Less(t, f.score(y, [][]float64{p}), 10.0, "explained but for the ridge, over a floor of a thousandth")
	assert.Equal(t, f.score(y, [][]float64{p}), f.score(y, [][]float64{p, gone}), "what is missing explains nothing")
	p[n-1] = nan
	assert.Equal(t, f.score(y, nil), f.score(y, [][]float64{p}), "nor what is missing now")
	y[n-1] = nan
	assert.Zero(t, f.score(y, nil))
	assert.Zero(t, newRegression(rows(3)).score([]float64{1, 2, 3}, nil), "two windows are no baseline")
}

// The adjustment, by hand: 0 -> 1 -> 2 -> 3 with scores 5, 1, 4, 9. 0 is abnormal
// and sees 4 through 1, which is normal; 2 adds 9; 1 and 3 stay.
func TestMetricGraph_adjusted(t *testing.T) {
	g := metricGraph{parents: [][]int{nil, {0}, {1}, {2}}, effects: make([][]int, 4)}
	assert.Equal(t, []float64{5 + 4, 1, 4 + 9, 9}, g.adjusted([]float64{5, 1, 4, 9}))
	// An effect that is not listed as a parent counts the same.
	g.effects[0] = []int{3}
	assert.Equal(t, []float64{5 + 9, 1, 4 + 9, 9}, g.adjusted([]float64{5, 1, 4, 9}))
	assert.Equal(t, []float64{2, 1, 1, 1}, g.adjusted([]float64{2, 1, 1, 1}), "nothing is abnormal")
}

// A service that waits for a slow one moved as much as that one, relative to its
// own range; given its causes it did not.
func TestCIRCA_sufferers(t *testing.T) {
	in := incident(newWorld(), 2, func(w *world) { w.own["back"] += 0.060 })
	score := func(a Answer) map[string]float64 {
		out := map[string]float64{}
		for _, c := range a.Ranking {
			out[c.Service.Name] = c.Score
		}
		return out
	}
	sigma, circa := score(NSigma{}.Diagnose(in)), score(CIRCA{}.Diagnose(in))
	require.Equal(t, []string{"back"}, named(CIRCA{}.Diagnose(in).Culprits))
	for _, s := range []string{"mid", "front"} {
		t.Logf("%s: sigma %.0f of %.0f, circa %.0f of %.0f", s, sigma[s], sigma["back"], circa[s], circa["back"])
		assert.Greater(t, sigma[s], 0.5*sigma["back"], s)
		assert.Less(t, circa[s], 0.5*circa["back"], s)
	}
}
