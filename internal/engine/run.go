package engine

import (
	"context"
	"math"
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

// run is the state of the engine. The goroutine of Start owns it.
type run struct {
	cfg      Config
	obs      Observer
	emit     func(context.Context, []Output)
	diagnose func(rca.Input, rca.Config) rca.Verdict

	watcher *slo.Watcher
	tracker *incident.Tracker
	builder *cbn.Builder
	graph   *cbn.Graph
	history *feature.History
	last    int64 // start of the window judged last; math.MinInt64 before any
	index   int   // windows judged since Start

	training training
	status   status
	keeper   keeper
}

func newRun(cfg Config, store Store, obs Observer, emit func(context.Context, []Output), w *slo.Watcher) *run {
	r := &run{
		cfg: cfg, obs: obs, emit: emit, diagnose: rca.Diagnose,
		watcher: w,
		tracker: incident.NewTracker(cfg.Incident),
		builder: cbn.NewBuilder(cfg.ForgetWindows),
		history: newHistory(cfg),
		last:    math.MinInt64,
		keeper:  keeper{store: store, max: cfg.MaxCheckpoint},
	}
	r.training.init(cfg.Training)
	return r
}

// newHistory returns an empty history of the configured size.
func newHistory(cfg Config) *feature.History {
	return feature.NewHistory(cfg.Window, max(1, int(cfg.Training.History/cfg.Window)), cfg.MaxColumns)
}

// loop judges windows until in is closed or ctx ends.
func (r *run) loop(ctx context.Context, in <-chan *window.Snapshot) {
	defer r.training.stop()
	defer r.finish(ctx)
	for s := range in {
		if ctx.Err() != nil {
			return
		}
		r.step(ctx, s)
	}
}

// step judges one window. A window that makes anything panic is reported and left.
func (r *run) step(ctx context.Context, s *window.Snapshot) {
	if s.Start <= r.last {
		r.obs.Failed("window", errStale(s.Start, r.last))
		return
	}
	r.last = s.Start
	r.obs.WindowClosed(s)
	r.publish(ctx, s.End)
	var out []Output
	if err := guard(func() { out = r.judge(s) }); err != nil {
		r.obs.Failed("window", err)
	}
	r.train(ctx, s.End)
	r.index++
	out = append(out, r.status.changes(r, s.End)...)
	r.persist(ctx, out)
	if len(out) > 0 {
		r.emit(ctx, out)
	}
}

// judge folds a window into everything that is known and returns what it means
// for incidents.
func (r *run) judge(s *window.Snapshot) []Output {
	r.history.Append(s)
	structure := feature.Structure(s)
	r.graph = r.builder.Update(structure)
	states := r.watcher.Observe(s.Start, s.End, observations(s, structure.Entries))
	row := r.history.Len() - 1
	r.history.SetHealth(row, health(states))

	var events []incident.Event
	for _, st := range states {
		slow, typical := exemplars(s, st.RPC)
		events = append(events, r.tracker.Observe(s.End, st, r.verdict(s, st), slow, typical)...)
	}
	events = append(events, r.tracker.Tick(s.End)...)
	at := r.modelStatus(s.End)
	out := make([]Output, 0, len(events))
	for i := range events {
		out = append(out, Output{Incident: &events[i], ModelAt: at})
	}
	return out
}

// verdict judges a violated window of an objective that fires, nil for others.
func (r *run) verdict(s *window.Snapshot, st slo.State) *rca.Verdict {
	if !st.Firing || !st.Violated {
		return nil
	}
	in := rca.Input{
		Graph: r.graph, History: r.history, Snapshot: s,
		Entry: st.RPC, Quantile: st.Objective.Quantile, Threshold: st.Objective.Threshold.Seconds(), Onset: st.Onset,
	}
	if m := r.training.model; m != nil {
		in.Layout, in.Model = m.layout, m.model
	}
	var v rca.Verdict
	began := time.Now()
	if err := guard(func() { v = r.diagnose(in, r.cfg.RCA) }); err != nil {
		r.obs.Failed("verdict", err)
		return &rca.Verdict{Method: rca.MethodRobust, Abstained: true, Reason: "the diagnosis failed"}
	}
	r.obs.Judged(v.Method, time.Since(began))
	return &v
}

// observations returns the served operations of a window for the objectives.
func observations(s *window.Snapshot, entries []identity.RPC) []slo.Observation {
	isEntry := make(map[identity.RPC]bool, len(entries))
	for _, e := range entries {
		isEntry[e] = true
	}
	out := make([]slo.Observation, 0, len(s.RPCs))
	for i := range s.RPCs {
		p := &s.RPCs[i]
		out = append(out, slo.Observation{RPC: p.Key, Entry: isEntry[p.Key], Latency: p.Latency, Errors: p.Errors})
	}
	return out
}

// health says whether a window is one to learn from.
func health(states []slo.State) feature.Health {
	h := feature.Healthy
	for _, s := range states {
		switch {
		case s.Violated:
			return feature.Violated
		case s.Measured && s.Objective.Threshold > 0 && s.Observed > healthyShare*s.Objective.Threshold.Seconds():
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
