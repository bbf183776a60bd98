package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/sketch"
)

// durations is a sketch of n values of each of ms.
func durations(n float64, ms ...float64) *sketch.Sketch {
	s := new(sketch.Sketch)
	for _, v := range ms {
		s.Add(int64(v*1e6), n)
	}
	return s
}

// 80 requests of 10 ms and 20 of another kind, of 100 and 200 ms. A bucket is 2.2 % wide.
func TestReweighted(t *testing.T) {
	all, kind := durations(80, 10), durations(10, 100, 200)
	all.Merge(kind)
	for _, c := range []struct {
		usual, q, want float64 // want in ms
	}{
		{0.2, 0.5, 10}, // as it is
		{0.2, 0.85, 100},
		{0.2, 0.95, 200},
		{0.02, 0.95, 10}, // 98 % of 10 ms, 1 % each of 100 and 200
		{0.02, 0.985, 100},
		{0.02, 0.995, 200},
		{0, 0.999, 10},
		{1, 0.4, 100},
		{1, 0.6, 200},
	} {
		got := reweighted(all, kind, c.usual).quantile(c.q)
		assert.InEpsilon(t, c.want/1e3, got, 0.012, "share %v, quantile %v", c.usual, c.q)
	}
}

// With the share that a kind has, everything is as it is.
func TestReweighted_ownShareChangesNothing(t *testing.T) {
	all, kind := durations(7, 3, 5, 8, 13, 21), durations(2, 30, 55)
	all.Merge(kind)
	m := reweighted(all, kind, kind.Count()/all.Count())
	assert.InDelta(t, all.Count(), m.total, 1e-9)
	for _, q := range []float64{0.01, 0.3, 0.5, 0.77, 0.9, 0.99} {
		assert.InEpsilon(t, all.Quantile(q)/1e9, m.quantile(q), 0.012, "%v", q)
	}
}

// Of a kind that is all, or none, there is no rest to weigh.
func TestReweighted_nothingToWeigh(t *testing.T) {
	all := durations(5, 10, 20)
	assert.True(t, math.IsNaN(reweighted(all, all, 0.5).quantile(0.5)))
	assert.True(t, math.IsNaN(reweighted(all, new(sketch.Sketch), 0.5).quantile(0.5)))
}

// 1.645 sqrt(0.05 0.95 / 400) = 0.0179.
func TestHalfWidth(t *testing.T) { assert.InDelta(t, 0.0179, halfWidth(0.95, 400), 1e-4) }
