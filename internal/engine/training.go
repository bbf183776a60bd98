package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
)

// violatedWeight is how often a violated window is drawn for a healthy one's
// once: there are few of them, and they show what lies outside of the normal.
const violatedWeight = 2

// fitted is a model with what its columns mean. It is published whole.
type fitted struct {
	layout  *feature.Layout
	model   *gvae.Model
	loss    float64
	at      int64 // event time of the training's start
	version uint64
}

// training is the state of training: of the one under way, and of the model in use.
type training struct {
	cfg   Training
	fit   func(context.Context, gvae.Spec, gvae.Data, gvae.Config, *gvae.Model) (*gvae.Model, gvae.Report, error)
	model *fitted // in use; nil before the first
	err   error   // of the last training, nil where it went well

	result  chan result // of the training under way; nil where there is none
	cancel  context.CancelFunc
	index   int       // window that started it
	started time.Time // wall clock
	event   int64     // event time
	trained bool      // one was started since Start
	last    int64     // event time at which the last was started
	graph   uint64    // version of the graph that the last was started for
	count   uint64    // models published
}

type result struct {
	fitted *fitted
	report gvae.Report
	err    error
}

func (t *training) init(cfg Training) { t.cfg, t.fit = cfg, gvae.Train }

// due reports whether a training is to be started at event time now: the first
// as soon as there are enough windows, then one every interval, and one when the
// graph has changed and half as many windows as the first needed have passed.
func (t *training) due(now int64, windows int, window time.Duration, graph *cbn.Graph) bool {
	switch {
	case !t.cfg.Enabled || t.result != nil || windows < t.cfg.MinWindows || len(graph.Nodes) == 0:
		return false
	case t.model == nil && !t.trained:
		return true
	case now-t.last >= int64(t.cfg.Interval):
		return true
	default:
		return graph.Version != t.graph && now-t.last >= int64(window)*int64(max(1, t.cfg.MinWindows/2))
	}
}

// train starts a training if one is due.
func (r *run) train(ctx context.Context, now int64) {
	t := &r.training
	if r.graph == nil || !t.due(now, r.history.Len(), r.cfg.Window, r.graph) {
		return
	}
	history, graph := r.history.Clone(), r.graph
	ctx, t.cancel = context.WithCancel(ctx)
	t.result = make(chan result, 1)
	t.index, t.started, t.event = r.index, time.Now(), now
	t.trained, t.last, t.graph = true, now, graph.Version
	var prev *gvae.Model
	if t.model != nil {
		prev = t.model.model
	}
	clock := func() bool { return false } // event time is not ahead: keep to the budget
	go func(out chan<- result) {
		var res result
		if err := guard(func() { res = t.work(ctx, history, graph, prev, clock) }); err != nil {
			res.err = err
		}
		out <- res
	}(t.result)
}

// work fits a model to a history. It runs in the background and touches nothing
// else of t but its configuration.
func (t *training) work(ctx context.Context, h *feature.History, g *cbn.Graph, prev *gvae.Model, ahead func() bool) result {
	layout := feature.NewLayout(g, h)
	rows := make([]int, h.Len())
	weight := make([]float64, h.Len())
	for i := range rows {
		rows[i], weight[i] = i, 1
		if h.Health(i) == feature.Violated {
			weight[i] = violatedWeight
		}
	}
	data := layout.Data(h, rows)
	data.Weight = weight
	cfg := t.cfg.Model
	cfg.Yield = func(ctx context.Context, busy time.Duration) error { return rest(ctx, busy, t.cfg.CPUBudget, ahead) }
	m, report, err := t.fit(ctx, layout.Spec, data, cfg, prev)
	if err != nil {
		return result{report: report, err: err}
	}
	return result{report: report, fitted: &fitted{layout: layout, model: m, loss: report.HeldOutLoss}}
}

// rest sleeps such that a training that was busy for so long keeps to its share
// of a core.
func rest(ctx context.Context, busy time.Duration, budget float64, ahead func() bool) error {
	if budget >= 1 || ahead() {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(time.Duration(float64(busy) * (1/budget - 1)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// publish puts the model of the training under way in use when its time has come:
// PublishAfter windows after the one that started it, whatever the wall clock
// says, so that the same capture gives the same events. While event time runs
// ahead of the wall clock (a replay) it waits for the training until the wall
// clock has caught up; live it never does, and a training that takes longer is
// published before the first window after it.
func (r *run) publish(ctx context.Context, now int64) {
	t := &r.training
	if t.result == nil || r.index < t.index+t.cfg.PublishAfter {
		return
	}
	wait := time.Duration(now-t.event) - time.Since(t.started)
	if wait <= 0 {
		select {
		case res := <-t.result:
			r.take(res)
		default:
		}
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case res := <-t.result:
		r.take(res)
	case <-timer.C:
	case <-ctx.Done():
	}
}

// take ends the training under way.
func (r *run) take(res result) {
	t := &r.training
	t.cancel()
	t.result = nil
	t.err = res.err
	r.obs.Trained(res.err == nil, res.report.Busy)
	if res.err != nil {
		r.obs.Failed("training", fmt.Errorf("the model in use is kept: %w", res.err))
		return
	}
	t.count++
	res.fitted.version, res.fitted.at = t.count, t.event
	t.model = res.fitted
	r.keeper.modelChanged = true
}

// stop gives up the training under way and waits for it.
func (t *training) stop() {
	if t.result != nil {
		t.cancel()
		<-t.result
		t.result = nil
	}
}
