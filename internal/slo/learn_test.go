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
		assert.InDelta(t, c.want, learned(c.baseline, c.headroom, tailSpreads), 1e-12, c.name)
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

// shopping watches "shop buy" with all that is learned.
func shopping() Config {
	cfg := learning(4)
	cfg.Learn.Median, cfg.Learn.Errors = 1.5, 0.05
	return cfg
}

// see shows a window of requests that take each, of which some fail, to what is learned of
// an operation: the tail, the failures, the median.
func see(w *Watcher, i, n int, each time.Duration, failed float64) (tail, failures, typical State) {
	start := int64(i+1) * second
	s := w.Observe(start, start+second, []Observation{{RPC: rpc("shop", "buy"), Entry: true, Latency: latency(n, each), Errors: failed}})
	return s[0], s[1], s[2]
}

func TestWatcher_learnsTheMedianAndErrors(t *testing.T) {
	w := newWatcher(t, shopping())
	for i := range 4 {
		see(w, i, 100, 50*time.Millisecond, 0)
	}
	tail, failures, typical := see(w, 4, 100, 80*time.Millisecond, 0)
	assert.Equal(t, []string{"auto:shop:buy", "auto:shop:buy:errors", "auto:shop:buy:p50"},
		[]string{tail.Objective.Name, failures.Objective.Name, typical.Objective.Name})
	assert.InDelta(t, 0.075, typical.Objective.Limit(), 0.002)
	assert.InDelta(t, 0.05, failures.Objective.Limit(), 1e-9)
	assert.False(t, tail.Violated, "80 ms are less than twice 50")
	assert.True(t, typical.Violated, "and more than half as much again")
	_, _, typical = see(w, 5, 100, 80*time.Millisecond, 0)
	assert.True(t, typical.Firing)
	tail, failures, _ = see(w, 6, 100, 50*time.Millisecond, 8)
	assert.True(t, failures.Violated)
	assert.InDelta(t, 0.08, failures.Observed, 1e-9)
	assert.False(t, tail.Violated)
}

// Failures are more than usual only where there are more than chance brings.
func TestWatcher_learnedErrorsBeyondChance(t *testing.T) {
	for name, c := range map[string]struct {
		n             int
		usual, failed float64
		violated      bool
	}{
		"two of twenty are chance":               {20, 0, 2, false},
		"three of twenty are not":                {20, 0, 3, true},
		"one of a hundred is tolerated":          {100, 0, 1, false},
		"4 % of many are tolerated":              {1000, 0, 40, false},
		"where 4 % fail, 8 % of fifty may":       {50, 2, 4, false},
		"where 4 % fail, twenty of fifty do not": {50, 2, 20, true},
		"where most fail, all may":               {50, 40, 49, false},
	} {
		w := newWatcher(t, shopping())
		for i := range 4 {
			see(w, i, c.n, 50*time.Millisecond, c.usual)
		}
		_, s, _ := see(w, 4, c.n, 50*time.Millisecond, c.failed)
		assert.Equal(t, c.violated, s.Violated, name)
	}
}

func TestTolerate(t *testing.T) {
	for name, c := range map[string]struct{ before, share, want float64 }{
		"no failures":             {0, 0, 0.05},
		"the first is as learned": {0, 0.2221, 0.223},
		"a fifth more":            {0.1, 0.5, 0.12},
		"a fifth less":            {0.1, 0, 0.08},
		"no less than the least":  {0.052, 0, 0.05},
		"nearly all":              {0.98, 3, 0.99},
	} {
		assert.InDelta(t, c.want, tolerate(c.before, c.share, 0.05), 1e-9, name)
	}
}

// What is learned of failures outlives a restart, and under rules of burn rates there is
// nothing of the median, and no more is tolerated than of slow requests.
func TestWatcher_learnedErrorsAreKept(t *testing.T) {
	w := newWatcher(t, shopping())
	for i := range 4 {
		see(w, i, 100, 50*time.Millisecond, 4)
	}
	state, err := w.MarshalBinary()
	require.NoError(t, err)
	again := newWatcher(t, shopping())
	require.NoError(t, again.UnmarshalBinary(state))
	_, s, _ := see(again, 4, 100, 50*time.Millisecond, 0)
	assert.InDelta(t, 0.08, s.Objective.Limit(), 1e-9)

	names := []string{}
	for _, o := range shopping().Learn.objectives(rpc("shop", "buy"), true) {
		names = append(names, o.Name)
	}
	assert.Equal(t, []string{"auto:shop:buy", "auto:shop:buy:errors"}, names)
	assert.InDelta(t, 0.01, shopping().Learn.least(true), 1e-9)
}

// The longest of a few requests is their p99, and may be long by chance.
func TestWatcher_learnedTailBeyondChance(t *testing.T) {
	for slow, want := range map[int]bool{1: false, 3: false, 4: true} {
		w := newWatcher(t, shopping())
		for i := range 4 {
			see(w, i, 20, 50*time.Millisecond, 0)
		}
		l := latency(20-slow, 50*time.Millisecond)
		l.Add(int64(time.Second), float64(slow))
		s := w.Observe(10*second, 11*second, []Observation{{RPC: rpc("shop", "buy"), Entry: true, Latency: l}})[0]
		assert.InDelta(t, 1, s.Observed, 0.02, "%d are slow", slow)
		assert.Equal(t, want, s.Violated, "%d are slow", slow)
	}
}

// An operation of eight requests a window, where ten are asked for, is judged by two.
func TestWatcher_sparseOperations(t *testing.T) {
	w := newWatcher(t, shopping())
	for i := range 8 {
		_, failures, _ := see(w, i, 8, 50*time.Millisecond, 0)
		assert.Equal(t, i%2 == 1, failures.Measured, "window %d", i)
		assert.Equal(t, i == 7, failures.Objective.Limit() > 0, "window %d: learned from four times two", i)
	}
	state, err := w.MarshalBinary()
	require.NoError(t, err)
	_, s, _ := see(w, 8, 8, 50*time.Millisecond, 4)
	assert.False(t, s.Measured)
	again := newWatcher(t, shopping())
	require.NoError(t, again.UnmarshalBinary(state))
	see(again, 8, 8, 50*time.Millisecond, 4)
	state, err = again.MarshalBinary()
	require.NoError(t, err)
	again = newWatcher(t, shopping())
	require.NoError(t, again.UnmarshalBinary(state), "between the two")
	for name, w := range map[string]*Watcher{"it runs": w, "it was restarted": again} {
		_, s, _ = see(w, 9, 8, 50*time.Millisecond, 4)
		assert.True(t, s.Violated, name)
		assert.InDelta(t, 0.5, s.Observed, 1e-9, name)
		see(w, 10, 8, 50*time.Millisecond, 4)
		_, s, _ = see(w, 11, 8, 50*time.Millisecond, 4)
		assert.True(t, s.Firing, name)
		assert.Equal(t, 9*second, s.Onset, "%s: the first of the two windows that violate", name)
	}
}

// What is too old to be put together with what comes is forgotten.
func TestSparse(t *testing.T) {
	var p sparse
	for i := range int64(MaxPooled) {
		all := p.add(i*second, (i+1)*second, Observation{Latency: latency(1, time.Millisecond), Errors: 1}, i >= 3)
		want := int64(0)
		if i >= 3 {
			want = 3 * second
		}
		assert.Equal(t, want, p.since(), "the first with bad requests, of %d windows", i+1)
		assert.InDelta(t, i+1, all.Latency.Count(), 0)
		assert.InDelta(t, i+1, all.Errors, 0)
	}
	all := p.add(MaxPooled*second, (MaxPooled+1)*second, Observation{Latency: latency(1, time.Millisecond)}, false)
	assert.Equal(t, MaxPooled*second, p.since())
	assert.InDelta(t, 1, all.Latency.Count(), 0)
	for _, bad := range []string{`{"Errors":-1}`, `{"Unseen":1e300}`, `{"Latency":"AAAA"}`, `[]`} {
		require.Error(t, new(sparse).UnmarshalJSON([]byte(bad)), bad)
	}
}

// Beside objectives of latency, errors are learned; beside those of errors nothing is.
func TestWatcher_learnsErrorsBesideLatency(t *testing.T) {
	slow := Objective{Name: "slow", Service: rpc("shop", "").Service, Operation: "buy", Quantile: 0.99, Threshold: time.Second}
	failing := Objective{Name: "failing", Service: slow.Service, Operation: "buy", Indicator: Errors, Target: 0.999}
	for _, c := range []struct {
		name       string
		objectives []Objective
		change     func(*LearnConfig)
		entry      bool
		want       []string
	}{
		{"latency of an entry", []Objective{slow}, nil, true, []string{"auto:shop:buy:errors", "slow"}},
		{"latency within", []Objective{slow}, nil, false, []string{"auto:shop:buy:errors", "slow"}},
		{"errors", []Objective{failing}, nil, true, []string{"failing"}},
		{"both", []Objective{slow, failing}, nil, true, []string{"failing", "slow"}},
		{"none", nil, nil, true, []string{"auto:shop:buy", "auto:shop:buy:errors"}},
		{"none within", nil, nil, false, nil},
		{"errors are not learned", []Objective{slow}, func(l *LearnConfig) { l.Errors = 0 }, true, []string{"slow"}},
		{"nothing is", []Objective{slow}, func(l *LearnConfig) { l.Enabled = false }, true, []string{"slow"}},
	} {
		cfg := learning(4)
		cfg.Learn.Errors, cfg.Objectives = 0.05, c.objectives
		if c.change != nil {
			c.change(&cfg.Learn)
		}
		var got []string
		for _, s := range newWatcher(t, cfg).Observe(second, 2*second, []Observation{{RPC: rpc("shop", "buy"), Entry: c.entry, Latency: latency(20, time.Millisecond)}}) {
			got = append(got, s.Objective.Name)
		}
		assert.Equal(t, c.want, got, c.name)
	}
}

// An outage is fast, and violates no objective of latency.
func TestWatcher_outageBesideLatency(t *testing.T) {
	cfg := learning(4)
	cfg.Learn.Errors = 0.05
	cfg.Objectives = []Objective{{Name: "slow", Service: rpc("shop", "").Service, Operation: "buy", Quantile: 0.99, Threshold: time.Second}}
	w := newWatcher(t, cfg)
	firing := func(i int, failed float64) (out []string) {
		start := int64(i+1) * second
		o := Observation{RPC: rpc("shop", "buy"), Entry: true, Latency: latency(20, time.Millisecond), Errors: failed}
		for _, s := range w.Observe(start, start+second, []Observation{o}) {
			if s.Firing {
				out = append(out, s.Objective.Name)
			}
		}
		return out
	}
	for i := range 6 {
		assert.Empty(t, firing(i, 0))
	}
	assert.Empty(t, firing(6, 20))
	assert.Equal(t, []string{"auto:shop:buy:errors"}, firing(7, 20))

	stored, err := w.MarshalBinary()
	require.NoError(t, err)
	w = newWatcher(t, cfg)
	require.NoError(t, w.UnmarshalBinary(stored))
	assert.Equal(t, []string{"auto:shop:buy:errors"}, firing(8, 20), "after a restart")
}
