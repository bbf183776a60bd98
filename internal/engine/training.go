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
	loss    float64
	at      int64 // event time at which the training began
	version uint64
}

// training is the state of training: of the one under way, and of the model in use.
type training struct {
	cfg    Training
	window time.Duration
	fit    fit
	clock  *atomic.Int64 // event time: end of the window judged last

	model   *fitted       // in use; nil before the first
	count   uint64        // models published
	err     error         // of the last training, nil where it went well
	busy    time.Duration // of the last training
	began   bool          // one was started since Start, or its model restored
	last    int64         // event time at which the last was started
	differs drift

	result  chan result // of the training under way; nil where there is none
	cancel  context.CancelFunc
	index   int       // window that started it
	started time.Time // wall clock
}

type result struct {
	fitted *fitted
	report gvae.Report
	err    error
}

func newTraining(cfg Config) training {
	return training{cfg: cfg.Training, window: cfg.Window, fit: gvae.Train, clock: new(atomic.Int64)}
}

// due reports whether a training is to be started at event time now: the first
// as soon as there are enough windows, then one every Interval, and one when the
// graph has changed or the last training has failed. That one waits for half as
// many windows as the first needed, since the last training and since the change,
// so that there is something to learn of what is new, and a graph that keeps
// changing does not keep training.
func (t *training) due(now int64, windows int, g *cbn.Graph) bool {
	settle := int64(t.window) * int64(max(1, t.cfg.MinWindows/2))
	switch {
	case !t.cfg.Enabled || t.result != nil || windows < t.cfg.MinWindows || len(g.Nodes) == 0:
		return false
	case !t.began:
		return true
	case now-t.last >= int64(t.cfg.Interval):
		return true
	case t.model == nil || t.err != nil:
		return now-t.last >= settle
	default:
		return t.differs.stale && now-max(t.last, t.differs.since) >= settle
	}
}

// train starts a training if one is due.
func (r *run) train(ctx context.Context, now int64) {
	t := &r.training
	t.differs.compare(t.model, r.graph, now)
	if !t.due(now, r.history.Len(), r.graph) {
		return
	}
	history, graph := r.history.Clone(), r.graph
	ctx, t.cancel = context.WithCancel(ctx)
	t.result = make(chan result, 1)
	t.index, t.started = r.index, time.Now()
	t.began, t.last = true, now
	var prev *gvae.Model
	if t.model != nil {
		prev = t.model.model
	}
	job := job{cfg: t.cfg, fit: t.fit, prev: prev, pace: pace{
		budget: t.cfg.CPUBudget, clock: t.clock, event: now, wall: t.started, slack: t.window,
	}}
	go func(out chan<- result) {
		var res result
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
	cfg  Training
	fit  fit
	prev *gvae.Model // to start from; nil: from scratch
	pace pace
}

// work fits a model to a history, which it owns: to all windows, of which those
// that are not Violated say what is normal.
func (j job) work(ctx context.Context, h *feature.History, g *cbn.Graph) result {
	layout := feature.NewLayout(g, h)
	rows := make([]int, h.Len())
	weight := make([]float64, h.Len())
	healthy := make([]bool, h.Len())
	for i := range rows {
		rows[i], weight[i], healthy[i] = i, 1, true
		if h.Health(i) == feature.Violated {
			weight[i], healthy[i] = violatedWeight, false
		}
	}
	data := layout.Data(h, rows)
	data.Weight, data.Healthy = weight, healthy
	cfg := j.cfg.Model
	cfg.Yield = j.pace.rest
	m, report, err := j.fit(ctx, layout.Spec, data, cfg, j.prev)
	if err != nil {
		return result{report: report, err: err}
	}
	return result{report: report, fitted: &fitted{layout: layout, model: m, loss: report.HeldOutLoss}}
}

// pace keeps a training to its share of a core.
type pace struct {
	budget float64
	clock  *atomic.Int64
	event  int64         // event time at which the training began, ns
	wall   time.Time     // wall clock at the same moment
	slack  time.Duration // lead of event time that is no sign of a replay
}

// rest sleeps such that a training that was busy for so long keeps to its share.
// It does not while event time is far ahead of the wall clock, since a replay
// waits for the training.
func (p pace) rest(ctx context.Context, busy time.Duration) error {
	sleep := time.Duration(min(float64(busy)*(1/p.budget-1), math.MaxInt64/2))
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
