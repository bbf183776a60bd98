package engine

import (
	"context"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
)

// Learned is a model with what its columns mean. It is never changed.
type Learned struct {
	Layout *feature.Layout
	Model  *gvae.Model
}

// Revise fits to the windows of h, which are those since the change, what of a model
// is not as it was: what graph g has and the model's has not, what calls or is
// called otherwise, and changes. The rest is taken over. This is what the engine does
// after a change, see training.Model for its cost.
func Revise(ctx context.Context, was Learned, h *feature.History, g *cbn.Graph, changes feature.Changes, cfg gvae.Config) (Learned, gvae.Report, error) {
	return newRevision(was, h, g, changes).fit(ctx, gvae.Retrain, cfg)
}

// refit is gvae.Retrain.
type refit func(context.Context, gvae.Spec, gvae.Data, gvae.Config, *gvae.Model, gvae.Origin) (*gvae.Model, gvae.Report, error)

// revision is a model with the columns that it will have.
type revision struct {
	was     Learned
	history *feature.History
	layout  *feature.Layout
	origin  gvae.Origin
}

func newRevision(was Learned, h *feature.History, g *cbn.Graph, changes feature.Changes) *revision {
	r := &revision{was: was, history: h, layout: feature.Relayout(was.Layout, g, h, changes)}
	r.origin = r.layout.Origin(was.Layout, changes)
	return r
}

// small reports whether at most half of the nodes have to be learned: beyond,
// learning all of them costs as much and forgets nothing.
func (r *revision) small() bool {
	learned, err := r.origin.Learned(&r.layout.Spec, r.was.Model.Spec())
	return err == nil && 2*len(learned) <= len(r.layout.Spec.Nodes)
}

func (r *revision) fit(ctx context.Context, f refit, cfg gvae.Config) (Learned, gvae.Report, error) {
	m, report, err := f(ctx, r.layout.Spec, examples(r.layout, r.history), cfg, r.was.Model, r.origin)
	if err != nil {
		return Learned{}, report, err
	}
	return Learned{Layout: r.layout, Model: m}, report, nil
}

// replaced returns those of the nodes learned that are others than they were: which
// changed, with all that their channels touch, or wait for a call that is new and
// usual. A call that is seen for the first time, and rare, makes no other of its
// caller, of which older windows tell as much as before.
func (r *revision) replaced(learned []int) []cbn.Node {
	spec, g := &r.layout.Spec, r.layout.Graph
	usual := func(parent int) bool {
		values := r.history.Column(feature.Key{Kind: feature.Latency, Node: g.Nodes[parent]}, nil)
		missing := 0
		for _, v := range values {
			if math.IsNaN(v) {
				missing++
			}
		}
		return r.origin.Nodes[parent] < 0 && 2*missing < len(values)
	}
	changed := func(latent int) bool { return r.origin.ChangedLatents[latent] }
	var out []cbn.Node
	for _, n := range learned {
		if r.origin.Nodes[n] >= 0 && (r.origin.ChangedNodes[n] ||
			slices.ContainsFunc(spec.Nodes[n].Latents, changed) || slices.ContainsFunc(spec.Nodes[n].Parents, usual)) {
			out = append(out, g.Nodes[n])
		}
	}
	return out
}

// examples are all windows of a history, of which those that are not Violated say
// what is normal.
func examples(l *feature.Layout, h *feature.History) gvae.Data {
	rows := make([]int, h.Len())
	weight := make([]float64, h.Len())
	healthy := make([]bool, h.Len())
	for i := range rows {
		rows[i], weight[i], healthy[i] = i, 1, true
		if h.Health(i) == feature.Violated {
			weight[i], healthy[i] = violatedWeight, false
		}
	}
	data := l.View(h, rows)
	data.Weight, data.Healthy = weight, healthy
	return data
}
