package method

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// metricHistory has one metric with these values, a window each.
func metricHistory(values ...float64) (*feature.History, feature.Key) {
	h := feature.NewHistory(time.Second, 100, 10)
	k := feature.Key{Kind: feature.Metric, Service: service("a"), Name: cpuMetric}
	for i, v := range values {
		s := &window.Snapshot{Start: int64(i + 1), End: int64(i + 2)}
		if !math.IsNaN(v) {
			s.Resources = []window.Resource{{Service: k.Service, Values: []window.Value{{Metric: k.Name, Value: v}}}}
		}
		h.Append(s)
	}
	return h, k
}

func TestReader_split(t *testing.T) {
	nan := math.NaN()
	h, k := metricHistory(1, 2, nan, 50, 3, 90, 91)
	h.SetHealth(3, feature.Violated)
	sorted := func(v []float64) []float64 { return slices.Sorted(slices.Values(v)) }
	for name, tt := range map[string]struct {
		onset       int64
		base, after []float64
	}{
		"given":               {6, []float64{1, 2, 3}, []float64{90, 91}},
		"unknown: the last":   {0, []float64{1, 2, 3, 90}, []float64{91}},
		"later than the last": {99, []float64{1, 2, 3, 90}, []float64{91}},
		"from the first on":   {1, nil, []float64{1, 2, 3, 50, 90, 91}},
	} {
		base, after := newReader(h, tt.onset).split(k)
		assert.Equal(t, tt.base, sorted(base), name)
		assert.Equal(t, tt.after, sorted(after), name)
	}
	l := newReader(h, 6).level(k)
	assert.True(t, l.known)
	assert.Equal(t, 91.0, l.now)
	b := h.Baseline(k, 6)
	assert.Equal(t, b.Median, l.usual)
	assert.Equal(t, b.Spread, l.spread)
	missing := newReader(h, 6).level(feature.Key{Kind: feature.Metric, Name: "none"})
	assert.False(t, missing.known)
	assert.True(t, math.IsNaN(missing.z()))
}

// 1, 2, 3, 4, 5 has mean 3 and standard deviation sqrt 2, median 3 and IQR 2; the
// farthest abnormal value is -9.
func TestReader_deviation(t *testing.T) {
	h, k := metricHistory(1, 2, 3, 4, 5, 7, -9, 8)
	r := newReader(h, 6)
	assert.InDelta(t, 12/math.Sqrt2, r.deviation(k, meanAndSD), 1e-12)
	assert.InDelta(t, 6, r.deviation(k, medianAndIQR), 1e-12)

	h, k = metricHistory(0, 0, 0, 0, 0.5)
	assert.InDelta(t, 0.5, newReader(h, 5).deviation(k, medianAndIQR), 1e-12, "a constant has a scale of 1")
	h, k = metricHistory(1e9, 1e9, 1e9, 1e9, 2e9)
	assert.InDelta(t, 1, newReader(h, 5).deviation(k, meanAndSD), 1e-12, "or of its size")
	h, k = metricHistory(1, 2, 9)
	assert.Zero(t, newReader(h, 3).deviation(k, meanAndSD), "two windows are no baseline")
}

func TestTailOf(t *testing.T) {
	logs := []float64{math.Log(1), math.Log(10), math.Log(50)} // p50, p95, p99
	for q, want := range map[float64]float64{0.3: 1, 0.5: 1, 0.95: 10, 0.99: 50, 0.999: 50} {
		assert.InDelta(t, want, tailOf(q, logs), 1e-9, "p%v", 100*q)
	}
	// A power law: each tenfold rarer is tenfold longer.
	power := []float64{math.Log(1 / 0.5), math.Log(1 / 0.05), math.Log(1 / 0.01)}
	assert.InDelta(t, 10, tailOf(0.90, power), 1e-9)
	assert.InDelta(t, 50, tailOf(0.98, power), 1e-9)
	for q, want := range map[float64]int{0.1: 0, 0.5: 0, 0.9: 1, 0.95: 1, 0.99: 2, 0.999: 2} {
		assert.Equal(t, want, nearest(q), "p%v", 100*q)
	}
}
