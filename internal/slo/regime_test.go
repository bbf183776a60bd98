package slo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What twenty windows show, of which the later ones are a fault: the objective is learned of those
// before, and the fault is one from its first window on.
func TestWatcher_learnsOfTheEarlierRegime(t *testing.T) {
	cfg := shopping()
	cfg.Learn.Windows = 20
	for name, c := range map[string]struct {
		healthy int
		each    time.Duration
		failed  float64
		fires   bool
	}{
		"half of them slow":            {10, 300 * time.Millisecond, 0, true},
		"three of them slow":           {17, 300 * time.Millisecond, 0, true},
		"two of them slow":             {18, 300 * time.Millisecond, 0, true}, // they are of no weight
		"too few before":               {6, 300 * time.Millisecond, 0, false},
		"slower by less than headroom": {10, 90 * time.Millisecond, 0, false},
		"half of them fail":            {10, 50 * time.Millisecond, 60, true},
		"they are faster":              {10, 10 * time.Millisecond, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatcher(t, cfg)
			var tail, failures State
			for i := range 24 {
				each, failed := 50*time.Millisecond, 0.0
				if i >= c.healthy {
					each, failed = c.each, c.failed
				}
				tail, failures, _ = see(w, i, 100, each, failed)
			}
			s := tail
			if c.failed > 0 {
				s = failures
				assert.InDelta(t, 0.05, s.Objective.Limit(), 1e-9)
			} else if c.fires {
				assert.InDelta(t, 0.1, s.Objective.Limit(), 0.002)
			}
			assert.Equal(t, c.fires, s.Firing)
			if c.fires && c.healthy <= 17 {
				assert.Equal(t, int64(c.healthy+1)*second, s.Onset, "from its first window on")
			}
		})
	}
}

// The median is not learned of requests of both regimes, and is once twenty windows are one.
func TestWatcher_medianOfOneRegime(t *testing.T) {
	cfg := shopping()
	cfg.Learn.Windows = 20
	w := newWatcher(t, cfg)
	var typical State
	for i := range 60 {
		each := 50 * time.Millisecond
		if i >= 10 && i < 24 {
			each = 300 * time.Millisecond
		}
		if _, _, typical = see(w, i, 100, each, 0); i < 39 {
			assert.Zero(t, typical.Objective.Threshold, "window %d", i)
		}
	}
	assert.False(t, typical.Firing)
	assert.Positive(t, typical.Objective.Threshold)
	for i := 60; !typical.Firing && i < 70; i++ {
		_, _, typical = see(w, i, 100, 300*time.Millisecond, 0)
	}
	assert.Equal(t, 61*second, typical.Onset, "what was left out is no onset of what comes later")
}

// A window that meets the objective ends the regime: what comes later has an onset of its own.
func TestWatcher_regimeIsOver(t *testing.T) {
	cfg := learning(20)
	w := newWatcher(t, cfg)
	each := func(i int) time.Duration {
		if i >= 10 && i < 20 || i >= 25 {
			return 300 * time.Millisecond
		}
		return 50 * time.Millisecond
	}
	var s State
	for i := range 28 {
		s = buy(w, i, 100, each(i))
	}
	assert.True(t, s.Firing)
	assert.Equal(t, 26*second, s.Onset)
}
