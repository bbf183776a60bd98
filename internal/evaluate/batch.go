package evaluate

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/recorded"
	"github.com/sage-rca/sage/internal/window"
)

// trial is one incident of which the windows are known, and what came before.
type trial struct {
	truth     Truth
	entry     identity.RPC
	quantile  float64            // of the objective
	threshold float64            // seconds; 0: nobody stated an objective
	before    []*window.Snapshot // after the normal windows, and not learned from
	windows   []*window.Snapshot // in which the fault acts
}

// usualShare of the normal windows meets the objective where nobody set one.
const usualShare = 0.95

// trials are the incidents of a recording.
func trials(set *recorded.Set) []trial {
	var out []trial
	for i := range set.Incidents {
		r := &set.Incidents[i]
		t := trial{truth: Truth{Fault: r.Fault}, entry: r.Entry, quantile: r.Quantile, before: r.Before, windows: r.Windows}
		for _, s := range r.Services {
			t.truth.Culprits = append(t.truth.Culprits, Culprit{Service: s, Mechanism: rca.Mechanism(r.Mechanism)})
		}
		out = append(out, t)
	}
	return out
}

// batch asks methods about incidents apart from each other. The normal windows
// come first, in their order, as the history of every incident, on which a model is
// trained once; then come the windows of the incident, and the methods are asked
// after each. The onset is known.
type batch struct {
	window  time.Duration
	history *feature.History // normal windows
	seen    []cbn.Observation
	next    int64 // start of the window after the last one
	layout  *feature.Layout
	model   *gvae.Model
	busy    time.Duration // of the training
}

// Batch asks methods about the incidents of a recording. Nobody set an objective in
// it, see stated.
func Batch(ctx context.Context, set *recorded.Set, p Protocol, methods []method.Method) (*Asked, error) {
	if reason := unanswerable(set); reason != "" {
		return nil, fmt.Errorf("%s %w: %s", set.Name, errUnanswerable, reason)
	}
	all := trials(set)
	b := newBatch(set.Window, set.Normal, all)
	if !p.NoTraining {
		if err := b.train(ctx, p.Model); err != nil {
			return nil, fmt.Errorf("evaluate: %s: %w", set.Name, err)
		}
	}
	return b.all(ctx, all, methods)
}

func newBatch(size time.Duration, normal []*window.Snapshot, all []trial) *batch {
	longest := 0
	for i := range all {
		longest = max(longest, len(all[i].before)+len(all[i].windows))
	}
	b := &batch{window: size, next: epoch.UnixNano(), history: feature.NewHistory(size, len(normal)+longest+1, maxColumns)}
	for _, w := range normal {
		b.seen = append(b.seen, feature.Structure(w))
		b.append(b.history, w, feature.Healthy)
	}
	return b
}

// append adds a window to a history as the one after the last, and returns it.
func (b *batch) append(h *feature.History, w *window.Snapshot, health feature.Health) *window.Snapshot {
	moved := *w
	moved.Start = b.next
	moved.End = b.next + w.End - w.Start
	b.next += int64(b.window)
	h.Append(&moved)
	h.SetHealth(h.Len()-1, health)
	return &moved
}

// graph is what the normal windows and further ones show.
func (b *batch) graph(further []*window.Snapshot) (*cbn.Builder, *cbn.Graph) {
	builder := cbn.NewBuilder(len(b.seen) + len(further) + 1)
	var g *cbn.Graph
	for _, o := range b.seen {
		g = builder.Update(o)
	}
	for _, w := range further {
		g = builder.Update(feature.Structure(w))
	}
	return builder, g
}

// train fits a model to the normal windows.
func (b *batch) train(ctx context.Context, cfg gvae.Config) (err error) {
	_, g := b.graph(nil)
	if b.layout = feature.NewLayout(g, b.history); !cfg.Structured {
		b.layout = method.PublishedLayout(g, b.history)
	}
	rows := make([]int, b.history.Len())
	for i := range rows {
		rows[i] = i
	}
	var report gvae.Report
	b.model, report, err = gvae.Train(ctx, b.layout.Spec, b.layout.Data(b.history, rows), cfg, nil)
	b.busy = report.Busy
	return err
}

// all asks about every incident.
func (b *batch) all(ctx context.Context, all []trial, methods []method.Method) (*Asked, error) {
	asked := &Asked{}
	if b.model != nil {
		asked.trained(b.busy)
	}
	for i := range all {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		asked.Incidents = append(asked.Incidents, b.ask(&all[i], methods))
	}
	return asked, nil
}

// ask plays one incident after the normal windows.
func (b *batch) ask(t *trial, methods []method.Method) *Incident {
	next := b.next
	defer func() { b.next = next }()
	h := b.history.Clone()
	for _, w := range t.before {
		b.append(h, w, feature.Healthy)
	}
	builder, _ := b.graph(t.before)
	in := newIncident(t.truth, b.next, methods)
	for i, w := range t.windows {
		w = b.append(h, w, feature.Violated)
		g := builder.Update(feature.Structure(w))
		in.ask(methods, t.stated(rca.Input{
			Graph: g, History: h, Snapshot: w, Layout: b.layout, Model: b.model,
			Entry: t.entry, Quantile: t.quantile, Threshold: t.threshold, Onset: in.began,
		}), i+1)
	}
	return in
}

// stated completes a question about an incident of which nobody stated the
// objective: the symptom is the feature quantile of the entry that rose most, in
// robust standard deviations of the normal windows, and the objective is what
// usualShare of them meet.
func (t *trial) stated(q rca.Input) rca.Input {
	if t.threshold > 0 {
		return q
	}
	most := math.Inf(-1)
	for d, quantile := range feature.Quantiles {
		k := feature.Key{Kind: feature.Latency, Node: cbn.Server(t.entry), Quantile: d}
		z := q.History.Baseline(k, q.Onset).Z(q.History.Value(k, q.History.Len()-1))
		if z > most {
			most, q.Quantile = z, quantile
			q.Threshold = math.Exp(q.History.Normal(k, q.Onset, usualShare))
		}
	}
	return q
}
