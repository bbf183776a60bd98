package evaluate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
	"github.com/sage-rca/sage/internal/window"
)

// changedServices are what the application of the update experiment gains, loses, and
// gets new versions of, each in a branch of its own.
const changedServices = 9

// updates is the service-update experiment. A model is trained on an application,
// which then gains services; in other branches it loses some, or gets new versions of
// some. The same methods are asked before, at once with the model that does not know
// the change, after partial training on what the changed application has shown since,
// and after training anew on everything.
func updates(ctx context.Context, name string, incidents int, seed uint64, say func(string, ...any)) (Updates, error) {
	out := Updates{App: name, Services: changedServices}
	app, err := apps.New(name, seed)
	if err != nil {
		return out, err
	}
	base, err := watch(ctx, app, name, incidents, seed)
	if err != nil {
		return out, err
	}
	step := func(what string, b *batch, u *watched, before []*window.Snapshot) error {
		asked, err := b.all(ctx, u.trials(before), compared())
		if err != nil {
			return err
		}
		out.Steps = append(out.Steps, UpdateStep{Name: what, Methods: rows(namesOf(compared()), asked.Incidents, nil), TrainS: b.busy.Seconds()})
		say("updates of %s: %s", name, what)
		return nil
	}
	model := protocol(true, 0).Model
	old := newBatch(windowSize, base.healthy, base.trials(nil))
	if err := old.train(ctx, model); err != nil {
		return out, err
	}
	if err := step("before", old, base, nil); err != nil {
		return out, err
	}
	for _, change := range []struct {
		atOnce, partial, anew string
		app                   *simulate.App
	}{
		{"added", "partial", "scratch", apps.Grow(app, changedServices, seed)},
		{"removed", "removed, partial", "removed, scratch", apps.Shrink(app, changedServices, seed)},
		{"redeployed", "redeployed, partial", "redeployed, scratch", apps.Redeploy(app, changedServices, seed)},
	} {
		changed, err := watch(ctx, change.app, name, incidents, seed+1)
		if err != nil {
			return out, err
		}
		b := newBatch(windowSize, base.healthy, changed.trials(changed.healthy))
		b.layout, b.model = old.layout, old.model
		if err := step(change.atOnce, b, changed, changed.healthy); err != nil {
			return out, err
		}
		after := slices.Concat(base.healthy, changed.healthy)
		for _, l := range []struct {
			what  string
			learn func(*batch) error
		}{
			{change.partial, func(b *batch) error { return b.revise(ctx, old, changed.healthy, model) }},
			{change.anew, func(b *batch) error { return b.train(ctx, model) }},
		} {
			b := newBatch(windowSize, after, changed.trials(nil))
			if err := l.learn(b); err != nil {
				return out, err
			}
			if err := step(l.what, b, changed, nil); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// revise takes over the model of a batch and learns, as the engine does, what has
// changed in the last of the normal windows: what has another place in their graph,
// and what behaves otherwise in them. The graph is of these windows alone, as after
// what is gone was forgotten. Its time is all that this takes.
func (b *batch) revise(ctx context.Context, old *batch, since []*window.Snapshot, cfg gvae.Config) error {
	builder := cbn.NewBuilder(len(since))
	var g *cbn.Graph
	for _, w := range since {
		g = builder.Update(feature.Structure(w))
	}
	began := time.Now()
	was := engine.Learned{Layout: old.layout, Model: old.model}
	start := b.history.Start(b.history.Len() - len(since))
	var changes feature.Changes
	for _, d := range engine.Drifted(was, b.history, start, min(len(since), trainAfter/2)) {
		if g.Index(d.Node) >= 0 {
			changes.Add(g, d.Node)
		}
	}
	is, _, err := engine.Revise(ctx, was, b.history.Since(start), g, changes, cfg)
	if err != nil {
		return fmt.Errorf("evaluate: partial training: %w", err)
	}
	b.layout, b.model, b.busy = is.Layout, is.Model, time.Since(began)
	b.history.Renew(start)
	return nil
}

// watched is what was seen of one application of the experiment.
type watched struct {
	timeline *Timeline
	healthy  []*window.Snapshot // before the first episode
}

func watch(ctx context.Context, app *simulate.App, name string, incidents int, seed uint64) (*watched, error) {
	s, err := scenario(app, name, seed, AppSize{Name: name, Incidents: incidents}, nil)
	if err != nil {
		return nil, err
	}
	ts, err := Simulate(ctx, s, []emit.Options{{}})
	if err != nil {
		return nil, err
	}
	u := &watched{timeline: ts[0]}
	for _, w := range ts[0].Snapshots {
		if w.End > ts[0].Episodes[0].Start {
			break
		}
		u.healthy = append(u.healthy, w)
	}
	return u, nil
}

// trials are the incidents that hurt users: at most maxVotes windows of each, from
// the first that is violated on.
func (u *watched) trials(before []*window.Snapshot) []trial {
	var out []trial
	o := &u.timeline.Objective
	for i := range u.timeline.Episodes {
		e := &u.timeline.Episodes[i]
		t := trial{truth: e.Truth, quantile: o.Quantile, threshold: o.Threshold.Seconds(), before: before}
		for _, w := range u.timeline.Snapshots {
			if w.Start < e.Start || w.Start >= e.End || len(t.windows) == maxVotes {
				continue
			}
			if rpc, tail := entryOf(w, u.timeline); len(t.windows) > 0 || tail > t.threshold {
				t.entry = rpc
				t.windows = append(t.windows, w)
			}
		}
		if e.Violated && len(t.windows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// entryOf returns the watched operation and its tail in a window.
func entryOf(w *window.Snapshot, t *Timeline) (identity.RPC, float64) {
	for i := range w.RPCs {
		if r := &w.RPCs[i]; t.Objective.Matches(r.Key) && r.Count > 0 {
			return r.Key, r.Latency.Quantile(t.Objective.Quantile) / 1e9
		}
	}
	return identity.RPC{}, 0
}
