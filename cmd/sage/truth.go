package main

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	label "github.com/sage-rca/sage/internal/labels"
	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
)

// The objective that the labels of a simulation state.
const (
	watchedQuantile = 0.99
	headroom        = 1.5 // times the healthy tail
	leastRequests   = 20  // of a window whose tail counts
)

// truthOf returns the labels of a plan. The threshold comes from a run without
// faults: headroom times the median over windows of the watched entry's tail.
func truthOf(ctx context.Context, app *simulate.App, plan *apps.Plan, cfg simulateConfig) (*label.File, error) {
	healthy := tails{window: cfg.window, byWindow: make(map[time.Duration][]float64)}
	run := simulate.Config{Seed: cfg.plan.Seed, Duration: plan.Duration}
	if _, err := simulate.Run(ctx, app, run, &healthy); err != nil {
		return nil, err
	}
	usual, ok := healthy.usual()
	if !ok {
		return nil, errors.New("simulate: too few requests in a window to state a threshold; use longer ones")
	}
	entry := &app.RPCs[app.Entries[0].RPC]
	f := &label.File{
		Application: app.Name,
		Entry: &label.Entry{
			Service: apps.ServiceName(app, entry.Service), Operation: entry.Operation,
			Quantile: watchedQuantile, ThresholdS: headroom * usual,
		},
		WindowS:   cfg.window.Seconds(),
		Incidents: []label.Incident{},
	}
	for i := range plan.Episodes {
		f.Incidents = append(f.Incidents, incidentOf(&plan.Episodes[i], cfg.view.Epoch))
	}
	return f, nil
}

func incidentOf(e *apps.Episode, epoch time.Time) label.Incident {
	out := label.Incident{Fault: e.Name, Start: epoch.Add(e.Start), End: epoch.Add(e.End), Decoy: e.Decoy}
	for _, c := range e.Culprits {
		out.Culprits = append(out.Culprits, label.Culprit{
			Service: c.Service, Also: c.Also, Instance: c.Instance, Mechanism: c.Mechanism,
		})
	}
	return out
}

// tails is a simulate.Sink that collects how long requests of the watched entry
// took, in seconds, by window of their end.
type tails struct {
	window   time.Duration
	byWindow map[time.Duration][]float64
}

func (t *tails) Span(*simulate.Span)                                                 {}
func (t *tails) Sample(time.Duration, []simulate.ReplicaState, []simulate.HostState) {}

func (t *tails) Entry(entry int, start, end time.Duration, _ bool) {
	if entry == 0 {
		w := end.Truncate(t.window)
		t.byWindow[w] = append(t.byWindow[w], (end - start).Seconds())
	}
}

// usual is the median over windows of their tails.
func (t *tails) usual() (float64, bool) {
	var out []float64
	for _, v := range t.byWindow {
		if len(v) >= leastRequests {
			slices.Sort(v)
			out = append(out, v[int(math.Ceil(watchedQuantile*float64(len(v))))-1])
		}
	}
	if len(out) == 0 {
		return 0, false
	}
	slices.Sort(out)
	return out[len(out)/2], true
}
