package slo

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

const second = int64(time.Second)

func rpc(service, operation string) identity.RPC {
	return identity.RPC{Service: identity.Service{Name: service}, Operation: operation}
}

// latency returns n requests of a duration each.
func latency(n int, each time.Duration) *sketch.Sketch {
	s := new(sketch.Sketch)
	for range n {
		s.Add(int64(each), 1)
	}
	return s
}

// checkout is p99 of "front GET /" at most 100 ms, 2 of 3 to open, 2 to resolve.
func checkout() Config {
	return Config{
		Objectives: []Objective{{
			Name: "checkout", Service: identity.Service{Name: "front"}, Operation: "GET *",
			Quantile: 0.99, Threshold: 100 * time.Millisecond,
		}},
		OpenK: 2, OpenN: 3, ResolveM: 2, MinRequests: 10,
	}
}

func newWatcher(t *testing.T, cfg Config) *Watcher {
	t.Helper()
	w, err := NewWatcher(cfg)
	require.NoError(t, err)
	return w
}

// window observes one window that a letter describes: V violates (200 ms), G is
// good (50 ms), b is violated by one request of 20, u has too few requests (all
// good), s few that are all slow, . is one without the operation.
func window(w *Watcher, i int, letter rune) []State {
	start := int64(i+1) * second
	var obs []Observation
	switch letter {
	case 'V':
		obs = []Observation{{RPC: rpc("front", "GET /"), Latency: latency(20, 200*time.Millisecond)}}
	case 'G':
		obs = []Observation{{RPC: rpc("front", "GET /"), Latency: latency(20, 50*time.Millisecond)}}
	case 'b':
		l := latency(19, 50*time.Millisecond)
		l.Merge(latency(1, 200*time.Millisecond))
		obs = []Observation{{RPC: rpc("front", "GET /"), Latency: l}}
	case 'u':
		obs = []Observation{{RPC: rpc("front", "GET /"), Latency: latency(3, 50*time.Millisecond)}}
	case 's':
		obs = []Observation{{RPC: rpc("front", "GET /"), Latency: latency(3, 900*time.Millisecond)}}
	}
	return w.Observe(start, start+second, obs)
}

func TestWatcher_runs(t *testing.T) {
	for _, c := range []struct {
		name, windows string
		want          string // F where it fires after the window
		onset         []int64
	}{
		{"nothing violates", "GGGGGG", "------", []int64{0, 0, 0, 0, 0, 0}},
		{"one of three is not enough", "GVGGGG", "------", []int64{0, 2, 2, 2, 2, 0}},
		{"two in a row open, two good ones resolve", "GVVVGG", "--FFF-", []int64{0, 2, 2, 2, 2, 2}},
		{"two of three open", "VGVGG", "--FF-", []int64{1, 1, 1, 1, 1}},
		{"a violation that has slid out does not count", "VGGVG", "-----", []int64{1, 1, 1, 1, 4}},
		{"a last window of few slow ones does not show that it goes on", "VbG", "---", []int64{1, 1, 1}},
		{"one window more does", "VbGb", "---F", []int64{1, 1, 1, 1}},
		{"also where all of them are of few slow ones", "bbb", "--F", []int64{1, 1, 1}},
		{"a violation resets the count of good ones", "VVGVGG", "-FFFF-", []int64{1, 1, 1, 1, 1, 1}},
		{"unmeasured windows freeze a run that fires", "VVuuu.GuG", "-FFFFFFF-", []int64{1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{"together they are enough to end it", "VVuuuuuuuu", "-FFFFFFFF-", []int64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{"unmeasured windows freeze a run that does not fire yet", "Vu.uV", "----F", []int64{1, 1, 0, 1, 1}},
		{"few slow ones are enough where all are", "ss", "-F", []int64{1, 1}},
		{"after a run the count starts anew", "VVGGVGV", "-FF---F", []int64{1, 1, 1, 1, 5, 5, 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWatcher(t, checkout())
			got, onset := "", []int64{}
			for i, letter := range c.windows {
				states := window(w, i, letter)
				flag, start := "-", int64(0)
				if len(states) == 1 {
					start = states[0].Onset / second
					if states[0].Firing {
						flag = "F"
					}
				}
				got += flag
				onset = append(onset, start)
			}
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.onset, onset, "starts of the runs")
		})
	}
}

// A window of which nothing bad is left in the last third does not show that a violation
// goes on; one more does.
func TestWatcher_lastThird(t *testing.T) {
	slow, fast := 200*time.Millisecond, 50*time.Millisecond
	half := func() *sketch.Sketch {
		l := latency(10, fast)
		l.Merge(latency(10, slow))
		return l
	}
	mostly := func(bad, all int) *sketch.Sketch {
		l := latency(bad, slow)
		l.Merge(latency(all-bad, fast))
		return l
	}
	for name, c := range map[string]struct {
		ending *sketch.Sketch
		opens  int // windows until it opens
	}{
		"not known":            {nil, 2},
		"nobody came":          {new(sketch.Sketch), 2},
		"over":                 {mostly(0, 7), 3},
		"a straggler":          {mostly(1, 7), 3},
		"a fifth still slow":   {mostly(2, 10), 2},
		"all of them are slow": {mostly(7, 7), 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatcher(t, checkout())
			for i := 1; i <= c.opens; i++ {
				at := int64(i) * second
				states := w.Observe(at, at+second, []Observation{{RPC: rpc("front", "GET /"), Latency: half(), Ending: c.ending}})
				require.Len(t, states, 1)
				require.Equal(t, i == c.opens, states[0].Firing, "window %d", i)
			}
		})
	}
}

func TestWatcher_stateOfAWindow(t *testing.T) {
	w := newWatcher(t, checkout())
	for i := range 5 {
		window(w, i, 'G')
	}
	mixed := latency(15, 50*time.Millisecond)
	mixed.Merge(latency(5, 400*time.Millisecond))
	s := w.Observe(6*second, 7*second, []Observation{{RPC: rpc("front", "GET /"), Latency: mixed, Errors: 3}})
	require.Len(t, s, 1)

	assert.True(t, s[0].Measured)
	assert.True(t, s[0].Violated)
	assert.False(t, s[0].Firing)
	assert.InEpsilon(t, 0.4, s[0].Observed, 0.012, "the sketch is off by 1.1 % at most")
	assert.InEpsilon(t, 0.05, s[0].Baseline, 0.012)
	assert.InDelta(t, 20, s[0].Count, 0)
	assert.InDelta(t, 0.25, s[0].BadRatio, 1e-12)
	assert.InDelta(t, 3, s[0].Errors, 0)
	assert.Equal(t, 6*second, s[0].Onset)
	assert.InDelta(t, 20, s[0].Requests, 0)
	assert.InDelta(t, 5, s[0].Bad, 1e-9)
	assert.InDelta(t, 0.99, s[0].Objective.Target, 0, "the default")
}

func TestWatcher_requestsSinceOnset(t *testing.T) {
	w := newWatcher(t, checkout())
	want := map[int]float64{ // window: requests since the onset
		0: 0, 1: 20, 2: 40, 3: 60, // G V V V
		4: 60,         // unmeasured: 3 requests do not count
		5: 80, 6: 100, // G G, the second one ends the run
		7: 0,
	}
	for i, letter := range "GVVVuGGG" {
		s := window(w, i, letter)
		assert.InDelta(t, want[i], s[0].Requests, 0, "window %d", i)
	}
	s := window(w, 8, 'V')
	assert.InDelta(t, 20, s[0].Requests, 0)
	assert.InDelta(t, 20, s[0].Bad, 0)
}

func TestWatcher_unmeasuredHasNoQuantile(t *testing.T) {
	w := newWatcher(t, checkout())
	s := window(w, 0, 'u')
	require.Len(t, s, 1)
	assert.False(t, s[0].Measured)
	assert.True(t, math.IsNaN(s[0].Observed))
	assert.True(t, math.IsNaN(s[0].Baseline))
	s = w.Observe(2*second, 3*second, []Observation{{RPC: rpc("front", "GET /")}})
	assert.False(t, s[0].Measured, "no sketch, no requests")
	s = w.Observe(3*second, 4*second, []Observation{{RPC: rpc("front", "GET /"), Latency: latency(10, time.Second)}})
	assert.True(t, s[0].Measured, "ten are enough")
}

// Ten requests must be seen, whatever they stand for.
func TestWatcher_requestsThatStandForOthers(t *testing.T) {
	w := newWatcher(t, checkout())
	for i, c := range []struct {
		seen   int
		weight float64
		want   bool
	}{
		{1, 100, false}, // whatever it stands for
		{2, 100, true},
		{3, 10.0 / 3, true}, // sums of which are rounded
		{2, 10.0 / 3, false},
	} {
		o := Observation{RPC: rpc("front", "GET /"), Latency: new(sketch.Sketch)}
		for range c.seen {
			o.Latency.Add(int64(time.Millisecond), c.weight)
			o.Unseen += c.weight - 1
		}
		start := int64(i+1) * second
		s := w.Observe(start, start+second, []Observation{o})
		require.Len(t, s, 1)
		assert.Equal(t, c.want, s[0].Measured, "%d that stand for %g each", c.seen, c.weight)
		assert.InDelta(t, float64(c.seen)*c.weight, s[0].Count, 1e-9, "how many there are is another matter")
	}
}

func TestWatcher_baselineIsThatOfHealthyWindows(t *testing.T) {
	w := newWatcher(t, checkout())
	var s []State
	for i, letter := range "GVGVVVVGG" { // fires from the fourth on
		s = window(w, i, letter)
	}
	assert.InEpsilon(t, 0.05, s[0].Baseline, 0.012)
	assert.Len(t, w.tracks[key{"checkout", rpc("front", "GET /")}].Baseline, 2, "good windows of a run are no baseline")

	for i := range 3 * maxBaseline {
		window(w, 100+i, 'G')
	}
	assert.Len(t, w.tracks[key{"checkout", rpc("front", "GET /")}].Baseline, maxBaseline)
}

func TestWatcher_everyMatchingOperationOnItsOwn(t *testing.T) {
	cfg := checkout()
	cfg.Objectives = append(cfg.Objectives, Objective{
		Name: "all", Service: identity.Service{Name: "front"}, Operation: "*", Quantile: 0.5, Threshold: time.Second,
	})
	cfg.Learn = LearnConfig{Enabled: true, Windows: 3, Quantile: 0.99, Headroom: 2}
	w := newWatcher(t, cfg)
	l := latency(20, 50*time.Millisecond)
	states := w.Observe(second, 2*second, []Observation{
		{RPC: rpc("front", "POST /"), Entry: true, Latency: l},
		{RPC: rpc("front", "GET /b"), Latency: l},
		{RPC: rpc("front", "GET /a"), Entry: true, Latency: l},
		{RPC: rpc("back", "get"), Latency: l}, // no entry, no objective
		{RPC: rpc("cron", "tick"), Entry: true, Latency: l},
	})
	var got []string
	for _, s := range states {
		got = append(got, fmt.Sprintf("%s|%s|%v", s.Objective.Name, s.RPC, s.Objective.Learned))
	}
	assert.Equal(t, []string{
		"all|front GET /a|false", "all|front GET /b|false", "all|front POST /|false",
		"auto:cron:tick|cron tick|true",
		"checkout|front GET /a|false", "checkout|front GET /b|false",
	}, got)
}

func TestWatcher_orderOfObservationsDoesNotMatter(t *testing.T) {
	cfg := checkout()
	cfg.Learn = LearnConfig{Enabled: true, Windows: 1, Quantile: 0.9, Headroom: 2}
	obs := []Observation{
		{RPC: rpc("front", "GET /a"), Latency: latency(20, time.Second)},
		{RPC: rpc("front", "GET /b"), Latency: latency(20, time.Millisecond)},
		{RPC: rpc("cron", "tick"), Entry: true, Latency: latency(20, time.Second)},
	}
	a, b := newWatcher(t, cfg), newWatcher(t, cfg)
	reversed := slices.Clone(obs)
	slices.Reverse(reversed)
	for i := range int64(3) {
		assert.Equal(t, fmt.Sprint(a.Observe(i+1, i+2, obs)), fmt.Sprint(b.Observe(i+1, i+2, reversed)))
	}
}

func TestWatcher_bounds(t *testing.T) {
	cfg := checkout()
	cfg.Learn = LearnConfig{Enabled: true, Windows: 3, Quantile: 0.99, Headroom: 2}
	w := newWatcher(t, cfg)
	var obs []Observation
	for i := range MaxLearned + 7 {
		obs = append(obs, Observation{RPC: rpc("entry", fmt.Sprint(i)), Entry: true, Latency: latency(20, time.Millisecond)})
	}
	assert.Len(t, w.Observe(1, 2, obs), MaxLearned)
	assert.Equal(t, 7, w.Refused())

	obs = obs[:0]
	for i := range MaxTracks {
		obs = append(obs, Observation{RPC: rpc("front", fmt.Sprintf("GET %d", i)), Latency: latency(20, time.Millisecond)})
	}
	assert.Len(t, w.Observe(2, 3, obs), MaxTracks-MaxLearned)
	assert.Equal(t, 7+MaxLearned, w.Refused())

	later := 2 + int64(forgetAfter)
	states := w.Observe(later, later+1, obs[MaxTracks-1:])
	assert.Len(t, states, 1, "what was last seen in the first window has given up its place")
	states = w.Observe(later+1, later+2, []Observation{{RPC: rpc("entry", "new"), Entry: true, Latency: latency(20, time.Millisecond)}})
	assert.Len(t, states, 1, "also that of a learned one")
}

func TestWatcher_forgetsARunOfAnOperationThatIsGone(t *testing.T) {
	w := newWatcher(t, checkout())
	window(w, 0, 'V')
	require.True(t, window(w, 1, 'V')[0].Firing)
	at := 2*second + int64(forgetAfter)
	assert.Len(t, w.Observe(at, at+second, nil), 1, "frozen for a week")
	assert.Empty(t, w.Observe(at+second, at+2*second, nil))
}

func TestNewWatcher_refuses(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"no name":            func(c *Config) { c.Objectives[0].Name = "" },
		"no service":         func(c *Config) { c.Objectives[0].Service = identity.Service{Namespace: "shop"} },
		"quantile of 1":      func(c *Config) { c.Objectives[0].Quantile = 1 },
		"quantile NaN":       func(c *Config) { c.Objectives[0].Quantile = math.NaN() },
		"no threshold":       func(c *Config) { c.Objectives[0].Threshold = 0 },
		"target of 1":        func(c *Config) { c.Objectives[0].Target = 1 },
		"learned":            func(c *Config) { c.Objectives[0].Learned = true },
		"name twice":         func(c *Config) { c.Objectives = append(c.Objectives, c.Objectives[0]) },
		"k of 0":             func(c *Config) { c.OpenK = 0 },
		"k beyond n":         func(c *Config) { c.OpenK = 4 },
		"n beyond the bound": func(c *Config) { c.OpenN = maxRun + 1 },
		"m of 0":             func(c *Config) { c.ResolveM = 0 },
		"negative requests":  func(c *Config) { c.MinRequests = -1 },
		"learning nothing":   func(c *Config) { c.Learn.Enabled = true },
		"headroom under 1":   func(c *Config) { c.Learn = LearnConfig{Enabled: true, Windows: 3, Quantile: 0.99, Headroom: 0.5} },
		"median headroom":    func(c *Config) { c.Learn = LearnConfig{true, 3, 0.99, 2, 0.5, 0} },
		"all may fail":       func(c *Config) { c.Learn = LearnConfig{true, 3, 0.99, 2, 0, 1} },
	} {
		cfg := checkout()
		spoil(&cfg)
		_, err := NewWatcher(cfg)
		require.Error(t, err, name)
	}
	cfg := checkout()
	cfg.OpenK, cfg.Objectives[0].Name = 0, ""
	_, err := NewWatcher(cfg)
	require.ErrorContains(t, err, "rule")
	assert.ErrorContains(t, err, "objective 0", "all errors at once")
}
