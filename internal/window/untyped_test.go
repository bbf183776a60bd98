package window_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/window"
)

// What does not say what it is tells it by how it goes: a counter falls where its process
// begins anew, a level as often as it rises.
func TestMetrics_untyped(t *testing.T) {
	m := window.NewMetrics(minute, 1)
	untyped := func(values ...float64) (out []float64) { // a point each 10 s, of windows of a minute
		m = window.NewMetrics(minute, 1)
		for i, v := range values {
			assert.Equal(t, window.MetricUsed, add(m, point(window.Untyped, int64(10*i), v)))
		}
		return closed(t, m, int64(len(values)+5)/6)
	}
	assert.Equal(t, []float64{0.5, 0.5}, untyped(100, 105, 110, 115, 120, 125, 130, 135, 140, 145, 150, 155), "a counter")
	assert.Equal(t, []float64{3, 3}, untyped(2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4), "a level")
	assert.Equal(t, []float64{0, 0}, untyped(7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7), "nothing happens")
	assert.True(t, math.IsNaN(untyped(7)[0]), "one point tells nothing")

	// 100 to 105, a new process, and 1 to 5: 9 increases of 1 in 90 s, none over the fall, which
	// is one of 10 changes.
	assert.Equal(t, []float64{0.1, 0.1}, untyped(100, 101, 102, 103, 104, 105, 106, 107, 108, 1, 2)[:2], "a counter that began anew")

	// Of 20 changes half fell before this one goes one way for 20: 10 of 40 is enough for a level.
	var ramp []float64
	for i := range 20 {
		ramp = append(ramp, float64(10+i%2))
	}
	for i := range 20 {
		ramp = append(ramp, float64(20+i))
	}
	got := untyped(ramp...)
	assert.Equal(t, (38.+39+37+36)/4, got[len(got)-1], "a level that rises for a while")
}

// Streams that are spare take no more than half of the places.
func TestMetrics_spare(t *testing.T) {
	m := window.NewMetrics(minute, 4)
	for i, want := range []window.MetricReason{window.MetricUsed, window.MetricUsed, window.MetricStreamLimit} {
		p := point(window.Gauge, 1, 1)
		p.Stream, p.Spare = uint64(i), true
		assert.Equal(t, want, add(m, p), i)
	}
	for i, want := range []window.MetricReason{window.MetricUsed, window.MetricUsed, window.MetricStreamLimit} {
		p := point(window.Gauge, 1, 1)
		p.Stream = uint64(10 + i)
		assert.Equal(t, want, add(m, p), i)
	}
	p := point(window.Gauge, 2, 1)
	p.Spare = true
	assert.Equal(t, window.MetricUsed, add(m, p), "one that is known")
}
