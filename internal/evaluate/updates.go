package evaluate

import (
	"context"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
	"github.com/sage-rca/sage/internal/window"
)

// addedServices are what the application of the update experiment gains, and loses.
const addedServices = 9

// updates is the service-update experiment. A model is trained on an application,
// which then gains services, and in another branch loses some; the same methods
// are asked before, at once with the model that does not know the change, and after
// training on what the changed application has shown since.
func updates(ctx context.Context, name string, incidents int, seed uint64, say func(string, ...any)) (Updates, error) {
	out := Updates{App: name, Services: addedServices}
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
		atOnce, anew string
		app          *simulate.App
	}{
		{"added", "scratch", apps.Grow(app, addedServices, seed)},
		{"removed", "removed, scratch", apps.Shrink(app, addedServices, seed)},
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
		b = newBatch(windowSize, append(base.healthy[:len(base.healthy):len(base.healthy)], changed.healthy...), changed.trials(nil))
		if err := b.train(ctx, model); err != nil {
			return out, err
		}
		if err := step(change.anew, b, changed, nil); err != nil {
			return out, err
		}
	}
	return out, nil
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
