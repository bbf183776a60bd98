package slo

import (
	"math"

	"github.com/sage-rca/sage/internal/identity"
)

// maxRun bounds n in "k of n windows".
const maxRun = 64

// track is one objective on one operation. Its fields are persisted.
type track struct {
	Objective Objective
	RPC       identity.RPC
	Seen      int64     // start of the last window that was measured
	Recent    []result  // of the last measured windows, oldest first, see remember; none under rules of burn rates
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
	Few       sparse    `json:",omitzero"`  // windows of too few requests
	Scattered bool      `json:",omitempty"` // what fires is a scattered violation
	Windows   int       `json:",omitempty"` // measured since Onset, while it fires
	Exceeded  int       `json:",omitempty"` // of them those that exceed the limit, by however few requests
	// Of a learned objective of the median.
	Usual sparse  `json:",omitzero"`  // requests of the healthy windows that Learned counts
	Above float64 `json:",omitempty"` // share of those that Threshold was learned of above it

	measured bool  // in the window that began at Seen; it is new otherwise
	held     int64 // start of windows that may turn out to be a scattered violation, 0: none
}

// result is one measured window.
type result struct {
	Start      int64
	Violated   bool
	Count, Bad float64
	Exceeds    bool `json:",omitempty"` // the limit, by however few requests
	Taken      bool `json:",omitempty"` // for healthy: it is one of the baseline
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
	exceeds := over
	over = over && t.surely(seen*s.BadRatio, seen) && (alone || t.Objective.Learned || t.plainly(o))
	r := result{from, over, s.Count, s.Count * s.BadRatio, exceeds, false}
	t.account(start, end, r)
	var ends bool
	if rules := cfg.rules(t.Objective); len(rules) > 0 {
		r.Violated = reaches(s.BadRatio, mildest(rules)*t.Objective.Budget())
		ends = t.burning(cfg, r, t.burn(cfg, start))
	} else {
		ends = t.rule(cfg, r, t.Objective.lasts(o, r))
		if t.Scattered && exceeds {
			r.Violated = true
			s.Since = min(s.Since, t.stretch())
			t.held = s.Since
		}
	}
	s.Violated = r.Violated
	out := t.state(cfg, start, s)
	switch {
	case ends:
		t.rest()
		out.Firing = false
	case !over && !s.Violated && !t.Firing:
		t.healthy(cfg, start, end, o, s.Observed)
		if n := len(t.Recent); n > 0 {
			t.Recent[n-1].Taken = true
		}
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
// last one shows that it goes on, otherwise when one more of one more do, or where
// violations are scattered, and reports whether a run that fires ends, which it does
// after m in a row that meet it.
func (t *track) rule(cfg Config, r result, goesOn bool) (ends bool) {
	t.Met++
	if r.Violated || r.Exceeds && t.scatters(cfg) {
		t.Met = 0
	}
	if !t.Firing && t.Met > 0 && (!t.scatters(cfg) || t.Met >= cfg.ResolveM) {
		t.Stepped = 0
	}
	t.remember(cfg, r)
	t.held = 0
	if t.Firing {
		t.Requests += r.Count
		t.Bad += r.Bad
		t.count(r)
		return t.Met >= t.calm(cfg)
	}
	violated := 0
	t.Onset, t.Requests, t.Bad = 0, 0, 0
	for _, r := range t.Recent[max(0, len(t.Recent)-cfg.OpenN-1):] {
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
	if opens := t.Firing || t.scatter(cfg); opens {
		t.Windows, t.Exceeded = 0, 0
		for _, r := range t.Recent {
			if r.Start >= t.Onset {
				t.count(r)
			}
		}
	}
	if t.Stepped > 0 && t.Onset > t.Stepped {
		t.Onset = t.Stepped
	}
	return false
}

// count takes in a window of a run that fires.
func (t *track) count(r result) {
	t.Windows++
	if r.Exceeds {
		t.Exceeded++
	}
}

// rest ends a run: what was before it is forgotten.
func (t *track) rest() {
	t.Firing, t.Paged, t.Onset, t.Requests, t.Bad, t.Recent, t.Stepped = false, false, 0, 0, 0, nil, 0
	t.Scattered, t.Windows, t.Exceeded, t.held = false, 0, 0, 0
}

// takeBack ends a run that should not have been: the requests by which it was judged turn
// out not to be those of the objective. It ends as if it were met, of which nothing is known.
func (t *track) takeBack(cfg Config, start int64) State {
	s := t.state(cfg, start, State{Observed: math.NaN(), Measured: true})
	t.rest()
	s.Firing, s.Ticket = false, false
	return s
}
