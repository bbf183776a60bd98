package slo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// 99 % are to be good, so that a budget is 1 % of the requests of its minute.
func TestBudget(t *testing.T) {
	for _, c := range []struct {
		name   string
		failed func(i int) float64 // of 100 in window i, of 60
		want   float64
	}{
		{"nothing is spent", func(int) float64 { return 0 }, 1},
		{"half", func(i int) float64 { return float64(i % 2) }, 0.5},
		{"all", func(int) float64 { return 1 }, 0},
		{"twice as much", func(int) float64 { return 2 }, -1},
		{"6 requests of 60 in one window", func(i int) float64 {
			if i == 10 {
				return 6
			}
			return 0
		}, 0.9},
	} {
		for _, burn := range [][]BurnRule{nil, failures().Burn} { // an account is kept under either rule
			cfg := failures()
			cfg.Burn, cfg.Budget = burn, time.Minute
			w := newWatcher(t, cfg)
			for i := range 60 { // of an earlier minute
				fail(w, i, 77)
			}
			var s State
			for i := range 60 {
				s = fail(w, 60+i, c.failed(i))
			}
			assert.Equal(t, time.Minute, s.Budget.Period, c.name)
			assert.InDelta(t, c.want, s.Budget.Remaining, 1e-12, c.name)
		}
	}
}

func TestBudget_needsHalfOfThePeriod(t *testing.T) {
	cfg := failures()
	cfg.Budget = time.Hour
	cfg.Objectives[0].Period = time.Minute // its own comes first
	w := newWatcher(t, cfg)
	for i := range 29 {
		assert.False(t, fail(w, i, 1).Budget.Known(), "window %d", i)
	}
	assert.Equal(t, time.Minute, fail(w, 29, 1).Budget.Period)

	w = newWatcher(t, failures())
	for i := range 60 {
		assert.False(t, fail(w, i, 1).Budget.Known(), "no account is kept")
	}
}
