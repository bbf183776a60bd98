package slo

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/sketch"
)

// digits shows windows of 22 requests to what is learned of the tail of "shop buy", from window i
// on: a digit is how many of them take 200 ms, all others 50 ms.
func digits(w *Watcher, i int, text string) State {
	var s State
	for _, c := range text {
		bad := int(c - '0')
		l := latency(22-bad, 50*time.Millisecond)
		l.Merge(latency(bad, 200*time.Millisecond))
		start := int64(i+1) * second
		s = w.Observe(start, start+second, []Observation{{RPC: rpc("shop", "buy"), Entry: true, Latency: l}})[0]
		i++
	}
	return s
}

const thirty = "000000000000000000000000000000"

// Thirty windows are learned of. Fewer than four slow requests of 22 are no more than chance brings
// one window, so that none of these violates by itself.
func TestWatcher_scattered(t *testing.T) {
	for name, c := range map[string]struct {
		shown    string
		fires    bool
		onset    int // window
		of, bad  float64
		baseline int
	}{
		"four in a row are too few":    {"1111", false, 0, 0, 0, 34},          // 2e-5
		"five in a row":                {"11211", true, 30, 110, 6, 30},       // 3e-6
		"five of six":                  {"110111", false, 0, 0, 0, 36},        // 2e-5
		"six of seven":                 {"1101111", true, 30, 154, 6, 30},     // 3e-6
		"every other one":              {"1010101010", false, 0, 0, 0, 40},    // 2e-4
		"it begins where it is likely": {"10000011111", true, 36, 110, 5, 36}, // of 36 windows before one exceeds
		"a disturbance":                {"030", false, 0, 0, 0, 33},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatcher(t, learning(20))
			s := digits(w, 0, thirty+c.shown)
			assert.Equal(t, c.fires, s.Firing)
			assert.Equal(t, c.fires, s.Violated)
			assert.Equal(t, c.baseline, s.Healthy, "windows of a run are not healthy")
			if c.fires {
				assert.Equal(t, int64(c.onset+1)*second, s.Onset)
				assert.Equal(t, s.Onset, s.Since, "all of them are judged together")
				assert.Equal(t, s.Since, w.Pending())
				assert.InDelta(t, c.of, s.Requests, 0)
				assert.InDelta(t, c.bad, s.Bad, 0)
			}
		})
	}
}

// A run goes on until as many windows in a row meet the objective as hardly would by chance, after
// a restart as before it.
func TestWatcher_scatteredEnds(t *testing.T) {
	for name, c := range map[string]struct {
		run, then string
		fires     bool
	}{
		"each exceeded it, one meets it":            {"11111", "0", true},
		"each exceeded it":                          {"11111", "00", false},
		"one exceeds it again":                      {"11111", "010", true},
		"a quarter does not, three meet it":         {"1111101", "000", false}, // 6 of 7: (1/7)^3 < 0.005
		"the same, two meet it":                     {"1111101", "00", true},
		"eight of eleven exceeded it, four meet it": {"11111010101", "0000", true}, // (3/11)^4 = 0.0055
		"the same, five meet it":                    {"11111010101", "00000", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatcher(t, learning(20))
			digits(w, 0, thirty+c.run)
			stored, err := w.MarshalBinary()
			require.NoError(t, err)
			again := newWatcher(t, learning(20))
			require.NoError(t, again.UnmarshalBinary(stored))
			for _, w := range []*Watcher{w, again} {
				assert.Equal(t, c.fires, digits(w, 30+len(c.run), c.then).Firing)
			}
		})
	}
}

// What is configured says itself how many requests may be bad, and so do rules of burn rates.
func TestTrack_scatters(t *testing.T) {
	tail := Objective{Quantile: 0.99, Learned: true}
	burn := Config{Burn: DefaultBurnRules()}
	assert.True(t, (&track{Objective: tail}).scatters(Config{}))
	assert.True(t, (&track{Objective: Objective{Indicator: Errors, Quantile: errorsQuantile, Learned: true}}).scatters(Config{}))
	assert.False(t, (&track{Objective: Objective{Quantile: Typical, Learned: true}}).scatters(Config{}))
	assert.False(t, (&track{Objective: Objective{Quantile: 0.99}}).scatters(Config{}))
	assert.False(t, (&track{Objective: tail}).scatters(burn))
}

// The threshold is learned in the midst of a fault that two of ten windows do not show, of the windows
// before it.
func TestWatcher_scatteredRegime(t *testing.T) {
	w := newWatcher(t, learning(20))
	s := digits(w, 0, "00000000001101111011")
	assert.InDelta(t, 0.1, s.Objective.Limit(), 0.002)
	assert.Equal(t, 10, s.Healthy)
	assert.False(t, s.Firing)
	assert.False(t, digits(w, 20, "11").Firing, "eight of nine windows, and none of ten: 1e-4")
	s = digits(w, 22, "1")
	assert.True(t, s.Firing, "nine of ten")
	assert.Equal(t, 11*second, s.Onset)
}

// Operations of which a window shows slow requests now and then all the time open nothing: what their
// healthy windows exceed the limit by is known.
func TestWatcher_scatteredByChance(t *testing.T) {
	for name, each := range map[string]func(*rand.Rand) float64{
		"a heavy tail":                 func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()) },
		"one of a hundred":             func(r *rand.Rand) float64 { return 1 + 19*math.Floor(r.Float64()+0.01) },
		"one of a hundred, some twice": func(r *rand.Rand) float64 { return 1 + 9*math.Floor(r.Float64()+0.01)*(1+r.Float64()) },
	} {
		w := newWatcher(t, learning(20))
		r := rand.New(rand.NewPCG(1, 1))
		exceeded := 0
		for i := range 1000 {
			l := new(sketch.Sketch)
			for range 22 {
				l.Add(int64(each(r)*float64(10*time.Millisecond)), 1)
			}
			start := int64(i+1) * second
			s := w.Observe(start, start+second, []Observation{{RPC: rpc("shop", "buy"), Entry: true, Latency: l}})[0]
			require.False(t, s.Firing, "%s, window %d", name, i)
			if limit := s.Objective.Limit(); limit > 0 && s.Observed > limit {
				exceeded++
			}
		}
		assert.Positive(t, exceeded, name)
	}
}
