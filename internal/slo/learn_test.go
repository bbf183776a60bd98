package slo

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLearned(t *testing.T) {
	for _, c := range []struct {
		name     string
		baseline []float64
		headroom float64
		want     float64
	}{
		{"calm: headroom x median", []float64{1, 1, 1, 1, 1}, 2, 2},
		{"order does not matter", []float64{3, 1, 2}, 2, 2 + 6*1/1.349}, // median 2, IQR 2.5-1.5
		{"noisy: 6 robust deviations", []float64{1, 2, 3, 4, 5}, 2, 3 + 6*2/1.349},
		{"an outlier moves nothing", []float64{1, 1, 1, 1, 100}, 3, 3},
		{"one window", []float64{0.2}, 2, 0.4},
	} {
		assert.InDelta(t, c.want, learned(c.baseline, c.headroom), 1e-12, c.name)
	}
}

func TestFollow(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		before  time.Duration
		seconds float64
		want    time.Duration
	}{
		{"the first is rounded up to two digits", 0, 0.1234, 130 * ms},
		{"noise of the arithmetic is not rounded up", 0, 0.1 + 1e-17, 100 * ms},
		{"99.1 becomes three digits", 0, 0.0991, 100 * ms},
		{"long ones", 0, 61.2, 62 * time.Second},
		{"nothing is no threshold of zero", 0, 0, 1},
		{"a small step is taken", 100 * ms, 0.11, 110 * ms},
		{"a large one up is cut to a fifth", 100 * ms, 0.5, 120 * ms},
		{"and rounded down, not beyond it", 110 * ms, 0.5, 130 * ms}, // 132
		{"a large one down is cut to a fifth", 100 * ms, 0.01, 80 * ms},
		{"and rounded up, not beyond it", 110 * ms, 0.01, 88 * ms},
	} {
		assert.Equal(t, c.want, follow(c.before, c.seconds), c.name)
	}
}

func TestMedian(t *testing.T) {
	assert.True(t, math.IsNaN(median(nil)))
	assert.InDelta(t, 7, median([]float64{7}), 0)
	assert.InDelta(t, 2.5, median([]float64{4, 1, 2, 3}), 0)
}

// learning watches the entry "shop buy" without a configured objective.
func learning(windows int) Config {
	return Config{
		OpenK: 2, OpenN: 3, ResolveM: 2, MinRequests: 10,
		Learn: LearnConfig{Enabled: true, Windows: windows, Quantile: 0.99, Headroom: 2},
	}
}

func buy(w *Watcher, i int, n int, each time.Duration) State {
	start := int64(i+1) * second
	return w.Observe(start, start+second, []Observation{{RPC: rpc("shop", "buy"), Entry: true, Latency: latency(n, each)}})[0]
}

func TestWatcher_learns(t *testing.T) {
	w := newWatcher(t, learning(4))
	var s State
	for i := range 3 {
		s = buy(w, i, 20, 50*time.Millisecond)
		assert.Zero(t, s.Objective.Threshold, "window %d: not learned yet", i)
		assert.True(t, s.Measured)
		assert.False(t, s.Violated)
		assert.InDelta(t, 0, s.BadRatio, 0)
	}
	s = buy(w, 3, 5, 50*time.Millisecond)
	assert.Zero(t, s.Objective.Threshold, "an unmeasured window teaches nothing")
	s = buy(w, 4, 20, 50*time.Millisecond)
	assert.InDelta(t, 0.1, s.Objective.Threshold.Seconds(), 0.002, "2 x 50 ms of a sketch that is 1.1 % off")
	assert.Equal(t, "auto:shop:buy", s.Objective.Name)
	assert.True(t, s.Objective.Learned)

	for i := range 2 {
		s = buy(w, 5+i, 20, time.Second)
		assert.True(t, s.Violated)
	}
	assert.True(t, s.Firing)
	assert.InDelta(t, 1, s.BadRatio, 0)
}

func TestWatcher_learnsAnewEveryWindows(t *testing.T) {
	w := newWatcher(t, learning(4))
	var got []time.Duration
	for i := range 12 {
		got = append(got, buy(w, i, 20, time.Duration(50+4*i)*time.Millisecond).Objective.Threshold)
	}
	const ms = time.Millisecond
	assert.Equal(t, []time.Duration{
		0, 0, 0, 120 * ms, // twice the median 56 ms, rounded up
		120 * ms, 120 * ms, 120 * ms, 130 * ms, // 64 ms
		130 * ms, 130 * ms, 130 * ms, 150 * ms, // by 6 deviations 170, by a fifth 156
	}, got)
}

func TestWatcher_followsDriftAndNoFault(t *testing.T) {
	w := newWatcher(t, learning(20))
	each, i := 50*time.Millisecond, 0
	var s State
	for range 20 {
		s = buy(w, i, 20, each)
		i++
	}
	first := s.Objective.Threshold
	for range 400 { // a fifth of a percent a window, 2.2 times in all
		each += each / 500
		s = buy(w, i, 20, each)
		require.False(t, s.Firing, "drift is followed, window %d: %v", i, s)
		i++
	}
	assert.Greater(t, s.Objective.Threshold, first)

	before := s.Objective.Threshold
	for range 400 {
		s = buy(w, i, 20, 10*each)
		i++
	}
	assert.True(t, s.Firing, "a fault is not learned")
	assert.Equal(t, before, s.Objective.Threshold)
}
