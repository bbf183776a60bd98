package slo

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

const (
	maxRun      = 64  // bound of n in "k of n windows"
	maxBaseline = 120 // healthy windows that make the baseline
)

// track is one objective on one operation. Its exported fields are persisted.
type track struct {
	Objective Objective
	RPC       identity.RPC
	Recent    []bool    // violated or not, of the last measured windows, at most OpenN
	Healthy   int       // measured windows in a row that met the objective
	Firing    bool      //
	Onset     int64     // start of the first violated window of the run
	Baseline  []float64 // quantiles of healthy windows in seconds, oldest first
	Learned   int       // healthy windows since the threshold was last learned
}

// observe takes in one window in which the operation was seen.
func (t *track) observe(cfg Config, start int64, o Observation) State {
	s := State{Observed: math.NaN(), Count: o.Latency.Count(), Errors: o.Errors}
	s.Measured = s.Count > 0 && s.Count >= cfg.MinRequests
	if !s.Measured {
		return t.state(s)
	}
	s.Observed = o.Latency.Quantile(t.Objective.Quantile) / 1e9
	if t.Objective.Threshold <= 0 { // not learned yet
		t.healthy(cfg, s.Observed)
		return t.state(s)
	}
	s.BadRatio = o.Latency.FractionAbove(float64(t.Objective.Threshold))
	s.Violated = s.Observed > t.Objective.Threshold.Seconds()
	t.rule(cfg, start, s.Violated)
	if !s.Violated && !t.Firing {
		t.healthy(cfg, s.Observed)
	}
	return t.state(s)
}

// state completes s with what the track holds.
func (t *track) state(s State) State {
	s.Objective, s.RPC, s.Firing, s.Onset = t.Objective, t.RPC, t.Firing, t.Onset
	s.Baseline = median(t.Baseline)
	return s
}

// rule fires when k of the last n measured windows violate the objective, and
// stops after m in a row that meet it.
func (t *track) rule(cfg Config, start int64, violated bool) {
	t.Recent = append(t.Recent, violated)
	if n := len(t.Recent); n > cfg.OpenN {
		t.Recent = slices.Delete(t.Recent, 0, n-cfg.OpenN)
	}
	if violated {
		t.Healthy = 0
		if t.Onset == 0 {
			t.Onset = start
		}
	} else {
		t.Healthy++
	}
	bad := 0
	for _, v := range t.Recent {
		if v {
			bad++
		}
	}
	switch {
	case !t.Firing && violated && bad >= cfg.OpenK:
		t.Firing = true
	case t.Firing && t.Healthy >= cfg.ResolveM:
		t.Firing, t.Onset, t.Recent = false, 0, nil
	case !t.Firing && bad == 0:
		t.Onset = 0
	}
}

// healthy adds the quantile of a healthy window to the baseline, and learns the
// threshold of a learned objective anew after every Windows of them: never
// while the objective fires, and by at most a fifth at a time, so that a slow
// drift is followed and a slow fault is not.
func (t *track) healthy(cfg Config, seconds float64) {
	t.Baseline = append(t.Baseline, seconds)
	if n := len(t.Baseline); n > maxBaseline {
		t.Baseline = slices.Delete(t.Baseline, 0, n-maxBaseline)
	}
	if !t.Objective.Learned {
		return
	}
	if t.Learned++; t.Learned < cfg.Learn.Windows {
		return
	}
	t.Learned = 0
	next := learned(t.Baseline, cfg.Learn.Headroom)
	if old := t.Objective.Threshold.Seconds(); old > 0 {
		next = min(max(next, 0.8*old), 1.2*old)
	}
	t.Objective.Threshold = ceil2(next)
}

// learned returns the threshold that healthy quantiles suggest, in seconds:
// headroom x median, but never under median + 6 robust standard deviations.
func learned(baseline []float64, headroom float64) float64 {
	s := slices.Sorted(slices.Values(baseline))
	m := median(s)
	spread := (at(s, 0.75) - at(s, 0.25)) / 1.349
	return max(headroom*m, m+6*spread)
}

// median returns NaN where there are no values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return at(slices.Sorted(slices.Values(values)), 0.5)
}

// at interpolates between the order statistics of sorted values.
func at(sorted []float64, q float64) float64 {
	x := q * float64(len(sorted)-1)
	i := int(x)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (x-float64(i))*(sorted[i+1]-sorted[i])
}
