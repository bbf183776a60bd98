package slo

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// maxRun bounds n in "k of n windows".
const maxRun = 64

// track is one objective on one operation. Its fields are persisted.
type track struct {
	Objective Objective
	RPC       identity.RPC
	Seen      int64     // start of the last window that was measured
	Recent    []result  // of the last measured windows, at most OpenN, oldest first
	Met       int       // measured windows in a row that met the objective
	Firing    bool      //
	Onset     int64     // start of the first violated window of the run, 0: no run
	Requests  float64   // since Onset
	Bad       float64   // of them
	Baseline  []float64 // quantiles of healthy windows in seconds, oldest first
	Learned   int       // healthy windows since the threshold was last learned
}

// result is one measured window.
type result struct {
	Start      int64
	Violated   bool
	Count, Bad float64
}

// observe takes in one window in which the operation was seen.
func (t *track) observe(cfg Config, start int64, o Observation) State {
	s := State{Observed: math.NaN(), Count: o.Latency.Count(), Errors: o.Errors}
	s.Measured = s.Count > 0 && s.Count >= cfg.MinRequests
	if !s.Measured {
		return t.state(s)
	}
	t.Seen = start
	s.Observed = o.Latency.Quantile(t.Objective.Quantile) / 1e9
	if t.Objective.Threshold <= 0 { // not learned yet
		t.healthy(cfg, s.Observed)
		return t.state(s)
	}
	s.BadRatio = o.Latency.FractionAbove(float64(t.Objective.Threshold))
	s.Violated = s.Observed > t.Objective.Threshold.Seconds()
	ends := t.rule(cfg, result{start, s.Violated, s.Count, s.Count * s.BadRatio})
	out := t.state(s)
	switch {
	case ends:
		t.rest()
		out.Firing = false
	case !s.Violated && !t.Firing:
		t.healthy(cfg, s.Observed)
	}
	out.Objective, out.Baseline = t.Objective, median(t.Baseline)
	return out
}

// state completes s with what the track holds.
func (t *track) state(s State) State {
	s.Objective, s.RPC, s.Firing, s.Onset = t.Objective, t.RPC, t.Firing, t.Onset
	s.Requests, s.Bad = t.Requests, t.Bad
	s.Baseline = median(t.Baseline)
	return s
}

// lasting is the share of bad requests from which on a window shows that a violation
// goes on. A disturbance of a few seconds that began in the window before leaves less
// behind, and a few slow requests by chance far less.
const lasting = 0.2

// rule fires when k of the last n measured windows violate the objective and the last
// one shows that it goes on, otherwise when one more of one more do, and reports whether a run that fires ends, which it does after m in a row that
// meet it.
func (t *track) rule(cfg Config, r result) (ends bool) {
	t.Met++
	if r.Violated {
		t.Met = 0
	}
	if t.Firing {
		t.Requests += r.Count
		t.Bad += r.Bad
		return t.Met >= cfg.ResolveM
	}
	t.Recent = append(t.Recent, r)
	if n := len(t.Recent); n > cfg.OpenN+1 {
		t.Recent = slices.Delete(t.Recent, 0, n-cfg.OpenN-1)
	}
	violated := 0
	t.Onset, t.Requests, t.Bad = 0, 0, 0
	for _, r := range t.Recent {
		if r.Violated {
			violated++
		}
		if violated > 0 { // the run has begun
			if t.Onset == 0 {
				t.Onset = r.Start
			}
			t.Requests += r.Count
			t.Bad += r.Bad
		}
	}
	recent := 0
	for _, r := range t.Recent[max(0, len(t.Recent)-cfg.OpenN):] {
		if r.Violated {
			recent++
		}
	}
	lasts := cfg.OpenK == 1 || r.Bad >= lasting*r.Count
	t.Firing = r.Violated && (recent >= cfg.OpenK && lasts || violated > cfg.OpenK)
	return false
}

// rest ends a run: what was before it is forgotten.
func (t *track) rest() {
	t.Firing, t.Onset, t.Requests, t.Bad, t.Recent = false, 0, 0, 0, nil
}
