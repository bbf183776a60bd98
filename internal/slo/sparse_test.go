package slo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/sketch"
)

// few has some requests, of which some are slow, each of which stands for others too.
func few(slow, all int, weight float64) Observation {
	o := Observation{RPC: rpc("front", "GET /"), Latency: new(sketch.Sketch)}
	for i := range all {
		took := 50 * time.Millisecond
		if i < slow {
			took = 400 * time.Millisecond
		}
		o.Latency.Add(int64(took), weight)
		o.Unseen += weight - 1
	}
	return o
}

// Windows of few requests of a configured objective are judged together: as soon as they are
// ten, or as those that are slow are no chance. Of a 99th percentile
//
//	P(2 of 2) = 0.01^2 = 0.0001,  P(2 of 10) = 0.0043,  P(2 of 11) = 0.0052 > 0.005
func TestWatcher_fewRequests(t *testing.T) {
	type window struct{ slow, all int }
	for name, c := range map[string]struct {
		windows  []window
		weight   float64
		measured int // window that is, -1: none
		violated bool
	}{
		"one slow request says nothing":         {[]window{{1, 1}, {0, 1}, {0, 1}}, 1, -1, false},
		"nor does one of ten":                   {[]window{{1, 4}, {0, 4}, {0, 2}}, 1, 2, false},
		"two do":                                {[]window{{1, 1}, {1, 1}}, 1, 1, true},
		"of ten as well":                        {[]window{{1, 4}, {0, 4}, {1, 2}}, 1, 2, true},
		"not of eleven":                         {[]window{{1, 4}, {0, 4}, {1, 3}}, 1, 2, false},
		"one that stands for many is one":       {[]window{{1, 1}, {0, 1}}, 100, 1, false},
		"two that stand for many are two":       {[]window{{1, 1}, {1, 1}}, 100, 1, true},
		"ten windows are too many to be one":    {[]window{{1, 1}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}, {1, 1}}, 1, -1, false},
		"windows of enough are judged by alone": {[]window{{1, 4}, {1, 12}}, 1, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatcher(t, checkout())
			for i, x := range c.windows {
				if x.all == 0 {
					continue
				}
				at := int64(i+1) * second
				s := w.Observe(at, at+second, []Observation{few(x.slow, x.all, c.weight)})[0]
				require.Equal(t, i == c.measured, s.Measured, "window %d", i)
				if i != c.measured {
					assert.False(t, s.Violated)
					continue
				}
				assert.Equal(t, c.violated, s.Violated)
				if x.all < 10 {
					assert.Equal(t, second, s.Since, "the first of them, which has a slow one")
				} else {
					assert.Equal(t, at, s.Since, "this one alone")
				}
			}
		})
	}
}

// Windows are pending while they are in hand with bad requests.
func TestWatcher_Pending(t *testing.T) {
	w := newWatcher(t, checkout())
	see := func(i int, o Observation) int64 {
		w.Observe(int64(i)*second, int64(i+1)*second, []Observation{o})
		return w.Pending()
	}
	assert.Zero(t, see(1, few(0, 1, 1)), "nothing is violated")
	assert.Zero(t, see(2, few(2, 2, 1)), "the first ones were judged")
	assert.Zero(t, see(3, few(0, 1, 1)))
	assert.Equal(t, 4*second, see(4, few(1, 1, 1)))
	assert.Equal(t, 4*second, see(5, few(0, 1, 1)))
	assert.Zero(t, see(6, few(1, 1, 1)))
}

// Of a learned objective only what may open an incident is pending.
func TestWatcher_PendingOfLearned(t *testing.T) {
	w := newWatcher(t, shopping())
	for i := range 8 {
		see(w, i, 8, 50*time.Millisecond, 0)
	}
	see(w, 8, 8, 50*time.Millisecond, 4)
	assert.Zero(t, w.Pending(), "some fail, for the first time")
	see(w, 9, 8, 50*time.Millisecond, 4)
	see(w, 10, 8, 50*time.Millisecond, 4)
	assert.Equal(t, 11*second, w.Pending(), "the windows before were violated")
}
