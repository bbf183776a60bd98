package slo

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// failures is 99 % of the requests of "front GET /" without an error, in windows of
// 1 s: a page at 14.4 x over 60 s and 5 s. A bucket is one window.
func failures() Config {
	return Config{
		Objectives: []Objective{{Name: "failures", Service: identity.Service{Name: "front"}, Operation: "*", Indicator: Errors, Target: 0.99}},
		OpenK:      2, OpenN: 3, ResolveM: 2, MinRequests: 10,
		Burn: []BurnRule{{Long: time.Minute, Short: 5 * time.Second, Factor: 14.4}},
	}
}

// hundred are the latencies of 100 requests.
var hundred = latency(100, 50*time.Millisecond)

// fail observes window i of 100 requests of which some failed.
func fail(w *Watcher, i int, failed float64) State {
	return serve(w, i, hundred, failed)
}

func serve(w *Watcher, i int, l *sketch.Sketch, failed float64) State {
	start := int64(i+1) * second
	return w.Observe(start, start+second, []Observation{{RPC: rpc("front", "GET /"), Latency: l, Errors: failed}})[0]
}

// After 60 good windows, every window has f failed requests of 100. After k of
// them the minute has k f of 6000, so that its burn rate is
//
//	(k f / 6000) / 0.01 = k f / 60
//
// which reaches 14.4 at k = 864/f; the 5 s are there earlier, at k = 72/f.
func TestBurn_opens(t *testing.T) {
	for _, c := range []struct {
		failed float64
		want   int // windows until it fires, 0: never
	}{
		{100, 9}, // 8.64
		{50, 18}, // 17.28
		{25, 35}, // 34.56
		{20, 44}, // 43.2
		{14.4, 60},
		{14.3, 0},
		{0, 0},
	} {
		w := newWatcher(t, failures())
		for i := range 60 {
			require.False(t, fail(w, i, 0).Firing)
		}
		fired := 0
		for k := 1; k <= 120 && fired == 0; k++ {
			s := fail(w, 59+k, c.failed)
			assert.InDelta(t, float64(min(k, 60))*c.failed/60, s.Burn.Long, 1e-9, "%v failed, after %d", c.failed, k)
			assert.InDelta(t, float64(min(k, 5))*c.failed/5, s.Burn.Short, 1e-9, "%v failed, after %d", c.failed, k)
			if s.Firing {
				fired = k
				assert.True(t, s.Violated)
				assert.False(t, s.Ticket)
				assert.Equal(t, 61*second, s.Onset)
				assert.InDelta(t, float64(100*k), s.Requests, 0)
				assert.InDelta(t, float64(k)*c.failed, s.Bad, 1e-9)
				assert.InDelta(t, 0, s.Baseline, 0, "of the good windows")
				assert.InDelta(t, c.failed/100, s.Observed, 1e-12)
			}
		}
		assert.Equal(t, c.want, fired, "%v of 100 fail", c.failed)
	}
}

// The 5 s show whether it goes on: after j good windows they have 5 - j bad ones
// of 5, which is (5 - j) x 20 times the budget. That is below 14.4 at j = 5, and
// two such windows resolve, while the minute still remembers.
func TestBurn_resolves(t *testing.T) {
	w := newWatcher(t, failures())
	for i := range 60 {
		fail(w, i, 0)
	}
	for k := range 9 {
		fail(w, 60+k, 100)
	}
	for j := 1; j <= 6; j++ {
		s := fail(w, 68+j, 0)
		assert.Equal(t, j < 6, s.Firing, "after %d good windows", j)
		assert.Equal(t, j < 5, s.Burn.Holds, "after %d good windows", j)
		assert.InDelta(t, 15, s.Burn.Long, 1e-9)
		assert.False(t, s.Violated)
		assert.Equal(t, 61*second, s.Onset, "the window that ends a run carries it")
	}
	assert.Zero(t, fail(w, 75, 0).Onset)
	s := fail(w, 76, 100)
	assert.True(t, s.Firing, "15 windows later the minute still has 10 bad ones, the 5 s one")
	assert.Equal(t, 77*second, s.Onset, "it is a run of its own")
}

// A burst of less than 864 failures within a minute opens nothing, however bad its
// windows are, and leaves no run behind.
func TestBurn_burstsOpenNothing(t *testing.T) {
	w := newWatcher(t, failures())
	for i := range 60 {
		fail(w, i, 0)
	}
	for k := range 8 {
		s := fail(w, 60+k, 100)
		assert.False(t, s.Firing)
		assert.Equal(t, 61*second, s.Onset)
	}
	assert.Equal(t, 61*second, fail(w, 68, 0).Onset)
	assert.Zero(t, fail(w, 69, 0).Onset, "two windows that are not violated end it")
}

// A rule needs measured windows over half of each of its stretches of time.
func TestBurn_needsHalfOfTheData(t *testing.T) {
	w := newWatcher(t, failures())
	for i := range 29 {
		s := fail(w, i, 100)
		require.False(t, s.Firing, "window %d", i)
		require.False(t, s.Burn.Known(), "window %d", i)
		require.Equal(t, second, s.Onset)
	}
	s := fail(w, 29, 100)
	assert.True(t, s.Burn.Known(), "30 of 60 s")
	assert.True(t, s.Firing)

	// Windows that are missing are no data, and ten of one request each are one of ten.
	w = newWatcher(t, failures())
	for i := range 60 {
		fail(w, i, 0)
	}
	for i := 60; i < 89; i++ {
		s := serve(w, i, latency(1, time.Millisecond), 0)
		assert.Equal(t, i%10 == 9, s.Measured, "ten of them are judged together")
		assert.Equal(t, i < 62, s.Burn.Known(), "of 5 s, 3 are there until window 62") // 57 to 59
	}
	serve(w, 89, nil, 0)
	s = fail(w, 90, 100)
	assert.False(t, s.Burn.Known(), "a second of five")
	assert.False(t, s.Firing)
	fail(w, 91, 100)
	s = fail(w, 92, 100)
	assert.True(t, s.Burn.Known(), "3 of 5 s, and 30 of 60")
	// Of the minute the windows 33 to 59 are there, twice ten requests, and three bad windows.
	assert.InDelta(t, 300.0/3020/0.01, s.Burn.Long, 1e-9)
}

// While nothing is measured a run that fires stands, and its rates are not known.
func TestBurn_freezes(t *testing.T) {
	w := newWatcher(t, failures())
	for i := range 40 {
		fail(w, i, 100)
	}
	for i := 40; i < 200; i++ {
		s := w.Observe(int64(i+1)*second, int64(i+2)*second, nil)
		require.Len(t, s, 1)
		require.True(t, s[0].Firing)
	}
	s := w.Observe(300*second, 301*second, nil)
	assert.False(t, s[0].Burn.Known())
	assert.True(t, fail(w, 400, 0).Firing)
	assert.False(t, fail(w, 401, 0).Firing, "two good windows resolve")
}

// Law: where a share e of the requests is bad all the time, the burn rate is
// e/(1 - target) over every stretch, however requests are spread over windows.
func TestBurn_constantRatio(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, target := range []float64{0.9, 0.99, 0.999, 0.9995} {
		for _, e := range []float64{0, 0.0001, 0.01, 0.2, 1} {
			cfg := failures()
			cfg.Objectives[0].Target = target
			cfg.Burn[0].Factor = 1
			w := newWatcher(t, cfg)
			var s State
			for i := range 70 {
				n := 10 + rng.IntN(200)
				s = serve(w, i, latency(n, time.Millisecond), e*float64(n))
			}
			// Sums of 60 products are off by 60 roundings at most, which is 60 x 1.1e-16 of
			// them, and 1 - target here by 1.1e-16, which is 2.2e-13 of 0.0005.
			want := e / (1 - target)
			assert.InDelta(t, want, s.Burn.Long, 1e-12*want, "%v of %v", e, target)
			assert.InDelta(t, want, s.Burn.Short, 1e-12*want, "%v of %v", e, target)
		}
	}
}

// Law: the order of windows inside of the short stretch, and of those before it,
// does not matter.
func TestBurn_orderDoesNotMatter(t *testing.T) {
	failed := make([]float64, 60)
	for i := range failed {
		failed[i] = float64(i % 17)
	}
	var want Burn
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 3))
		swap := func(x []float64) { rng.Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] }) }
		if seed > 0 {
			swap(failed[:55])
			swap(failed[55:])
		}
		w := newWatcher(t, failures())
		var s State
		for i, f := range failed {
			s = fail(w, i, f)
		}
		if seed == 0 {
			want = s.Burn
			require.True(t, want.Known())
		}
		assert.Equal(t, want, s.Burn, "whole numbers have one sum")
	}
}

// A ticket that becomes a page stays one until the run ends.
func TestBurn_tickets(t *testing.T) {
	cfg := failures()
	cfg.Burn = append([]BurnRule{{Long: 2 * time.Minute, Short: 10 * time.Second, Factor: 6, Ticket: true}}, cfg.Burn...)
	w := newWatcher(t, cfg)
	for i := range 120 {
		fail(w, i, 0)
	}
	// 12 % of two minutes are 12 times the budget when all of them are, and reach 6
	// after 60 windows; they never reach the 14.4 of the page.
	var s State
	i := 120
	for ; i < 180; i++ {
		require.False(t, s.Firing, "window %d", i)
		s = fail(w, i, 12)
	}
	assert.True(t, s.Firing)
	assert.True(t, s.Ticket)
	assert.Equal(t, 6.0, s.Burn.Rule.Factor)
	// A minute of 12 % is at 12; each window of 100 % in the place of one adds 88/60.
	s = fail(w, i, 100)
	assert.True(t, s.Ticket, "13.5")
	s = fail(w, i+1, 100)
	assert.False(t, s.Ticket, "14.9")
	assert.Equal(t, 14.4, s.Burn.Rule.Factor, "the page speaks first")
	for i += 2; s.Firing && i < 400; i++ {
		s = fail(w, i, 8)
		assert.False(t, s.Ticket, "window %d", i)
	}
	assert.True(t, s.Firing, "8 times the budget over two minutes goes on")
	for ; s.Firing && i < 500; i++ {
		s = fail(w, i, 5)
	}
	assert.Less(t, i, 415, "10 s of 5 times the budget are below the ticket's 6")
	assert.False(t, s.Ticket)
}

// Slow requests burn the budget of a latency objective. Windows that burn less
// than the mildest rule asks for violate nothing, and teach nothing either.
func TestBurn_latency(t *testing.T) {
	cfg := checkout() // p99 <= 100 ms
	cfg.Burn = failures().Burn
	w := newWatcher(t, cfg)
	mixed := func(slow int) *sketch.Sketch {
		l := latency(100-slow, 50*time.Millisecond)
		l.Merge(latency(slow, 200*time.Millisecond))
		return l
	}
	for i := range 60 {
		serve(w, i, mixed(0), 0)
	}
	s := serve(w, 60, mixed(10), 0)
	assert.InEpsilon(t, 0.2, s.Observed, 0.012, "p99, of a sketch that is 1.1 % off")
	assert.False(t, s.Violated, "10 times the budget")
	assert.Len(t, w.tracks[key{"checkout", rpc("front", "GET /")}].Baseline, 60, "not of this window")
	for i := 61; i < 61+9; i++ {
		s = serve(w, i, mixed(100), 0)
	}
	assert.True(t, s.Violated)
	assert.True(t, s.Firing)
	assert.InDelta(t, 910.0/60, s.Burn.Long, 0.01)
}

func TestNewWatcher_refusesBurnRules(t *testing.T) {
	rule := BurnRule{Long: time.Hour, Short: 5 * time.Minute, Factor: 14.4}
	for want, spoil := range map[string]func(*Config){
		"burn rule 0 needs a short window of at least 1s":                  func(c *Config) { c.Burn[0].Short = time.Millisecond },
		"burn rule 0 needs a short window of at least 1s, a long one of 1": func(c *Config) { c.Burn[0].Long = time.Second },
		"a long one of 1 to 24 times that":                                 func(c *Config) { c.Burn[0].Long = 121 * time.Minute },
		"a positive factor (got 5m0s, 1h0m0s, 0)":                          func(c *Config) { c.Burn[0].Factor = 0 },
		"5 rules of burn rates are beyond the bound of 4":                  func(c *Config) { c.Burn = []BurnRule{rule, rule, rule, rule, rule} },
		"objective 0: with a target of 0.9 no burn rate is above 10":       func(c *Config) { c.Objectives[0].Target = 0.9 },
		"learned objectives: with a target of 0.9": func(c *Config) {
			c.Learn = LearnConfig{Enabled: true, Windows: 3, Quantile: 0.9, Headroom: 2}
		},
		"period of error budgets must be at least 1m0s": func(c *Config) { c.Budget = time.Second },
		"objective 0 has an error budget over 1s":       func(c *Config) { c.Objectives[0].Period = time.Second },
	} {
		cfg := failures()
		cfg.Burn = []BurnRule{rule}
		spoil(&cfg)
		_, err := NewWatcher(cfg)
		require.ErrorContains(t, err, want)
	}
	cfg := failures()
	cfg.Burn = DefaultBurnRules()
	_, err := NewWatcher(cfg)
	require.NoError(t, err)
}

// What is held for the default rules and a budget is bounded: 180 buckets.
func TestBurn_isBounded(t *testing.T) {
	cfg := failures()
	cfg.Burn, cfg.Budget = DefaultBurnRules(), 720*time.Hour
	w := newWatcher(t, cfg)
	const step = int64(10 * time.Minute)
	for i := range int64(40 * 24 * 6) { // 40 days
		w.Observe(i*step, (i+1)*step, []Observation{{RPC: rpc("front", "GET /"), Latency: hundred}})
	}
	for k := range int64(1000) { // and 8 hours of windows of 30 s
		at := 5760*step + k*30*second
		w.Observe(at, at+30*second, []Observation{{RPC: rpc("front", "GET /"), Latency: hundred}})
	}
	track := w.tracks[key{"failures", rpc("front", "GET /")}]
	require.Len(t, track.Burn, 2)
	got := fmt.Sprint(len(track.Burn[0].Buckets), len(track.Burn[1].Buckets), len(track.Budget.Buckets))
	assert.Equal(t, "60 60 60", got)
}

// An objective with rules of its own opens by them, beside others that open by theirs,
// or by windows.
func TestBurn_rulesOfAnObjective(t *testing.T) {
	own := []BurnRule{{Long: 10 * time.Minute, Short: 5 * time.Minute, Factor: 2, Ticket: true}}
	for _, shared := range [][]BurnRule{nil, {{Long: 10 * time.Minute, Short: 5 * time.Minute, Factor: 20}}} {
		cfg := failures()
		cfg.Burn = shared
		cfg.Objectives = append(cfg.Objectives, cfg.Objectives[0])
		cfg.Objectives[1].Name, cfg.Objectives[1].Burn = "own", own
		cfg.OpenK, cfg.OpenN = 30, 30
		w := newWatcher(t, cfg)
		budget := cfg.Objectives[0].Budget()
		var states []State
		for i := range int64(20) { // 20 minutes at 3 times the budget
			states = w.Observe(i*60*second, (i+1)*60*second, []Observation{{RPC: rpc("front", "GET /"), Latency: hundred, Errors: 100 * 3 * budget}})
		}
		require.Len(t, states, 2)
		assert.False(t, states[0].Firing, "3 is not 20, and 20 windows are not 30")
		assert.True(t, states[1].Firing)
		assert.True(t, states[1].Ticket)

		b, err := w.MarshalBinary()
		require.NoError(t, err)
		again := newWatcher(t, cfg)
		require.NoError(t, again.UnmarshalBinary(b))
		states = again.Observe(20*60*second, 21*60*second, []Observation{{RPC: rpc("front", "GET /"), Latency: hundred, Errors: 100 * 3 * budget}})
		assert.True(t, states[1].Firing, "its accounts outlive a restart")
		assert.InDelta(t, 3, states[1].Burn.Long, 1e-6)
	}
	cfg := failures()
	cfg.Objectives[0].Burn = []BurnRule{{Long: time.Hour, Short: time.Hour, Factor: 1e5}}
	_, err := NewWatcher(cfg)
	require.ErrorContains(t, err, "the mildest rule asks for", "no error budget burns so fast")
	cfg.Objectives[0].Burn[0].Factor = -1
	_, err = NewWatcher(cfg)
	require.ErrorContains(t, err, "objective 0: burn rule 0 needs")
}

func TestSummary(t *testing.T) {
	cfg := failures()
	cfg.Learn = LearnConfig{Enabled: true, Windows: 5, Quantile: 0.99, Headroom: 2}
	cfg.MinRequests = 10
	w := newWatcher(t, cfg)
	assert.Zero(t, w.Summary())
	few := new(sketch.Sketch)
	few.Add(1e6, 1)
	w.Observe(0, 60*second, []Observation{
		{RPC: rpc("front", "GET /"), Latency: hundred}, {RPC: rpc("shop", "GET /"), Entry: true, Latency: hundred}, {RPC: rpc("ads", "GET /"), Entry: true, Latency: few},
	})
	assert.Equal(t, Summary{Watched: 3, Measured: 2, Learning: 2}, w.Summary())
	w.Observe(60*second, 2*60*second, nil)
	assert.Equal(t, Summary{Watched: 3, Learning: 2}, w.Summary(), "nothing is measured in a window without requests")
}
