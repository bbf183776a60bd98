package slo

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

func TestObjective_defaults(t *testing.T) {
	front := identity.Service{Name: "front"}
	for _, c := range []struct {
		name             string
		in               Objective
		quantile, target float64
	}{
		{"both left out", Objective{Threshold: time.Second}, 0.99, 0.99},
		{"a quantile is a share of requests", Objective{Threshold: time.Second, Quantile: 0.95}, 0.95, 0.95},
		{"and a share a quantile", Objective{Threshold: time.Second, Target: 0.999}, 0.999, 0.999},
		{"both", Objective{Threshold: time.Second, Quantile: 0.5, Target: 0.9}, 0.5, 0.9},
		{"errors", Objective{Indicator: Errors, Target: 0.9995}, 0.99, 0.9995},
		{"errors without a target", Objective{Indicator: Errors}, 0.99, 0.99},
	} {
		c.in.Name, c.in.Service = "x", front
		w := newWatcher(t, Config{Objectives: []Objective{c.in}, OpenK: 1, OpenN: 1, ResolveM: 1})
		assert.Equal(t, c.quantile, w.cfg.Objectives[0].Quantile, c.name)
		assert.Equal(t, c.target, w.cfg.Objectives[0].Target, c.name)
	}
	for name, o := range map[string]Objective{
		"a quantile of errors":  {Indicator: Errors, Quantile: 0.5},
		"a threshold of errors": {Indicator: Errors, Threshold: time.Second},
		"errors, all good":      {Indicator: Errors, Target: 1},
		"errors, as good":       {Indicator: Errors, Target: math.Nextafter(1, 0)},
		"something else":        {Indicator: 2, Threshold: time.Second},
	} {
		o.Name, o.Service = "x", front
		_, err := NewWatcher(Config{Objectives: []Objective{o}, OpenK: 1, OpenN: 1, ResolveM: 1})
		require.ErrorContains(t, err, "objective 0", name)
	}
}

// Windows of 100 requests, of which at most 1 may fail; 2 of 3 windows open, 2
// resolve. One window more opens where the last shows less than a fifth of failures.
func TestWatcher_errors(t *testing.T) {
	cfg := failures()
	cfg.Burn = nil
	w := newWatcher(t, cfg)
	for i, c := range []struct {
		failed           float64
		violated, firing bool
	}{
		{0, false, false},
		{1, false, false}, // just what is allowed
		{2, true, false},
		{2, true, false},
		{2, true, true},
		{0, false, true},
		{1, false, false},
		{50, true, false},
		{50, true, true},
		{math.Inf(1), true, true}, // whatever was counted, no more than all fail
	} {
		s := fail(w, i, c.failed)
		assert.Equal(t, c.violated, s.Violated, "window %d", i)
		assert.Equal(t, c.firing, s.Firing, "window %d", i)
		assert.Equal(t, min(1, c.failed/100), s.Observed, "window %d", i)
		assert.Equal(t, s.Observed, s.BadRatio, "window %d", i)
		assert.Equal(t, Errors, s.Objective.Indicator)
	}
	assert.Equal(t, "errors latency", Errors.String()+" "+Latency.String())
	for target, budget := range map[float64]float64{0.9: 0.1, 0.99: 0.01, 0.999: 0.001, 0.9995: 0.0005} {
		assert.Equal(t, budget, Objective{Indicator: Errors, Target: target}.Limit())
	}
	assert.InDelta(t, 0.25, Objective{Threshold: 250 * time.Millisecond}.Limit(), 0)
}
