package evaluate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/sage-rca/sage/internal/capture"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/labels"
	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// fewestWindows before the first incident that a model can be trained on.
const fewestWindows = 20

// Capture evaluates all methods on a capture of a real system, given what was
// broken in it (package labels). size is the length of windows where the labels do
// not state it. Where they do not say what is watched, it is the entry operation
// with the most requests, and its objective follows from the windows before the
// first incident as it does for simulated applications. Every incident is taken to
// have hurt users: one in which the objective held counts as missed.
func Capture(ctx context.Context, path, truth string, size time.Duration, progress io.Writer) (*Results, error) {
	r := &run{o: Options{Progress: progress}, began: time.Now()}
	l, err := labels.Read(truth)
	if err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	if w := l.Window(); w > 0 {
		size = w
	}
	t := &Timeline{Name: path, Window: size}
	if l.Application != "" {
		t.Name = l.Application
	}
	var spoke losses
	if t.Snapshots, err = readCapture(ctx, path, size, &spoke); err != nil {
		return nil, fmt.Errorf("evaluate: %s: %w", path, err)
	}
	r.say("%s: %d windows of %s, %s", path, len(t.Snapshots), size, spoke.String())
	for i := range l.Incidents {
		t.Episodes = append(t.Episodes, labelled(&l.Incidents[i]))
	}
	if err := t.watch(l.Entry); err != nil {
		return nil, fmt.Errorf("evaluate: %s: %w", path, err)
	}
	r.say("watched: %s %s p%g, objective %s", t.Objective.Service, t.Objective.Operation, 100*t.Objective.Quantile, t.Objective.Threshold)

	learned := t.learned() - publishAfter - 1
	if learned < fewestWindows {
		return nil, fmt.Errorf("evaluate: %s: %d windows of %s before the first incident are too few to learn from, at least %d are wanted: "+
			"record more of the healthy system, or use shorter windows", path, t.learned(), size, fewestWindows+publishAfter+1)
	}
	asked, train, err := play(ctx, t, protocol(true, learned), protocol(false, learned), lineup(), published())
	if err != nil {
		return nil, err
	}
	res := &Results{Suites: []Suite{{
		Name: t.Name, Methods: rows(order, asked.Incidents, train), Decoys: asked.Decoys, ByFault: byFault(order, asked.Incidents), Incidents: records(method.Sage{}.Name(), asked.Incidents),
	}}}
	res.WhatIf = whatIf(nil)
	res.Calibration = calibration(stated(method.Sage{}.Name(), asked.Incidents))
	res.Digest = digest(res)
	return res, nil
}

func labelled(l *labels.Incident) Episode {
	e := Episode{Truth: Truth{Fault: l.Fault}, Decoy: l.Decoy, Violated: true, Start: l.Start.UnixNano(), End: l.End.UnixNano()}
	for _, c := range l.Culprits {
		t := Culprit{Service: service(c.Service), Instance: c.Instance, Mechanism: rca.Mechanism(c.Mechanism)}
		for _, a := range c.Also {
			t.Also = append(t.Also, service(a))
		}
		e.Truth.Culprits = append(e.Truth.Culprits, t)
	}
	return e
}

// service is one of any namespace.
func service(name string) identity.Service { return identity.Service{Name: name} }

// readCapture turns a capture into windows.
func readCapture(ctx context.Context, path string, size time.Duration, l *losses) (out []*window.Snapshot, err error) {
	file, err := capture.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	i, err := ingest.New(ingestConfig(size, maxWindows), l, func(w *window.Snapshot) bool {
		out = append(out, w)
		return true
	})
	if err != nil {
		return nil, err
	}
	i.Start()
	for err == nil {
		var req capture.Request
		if req, err = file.Next(); err != nil {
			break
		}
		now := time.Unix(0, math.MaxInt64) // nothing that was recorded is of the future
		switch {
		case req.Traces != nil:
			i.Traces(*req.Traces, now)
		case req.Metrics != nil:
			i.Metrics(*req.Metrics, now)
		}
		err = context.Cause(ctx)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	err = errors.Join(err, i.Close(ctx))
	if err == nil && l.windows > 0 {
		err = fmt.Errorf("more than %d windows", maxWindows)
	}
	if err == nil && len(out) == 0 {
		err = errors.New("no spans or metrics that can be used")
	}
	return out, err
}

// maxWindows of a capture: four weeks of half minutes.
const maxWindows = 80_640

// watch sets the objective.
func (t *Timeline) watch(e *labels.Entry) error {
	if e != nil {
		t.Objective = slo.Objective{
			Name: "entry", Service: service(e.Service), Operation: e.Operation, Quantile: e.Quantile,
			Threshold: time.Duration(e.ThresholdS * 1e9),
		}
		return nil
	}
	requests := make(map[identity.RPC]float64)
	var busiest identity.RPC
	for _, w := range t.Snapshots {
		for i := range w.RPCs {
			r := &w.RPCs[i]
			if !feature.Entry(r) {
				continue
			}
			requests[r.Key] += r.Count
			if n, most := requests[r.Key], requests[busiest]; n > most || n == most && r.Key.Compare(busiest) < 0 {
				busiest = r.Key
			}
		}
	}
	if busiest.IsZero() {
		return errors.New("no operation is called from outside; name the entry in the labels")
	}
	t.Objective = slo.Objective{Name: "entry", Service: busiest.Service, Operation: busiest.Operation, Quantile: Quantile}
	healthy := make(map[int64]float64)
	for _, w := range t.Snapshots[:min(t.learned(), len(t.Snapshots))] {
		if _, tail := entryOf(w, t); tail > 0 {
			healthy[w.Start] = tail
		}
	}
	t.Objective.Threshold = time.Duration(Headroom * usual(healthy) * 1e9)
	if t.Objective.Threshold <= 0 {
		return fmt.Errorf("%s was not called before the first incident; name the entry in the labels", busiest)
	}
	return nil
}
