package evaluate

import (
	"context"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/rca"
)

const (
	// plainWeight is how often a violated window is drawn for a healthy one's once:
	// the published method oversamples violations.
	plainWeight = 2
	// plainAgain is the number of windows between trainings of a graph that changes.
	plainAgain = 200
)

// plain trains the model of the published method in place of the engine, which lays
// out and trains that of the default. It learns from all windows before the onset of
// the incident that is judged, violated ones of earlier incidents among them: first
// at the first such incident, and from scratch again where the graph has changed.
type plain struct {
	cfg    gvae.Config
	layout *feature.Layout
	model  *gvae.Model
	seen   int // windows that the model was trained on
	asked  *Asked
}

// with returns the input with the published method's layout and model.
func (p *plain) with(ctx context.Context, in rca.Input) (rca.Input, error) {
	rows := before(in)
	if p.model == nil || !alike(p.layout.Graph, in.Graph) && len(rows)-p.seen >= plainAgain {
		if err := p.train(ctx, in, rows); err != nil {
			return in, err
		}
	}
	in.Layout, in.Model = p.layout, p.model
	return in, nil
}

func (p *plain) train(ctx context.Context, in rca.Input, rows []int) error {
	l := method.PublishedLayout(in.Graph, in.History)
	data := l.Data(in.History, rows)
	data.Weight, data.Healthy = make([]float64, len(rows)), make([]bool, len(rows))
	for i, r := range rows {
		data.Weight[i], data.Healthy[i] = 1, true
		if in.History.Health(r) == feature.Violated {
			data.Weight[i], data.Healthy[i] = plainWeight, false
		}
	}
	m, report, err := gvae.Train(ctx, l.Spec, data, p.cfg, nil)
	if err != nil {
		return err
	}
	p.layout, p.model, p.seen = l, m, len(rows)
	p.asked.trained(report.Busy)
	return nil
}

// before lists the rows before the onset; the last row is never one.
func before(in rca.Input) []int {
	var rows []int
	for r := range in.History.Len() - 1 {
		if in.Onset > 0 && in.History.Start(r) >= in.Onset {
			break
		}
		rows = append(rows, r)
	}
	return rows
}

// alike reports whether two graphs have the same nodes and channels.
func alike(a, b *cbn.Graph) bool {
	return a == b || slices.Equal(a.Nodes, b.Nodes) && slices.Equal(a.Channels, b.Channels)
}

// trained counts a training.
func (a *Asked) trained(busy time.Duration) {
	if a.Trainings == 0 {
		a.Training = busy
	}
	a.All += busy
	a.Trainings++
}
