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
	Recent    []result  // of the last measured windows, at most OpenN + 1, oldest first; none under rules of burn rates
	Met       int       // measured windows in a row that met the objective
	Firing    bool      //
	Paged     bool      `json:",omitempty"` // a rule of burn rates that is worth a page held since it fires
	Onset     int64     // start of the first violated window of the run, 0: no run
	Requests  float64   // since Onset
	Bad       float64   // of them
	Baseline  []float64 // of healthy windows what the objective limits, oldest first
	Learned   int       // healthy windows since the threshold was last learned
	Stepped   int64     `json:",omitempty"` // start of the windows that it was not learned of, see later; 0: none, or over
	Burn      []ring    `json:",omitempty"` // by rule of burn rates
	Budget    ring      `json:",omitzero"`
	Few       sparse    `json:",omitzero"` // windows of too few requests
	// Of a learned objective of the median.
	Usual sparse  `json:",omitzero"`  // requests of the healthy windows that Learned counts
	Above float64 `json:",omitempty"` // share of those that Threshold was learned of above it

	measured bool // in the window that began at Seen; it is new otherwise
}

// result is one measured window.
type result struct {
	Start      int64
	Violated   bool
	Count, Bad float64
}

// minSeen is the number of requests that a sampled window must show: one alone, whatever
// it stands for, is none. More would leave sampled operations unjudged: windows in a row
// that exceed the objective, which opens incidents, are evidence too.
const minSeen = 2

// observe takes in the window [start, end), in which the operation was seen. Windows of too
// few requests are judged together, as soon as they are enough.
func (t *track) observe(cfg Config, start, end int64, o Observation) State {
	s := State{Observed: math.NaN(), Count: o.Latency.Count(), Errors: o.Errors}
	from, alone := start, true
	if s.Measured = cfg.enough(o); !s.Measured && s.Count > 0 {
		_, bad, _ := t.Objective.measure(o)
		all := t.Few.add(start, end, o, bad > 0)
		if s.Measured = cfg.enough(all) || t.plainly(all); s.Measured {
			from, alone, o = t.Few.since(), false, all
			s.Count, s.Errors = o.Latency.Count(), o.Errors
		}
	}
	s.Since = from
	if !s.Measured {
		return t.state(cfg, start, s)
	}
	t.Few = sparse{}
	t.Seen, t.measured = start, true
	var over bool
	s.Observed, s.BadRatio, over = t.Objective.measure(o)
	if t.Objective.Limit() <= 0 { // not learned yet
		t.healthy(cfg, start, end, o, s.Observed)
		return t.state(cfg, start, s)
	}
	seen := s.Count - o.Unseen
	over = over && t.surely(seen*s.BadRatio, seen) && (alone || t.Objective.Learned || t.plainly(o))
	r := result{from, over, s.Count, s.Count * s.BadRatio}
	t.account(start, end, r)
	var ends bool
	if rules := cfg.rules(t.Objective); len(rules) > 0 {
		r.Violated = reaches(s.BadRatio, mildest(rules)*t.Objective.Budget())
		ends = t.burning(cfg, r, t.burn(cfg, start))
	} else {
		ends = t.rule(cfg, r, t.Objective.lasts(o, r))
	}
	s.Violated = r.Violated
	out := t.state(cfg, start, s)
	switch {
	case ends:
		t.rest()
		out.Firing = false
	case !over && !s.Violated && !t.Firing:
		t.healthy(cfg, start, end, o, s.Observed)
	}
	out.Objective, out.Baseline, out.Healthy = t.Objective, median(t.Baseline), len(t.Baseline)
	return out
}

// enough reports whether a window has requests enough to be measured.
func (c Config) enough(o Observation) bool {
	n := o.Latency.Count()
	return n > 0 && reaches(n, c.MinRequests) && reaches(n-o.Unseen, math.Min(minSeen, c.MinRequests))
}

// state completes s, which is of the window that begins at start, with what the
// track holds.
func (t *track) state(cfg Config, start int64, s State) State {
	s.Objective, s.RPC, s.Firing, s.Onset = t.Objective, t.RPC, t.Firing, t.Onset
	s.Requests, s.Bad = t.Requests, t.Bad
	s.Ticket = len(cfg.rules(t.Objective)) > 0 && t.Firing && !t.Paged
	s.Baseline, s.Healthy = median(t.Baseline), len(t.Baseline)
	s.Burn, s.Budget = t.burn(cfg, start), t.budget(cfg, start)
	return s
}

// lasting is the share of bad requests from which on a window shows that a violation
// goes on. A disturbance of a few seconds that began in the window before leaves less
// behind, and a few slow requests by chance far less.
const lasting = 0.2

// lasts reports whether a window shows that a violation goes on: the window as a whole,
// and what ended in its last third where that is known, as a disturbance that is over
// by then may have filled most of the rest.
func (o Objective) lasts(w Observation, r result) bool {
	if r.Bad < lasting*r.Count {
		return false
	}
	if o.Indicator != Latency || w.Ending == nil || w.Ending.Count() <= 0 {
		return true
	}
	return w.Ending.FractionAbove(float64(o.Threshold)) >= lasting
}

// rule fires when k of the last n measured windows violate the objective and the
// last one shows that it goes on, otherwise when one more of one more do, and
// reports whether a run that fires ends, which it does after m in a row that meet it.
func (t *track) rule(cfg Config, r result, goesOn bool) (ends bool) {
	t.Met++
	if r.Violated {
		t.Met = 0
	} else if !t.Firing {
		t.Stepped = 0
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
	lasts := cfg.OpenK == 1 || goesOn
	t.Firing = r.Violated && (recent >= cfg.OpenK && lasts || violated > cfg.OpenK)
	if t.Stepped > 0 && t.Onset > t.Stepped {
		t.Onset = t.Stepped
	}
	return false
}

// rest ends a run: what was before it is forgotten.
func (t *track) rest() {
	t.Firing, t.Paged, t.Onset, t.Requests, t.Bad, t.Recent, t.Stepped = false, false, 0, 0, 0, nil, 0
}

// takeBack ends a run that should not have been: the requests by which it was judged turn
// out not to be those of the objective. It ends as if it were met, of which nothing is known.
func (t *track) takeBack(cfg Config, start int64) State {
	s := t.state(cfg, start, State{Observed: math.NaN(), Measured: true})
	t.rest()
	s.Firing, s.Ticket = false, false
	return s
}
