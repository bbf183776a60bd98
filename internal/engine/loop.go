package engine

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// run is the state of the engine. One goroutine owns it.
type run struct {
	cfg      Config
	obs      Observer
	emit     func(context.Context, []Output)
	diagnose func(rca.Input, rca.Config) rca.Verdict

	watcher     *slo.Watcher
	tracker     *incident.Tracker
	builder     *cbn.Builder
	graph       *cbn.Graph // nil before the first window
	history     *feature.History
	ledger      *change.Ledger // nil where nothing is to be noticed
	last        int64          // start of the window judged last; math.MinInt64 before any
	index       int            // windows judged since Start
	noticed     []change.Change
	said        []incident.Event
	told        refusals
	firing      bool            // an objective did after the last window
	whereabouts rca.Whereabouts // of stores
	habits      rca.Habits
	kept        []*window.Snapshot // that may have to be judged together with those to come
	unsaved     bool               // something happened that a restart must know

	newChanges bool // likewise, of the ledger

	sifting  sifting
	crowding crowding
	unread   unread
	leftOut  leftOut
	training training
	status   status
	keeper   keeper
}

func newRun(cfg Config, store Store, obs Observer, emit func(context.Context, []Output), w *slo.Watcher) *run {
	diagnose := cfg.Diagnose
	if diagnose == nil {
		diagnose = rca.Diagnose
	}
	return &run{
		cfg: cfg, obs: obs, emit: emit, diagnose: diagnose,
		watcher:  w,
		tracker:  incident.NewTracker(cfg.Incident),
		ledger:   newLedger(cfg.Changes),
		builder:  cbn.NewBuilder(cfg.ForgetWindows),
		history:  feature.NewHistory(cfg.Window, cfg.rows(), cfg.MaxColumns),
		last:     math.MinInt64,
		sifting:  newSifting(cfg),
		training: newTraining(cfg),
		keeper:   newKeeper(store, cfg),
	}
}

// LateError reports a window that is not after the one judged last: it was
// judged already, say before a restart, or another source is behind.
type LateError struct{ Start, Last int64 }

func (e *LateError) Error() string {
	at := func(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }
	return fmt.Sprintf("engine: window of %s is not after that of %s", at(e.Start), at(e.Last))
}

// loop judges windows until in is closed or ctx ends.
func (r *run) loop(ctx context.Context, in <-chan *window.Snapshot) {
	defer r.finish(ctx)
	defer r.training.stop()
	for s := range in {
		if ctx.Err() != nil {
			return
		}
		r.step(ctx, s)
	}
}

// step judges one window. One that makes anything panic is reported; what was
// found before is said.
func (r *run) step(ctx context.Context, s *window.Snapshot) {
	r.said, r.noticed = nil, nil
	late := false
	if err := guard(func() { late = !r.window(ctx, s) }); err != nil {
		r.obs.Failed("window", err)
	}
	if late {
		return
	}
	out := r.outputs(s.End)
	if len(out) > 0 {
		if err := guard(func() { r.emit(ctx, out) }); err != nil {
			r.obs.Failed("event", err)
		}
	}
	r.persist(ctx)
}

// window takes in a window, and reports whether it is in order.
func (r *run) window(ctx context.Context, s *window.Snapshot) bool {
	if s.Start <= r.last {
		r.obs.Failed("window", &LateError{s.Start, r.last})
		return false
	}
	r.last = s.Start
	r.index++
	s = r.sift(s)
	r.crowding.observe(s, r.cfg.Training.MinWindows)
	r.unread.observe(s, r.cfg.Training.MinWindows)
	r.leftOut.observe(s, r.cfg.Training.MinWindows)
	r.obs.WindowClosed(s)
	r.training.clock.Store(s.End)
	r.publish(ctx, s.End)
	r.notice(s)
	r.judge(s)
	r.train(ctx, s.End)
	r.tell()
	return true
}

// outputs returns what is to be said after a window.
func (r *run) outputs(now int64) []Output {
	at := r.modelStatus(now)
	out := make([]Output, 0, len(r.noticed)+len(r.said)+1)
	for i := range r.noticed {
		out = append(out, Output{Change: &r.noticed[i], ModelAt: at})
	}
	for i := range r.said {
		out = append(out, Output{Incident: &r.said[i], ModelAt: at})
	}
	if r.status.changed(at, r.cfg.ModelHeartbeat) {
		seen := at
		seen.TrainingBusy = r.training.busy
		r.obs.Published(seen)
		out = append(out, Output{Model: &at, ModelAt: at})
	}
	return out
}
