package engine

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
)

// violatedWeight is how often a violated window is drawn for a healthy one's
// once: there are few of them, and they show what lies outside of the normal.
const violatedWeight = 2

// fit is gvae.Train.
type fit func(context.Context, gvae.Spec, gvae.Data, gvae.Config, *gvae.Model) (*gvae.Model, gvae.Report, error)

// fitted is a model with what its columns mean. It is published whole, and never
// changed.
type fitted struct {
	layout  *feature.Layout
	model   *gvae.Model
	loss    float64 // of what was learned last
	at      int64   // event time at which the training began
	version uint64
	changes changeLog
}

// training is the state of training: of the one under way, and of the model in use.
type training struct {
	cfg     Training
	window  time.Duration
	fit     fit
	refit   refit
	drifted func(m Learned, h *feature.History, after int64, windows int) []Drift
	clock   *atomic.Int64 // event time: end of the window judged last

	model     *fitted       // in use; nil before the first
	count     uint64        // models published
	err       error         // of the last training, nil where it went well
	busy      time.Duration // of the last training
	began     bool          // one was started since Start, or its model restored
	last      int64         // event time at which the last was started
	lastWhole int64         // the same of those of the whole model
	differs   drift
	behaviour behaviour

	result  chan result // of the training under way; nil where there is none
	cancel  context.CancelFunc
	index   int       // window that started it
	started time.Time // wall clock
	drifts  []Drift   // that it learns
}

// Extent says how much of a model a training learns.
type Extent uint8

// The extents.
const (
	None Extent = iota
	Part        // what has changed
	Whole
)

// String returns the lower-case name of the extent.
func (e Extent) String() string { return [...]string{"none", "part", "whole"}[e] }

type result struct {
	fitted *fitted
	extent Extent
	report gvae.Report
	err    error
}

func newTraining(cfg Config) training {
	return training{
		cfg: cfg.Training, window: cfg.Window, fit: gvae.Train, refit: gvae.Retrain, drifted: Drifted, clock: new(atomic.Int64),
	}
}

// settle is how long what is new is watched before it is learned, ns: half as many
// windows as the first training needs.
func (t *training) settle() int64 { return int64(t.window) * int64(max(1, t.cfg.MinWindows/2)) }

// due reports whether a training is to be started at event time now, and of what: the
// first, as soon as there are enough windows, then one every Interval, and one where
// the last has failed, are of the whole model. In between, what has changed is learned
// alone: where the graph is another, or nodes behave otherwise. That one waits for half
// as many windows as the first needed, since the last training and since the change,
// so that there is something to learn of what is new, and a graph that keeps
// changing does not keep training.
func (t *training) due(now int64, windows int, g *cbn.Graph) Extent {
	switch settle := t.settle(); {
	case !t.cfg.Enabled || t.result != nil || windows < t.cfg.MinWindows || len(g.Nodes) == 0:
		return None
	case !t.began || now-t.lastWhole >= int64(t.cfg.Interval):
		return Whole
	case t.model == nil || t.err != nil:
		if now-t.last >= settle {
			return Whole
		}
	case t.differs.matters() || len(t.behaviour.drifts) > 0:
		if now-max(t.last, t.changed()) >= settle {
			return Part
		}
	}
	return None
}

// changed is the event time since which what is stale is as it is now.
func (t *training) changed() int64 {
	since := t.behaviour.since
	if t.differs.matters() {
		since = max(since, t.differs.since)
	}
	return since
}

// look looks every few windows whether nodes behave as the model says, in windows
// since the last training began, or since the window from which it learned.
func (r *run) look(now int64) {
	t := &r.training
	every := max(1, t.cfg.MinWindows/8)
	if !t.cfg.Enabled || t.model == nil || t.result != nil || r.index%every != 0 {
		return
	}
	windows := max(leastLook, t.cfg.MinWindows/2)
	t.behaviour.keep(t.drifted(t.model.learned(), r.history, t.last, windows), now, t.settle())
}

// train starts a training if one is due.
func (r *run) train(ctx context.Context, now int64) {
	t := &r.training
	t.differs.compare(t.model, r.graph, now)
	t.differs.weigh(r.history, now, t.settle())
	r.look(now)
	extent := t.due(now, r.history.Len(), r.graph)
	if extent == None {
		return
	}
	history, graph := r.history.Clone(), r.graph
	ctx, t.cancel = context.WithCancel(ctx)
	t.result = make(chan result, 1)
	t.index, t.started = r.index, time.Now()
	job := job{
		cfg: t.cfg, fit: t.fit, refit: t.refit, prev: t.model, extent: extent, since: t.changed(), drifts: t.behaviour.drifts,
		pace: pace{budget: t.cfg.CPUBudget, clock: t.clock, event: now, wall: t.started, slack: t.window},
	}
	t.began, t.last, t.drifts = true, now, job.drifts
	if extent == Whole {
		t.lastWhole = now
	}
	go func(out chan<- result) {
		res := result{extent: extent}
		if err := guard(func() { res = job.work(ctx, history, graph) }); err != nil {
			res.err = err
		}
		out <- res
	}(t.result)
}

// stop gives up the training under way and waits for it.
func (t *training) stop() {
	if t.result != nil {
		t.cancel()
		<-t.result
		t.result = nil
	}
}

// job is one training. It runs in the background and shares nothing that changes.
type job struct {
	cfg    Training
	fit    fit
	refit  refit
	prev   *fitted // to start from; nil: from scratch
	extent Extent
	since  int64   // of Part: event time of the change
	drifts []Drift // nodes that behave otherwise
	pace   pace
}

// work fits a model to a history, which it owns. What has changed is learned alone
// unless it is most of the model.
func (j job) work(ctx context.Context, h *feature.History, g *cbn.Graph) result {
	cfg := j.cfg.Model
	cfg.Yield = j.pace.rest
	if j.extent == Part {
		var changes feature.Changes
		for _, d := range j.drifts {
			changes.Add(g, d.Node)
		}
		recent := h.Since(min(j.since, h.Start(max(0, h.Len()-leastLook))))
		if r := newRevision(j.prev.learned(), recent, g, changes); r.small() {
			return j.part(ctx, r, changes, cfg)
		}
	}
	return j.whole(ctx, h, g, cfg)
}

// whole learns from all windows, of what has changed from those since then.
func (j job) whole(ctx context.Context, h *feature.History, g *cbn.Graph, cfg gvae.Config) result {
	layout := feature.NewLayout(g, h)
	data := examples(layout, h)
	var prev *gvae.Model
	var changes changeLog
	if j.prev != nil {
		prev, changes = j.prev.model, j.prev.changes
	}
	for _, d := range j.drifts { // that were seen, but not learned yet
		var c feature.Changes
		c.Add(g, d.Node)
		changes = changes.add(c, d.Since)
	}
	changes = changes.within(h)
	changes.mark(&data, layout, h)
	m, report, err := j.fit(ctx, layout.Spec, data, cfg, prev)
	if err != nil {
		return result{extent: Whole, report: report, err: err}
	}
	return result{extent: Whole, report: report, fitted: &fitted{layout: layout, model: m, loss: report.HeldOutLoss, changes: changes}}
}

func (j job) part(ctx context.Context, r *revision, changes feature.Changes, cfg gvae.Config) result {
	m, report, err := r.fit(ctx, j.refit, cfg)
	if err != nil {
		return result{extent: Part, report: report, err: err}
	}
	loss := report.HeldOutLoss
	if len(report.Learned) == 0 {
		loss = j.prev.loss
	}
	changes.Nodes = r.replaced(report.Learned)
	return result{extent: Part, report: report, fitted: &fitted{
		layout: m.Layout, model: m.Model, loss: loss,
		changes: j.prev.changes.add(changes, r.history.Start(0)),
	}}
}

// pace keeps a training to its share of a core.
type pace struct {
	budget float64
	clock  *atomic.Int64
	event  int64         // event time at which the training began, ns
	wall   time.Time     // wall clock at the same moment
	slack  time.Duration // lead of event time that is no sign of a replay
}

// rest sleeps such that a training that took so much keeps to its share, whether one
// core was busy or several. It does not while event time is far ahead of the wall clock,
// since a replay waits for the training.
func (p pace) rest(ctx context.Context, spent gvae.Spent) error {
	sleep := time.Duration(min(float64(spent.Busy)/p.budget-float64(spent.Elapsed), math.MaxInt64/2))
	if lead(p.clock.Load(), p.event, p.wall) > p.slack || sleep <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(sleep)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// lead is how far event time has run ahead of the wall clock since both were at
// event and wall. Live it is about nothing, or negative.
func lead(now, event int64, wall time.Time) time.Duration {
	return time.Duration(now-event) - time.Since(wall)
}
