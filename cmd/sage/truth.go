package main

import (
	"context"
	"time"

	"github.com/sage-rca/sage/internal/evaluate"
	label "github.com/sage-rca/sage/internal/labels"
	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
)

// truthOf returns the labels of a plan. The objective is the one of the evaluation's
// suites: it follows from a run without faults.
func truthOf(ctx context.Context, app *simulate.App, plan *apps.Plan, cfg simulateConfig) (*label.File, error) {
	threshold, err := (&evaluate.Scenario{
		Name: app.Name, App: app, Plan: *plan, Seed: cfg.plan.Seed, Window: cfg.window,
		Headroom: evaluate.Headroom, Quantile: evaluate.Quantile,
	}).Threshold(ctx)
	if err != nil {
		return nil, err
	}
	entry := &app.RPCs[app.Entries[0].RPC]
	f := &label.File{
		Application: app.Name,
		Entry: &label.Entry{
			Service: apps.ServiceName(app, entry.Service), Operation: entry.Operation,
			Quantile: evaluate.Quantile, ThresholdS: threshold,
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
