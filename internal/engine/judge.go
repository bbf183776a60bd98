package engine

import (
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// healthyShare of the threshold is what a tail must keep for its window to count
// as normal (Gan et al., ASPLOS 2021, learn what is normal from such windows).
const healthyShare = 0.8

// judge folds a window into everything that is known, and finds out what it
// means for incidents.
func (r *run) judge(s *window.Snapshot) {
	r.history.Append(s)
	r.whereabouts.Learn(s)
	structure := feature.Structure(s)
	r.graph = r.builder.Update(structure)
	r.habits.Learn(s, r.graph)
	states := r.watcher.Observe(s.Start, s.End, r.qualified(observations(s, structure.Entries)))
	health := health(states)
	r.history.SetHealth(r.history.Len()-1, health)
	r.violatedToo(states)
	// A run that has not opened an incident yet must survive a restart too: the
	// incident's identity follows from its onset. So must how far one is on its way to
	// its end, and that it has ended.
	firing := slices.ContainsFunc(states, func(s slo.State) bool { return s.Firing })
	r.unsaved = r.unsaved || health == feature.Violated || firing || r.firing
	r.firing = firing

	all := make([]incident.Observed, len(states))
	for i, st := range states {
		slow, typical := exemplars(s, st.RPC)
		if st.Objective.Indicator == slo.Errors {
			slow = window.Exemplar{} // a slow request is no evidence of failures
		}
		v, linked := r.explain(s, st, r.verdict(s, st))
		all[i] = incident.Observed{
			State: st, Verdict: v, Changes: linked, Slow: slow, Typical: typical,
			Onset: func() incident.Onset { return r.onset(st) },
		}
	}
	r.keep(s)
	r.said = append(r.said, r.tracker.Observe(s.End, all)...)
	r.said = append(r.said, r.tracker.Tick(s.End)...)
	r.unsaved = r.unsaved || len(r.said) > 0
}

// verdict judges a violated window of an objective that fires, nil for others:
// a violation that opens nothing is not worth the time.
func (r *run) verdict(s *window.Snapshot, st slo.State) *rca.Verdict {
	if !st.Firing || !st.Violated {
		return nil
	}
	in := rca.Input{
		Graph: r.graph, History: r.history, Snapshot: s, Earlier: r.since(st.Since), Whereabouts: &r.whereabouts, Habits: &r.habits,
		Entry: st.RPC, Quantile: st.Objective.Quantile, Threshold: st.Objective.Threshold.Seconds(),
		Errors: st.Objective.Indicator == slo.Errors, Onset: st.Onset,
	}
	// A model that is behind the graph answers for what it knows.
	if m := r.training.model; m != nil && m.layout.Graph.Index(cbn.Server(st.RPC)) >= 0 {
		in.Layout, in.Model = m.layout, m.model
	}
	var v rca.Verdict
	began := time.Now()
	if err := guard(func() { v = r.diagnose(in, r.cfg.RCA) }); err != nil {
		r.obs.Failed("verdict", err)
		return &rca.Verdict{Method: rca.MethodRobust, Abstained: true, Reason: "the diagnosis failed"}
	}
	r.obs.Judged(v.Method, time.Since(began))
	return r.withheld(&v)
}

// keep keeps a window that may have to be judged together with those to come, and those before
// it for as long: objectives put ten together at most.
func (r *run) keep(s *window.Snapshot) {
	since := r.watcher.Pending()
	if since == 0 {
		r.kept = nil
		return
	}
	r.kept = append(r.since(since), s)
	if n := len(r.kept) - slo.MaxPooled; n > 0 {
		r.kept = r.kept[n:]
	}
}

// since returns the windows that were kept from some start on.
func (r *run) since(start int64) []*window.Snapshot {
	i := 0
	for i < len(r.kept) && r.kept[i].Start < start {
		i++
	}
	return slices.Clone(r.kept[i:])
}

// violatedToo marks the windows that were judged together with a violated one.
func (r *run) violatedToo(states []slo.State) {
	for _, st := range states {
		for row := r.history.Len() - 2; st.Violated && row >= 0 && r.history.Start(row) >= st.Since; row-- {
			r.history.SetHealth(row, feature.Violated)
		}
	}
}

// observations returns the served operations of a window for the objectives.
func observations(s *window.Snapshot, entries []identity.RPC) []slo.Observation {
	entry := make(map[identity.RPC]bool, len(entries))
	for _, e := range entries {
		entry[e] = true
	}
	out := make([]slo.Observation, 0, len(s.RPCs))
	for i := range s.RPCs {
		p := &s.RPCs[i]
		out = append(out, slo.Observation{RPC: p.Key, Entry: entry[p.Key], Latency: p.Latency, Ending: p.Ending, Unseen: p.Unseen, Errors: p.Errors})
	}
	return out
}

// health says whether a window is one to learn from: it is Violated where any
// objective is, or is exceeded while it fires, and Healthy where no tail that was measured comes near its
// threshold. Errors that violate nothing are normal.
func health(states []slo.State) feature.Health {
	h := feature.Healthy
	for _, s := range states {
		switch limit := s.Objective.Limit(); {
		case s.Violated, s.Firing && s.Measured && s.Observed > limit:
			return feature.Violated
		case s.Objective.Learned && s.Objective.Quantile == slo.Typical: // its limit is close to what is usual
		case s.Objective.Indicator == slo.Latency && s.Measured && limit > 0 && s.Observed > healthyShare*limit:
			h = feature.Unknown
		}
	}
	return h
}

// exemplars returns a slow and a usual request of an operation.
func exemplars(s *window.Snapshot, rpc identity.RPC) (slow, typical window.Exemplar) {
	for i := range s.RPCs {
		if p := &s.RPCs[i]; p.Key == rpc {
			return p.Exemplar, p.Typical
		}
	}
	return slow, typical
}
