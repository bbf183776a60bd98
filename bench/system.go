package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
	"github.com/sage-rca/sage/internal/window"
)

// How simulated applications are seen: normal windows, from which a model is learned,
// and then an incident. Windows are short because simulating is slow: what is learned
// and judged is a window, however long it was.
const (
	systemWindow   = 10 * time.Second
	systemWindows  = 120
	incidentLength = 6 * systemWindow
	quantile       = 0.99
	headroom       = 1.5 // the objective's threshold over the median tail of normal windows
)

// system is a simulated application as a Collector sees it until an incident.
type system struct {
	ingester *ingest.Ingester
	history  *feature.History // normal windows, and then the first violated one
	graph    *cbn.Graph
	question rca.Input // of the first violated window, without a model
	services int
}

// simulated plays an application, and takes in all that it tells. Its normal windows come
// so many times.
func simulated(app *simulate.App, times int) (*system, error) {
	warmup := systemWindows * systemWindow
	plan, err := apps.NewPlan(app, apps.PlanConfig{
		Seed: 1, Incidents: 1, Kinds: []simulate.FaultKind{simulate.Regression}, Warmup: warmup, Length: incidentLength,
	})
	if err != nil {
		return nil, err
	}
	s := &system{}
	var windows []*window.Snapshot
	defer func() { windows = nil }() // the ingester keeps the function that fills it
	var lost refusals
	s.ingester, err = ingest.New(systemIngest(), &lost, func(w *window.Snapshot) bool {
		windows = append(windows, w)
		return true
	})
	if err != nil {
		return nil, err
	}
	s.ingester.Start()
	e := emit.New(app, emit.Options{Epoch: epoch},
		func(td ptrace.Traces) { s.ingester.Traces(td, wallClock()) },
		func(md pmetric.Metrics) { s.ingester.Metrics(md, wallClock()) })
	cfg := simulate.Config{Seed: 1, Duration: plan.Duration, SampleEvery: 5 * time.Second, Faults: plan.Faults()}
	_, err = simulate.Run(context.Background(), app, cfg, e)
	e.Flush()
	if err := errors.Join(err, s.ingester.Close(context.Background())); err != nil {
		return nil, err
	}
	onset := epoch.Add(plan.Episodes[0].Start).UnixNano()
	first := slices.IndexFunc(windows, func(w *window.Snapshot) bool { return w.End > onset })
	if first < systemWindows-2 {
		return nil, fmt.Errorf("%d normal windows, want about %d", first, systemWindows)
	}
	entry := app.RPCs[app.Entries[0].RPC]
	return s, s.learn(again(windows[:first], times), windows[first:], app.Services[entry.Service].Name, entry.Operation)
}

// again returns windows so many times, one time after the other and before what follows
// them.
func again(windows []*window.Snapshot, times int) (out []*window.Snapshot) {
	length := int64(len(windows)) * int64(systemWindow)
	for left := int64(times) - 1; left >= 0; left-- {
		for _, w := range windows {
			earlier := *w
			earlier.Start, earlier.End = w.Start-left*length, w.End-left*length
			out = append(out, &earlier)
		}
	}
	return out
}

// systemIngest has room for all that is simulated, so that every window waits for the
// end.
func systemIngest() ingest.Config {
	return ingest.Config{
		Window: systemWindow, Lateness: 5 * time.Second, MaxAge: time.Minute, Forget: time.Hour, Guard: ingest.DefaultGuard(),
		Limits: ingest.Limits{
			Services: 10_000, OperationsPerService: 1000, PendingSpans: 1_000_000, TraceSpans: 10_000,
			Producers: 100_000, Instances: 10_000, MetricStreams: 500_000, Sources: 1, Gathered: 1 << 28,
		},
		Metrics:    ingest.MetricRules{ByName: true, JoinKeys: ingest.DefaultJoinKeys(), HostKeys: ingest.DefaultHostKeys()},
		MaxPending: 1000,
	}
}

// learn keeps the normal windows, and finds the first in which the objective of an
// operation is violated.
func (s *system) learn(normal, incident []*window.Snapshot, service, operation string) error {
	s.history = feature.NewHistory(systemWindow, len(normal)+1, 1_000_000)
	builder := cbn.NewBuilder(len(normal) + 1)
	names := make(map[identity.Service]bool)
	var tails []float64
	for _, w := range normal {
		s.graph = builder.Update(feature.Structure(w))
		s.history.Append(w)
		s.history.SetHealth(s.history.Len()-1, feature.Healthy)
		if r := served(w, service, operation); r != nil {
			tails = append(tails, r.Latency.Quantile(quantile)/1e9)
		}
		for i := range w.RPCs {
			names[w.RPCs[i].Key.Service] = true
		}
	}
	s.services = len(names)
	if len(tails) == 0 {
		return fmt.Errorf("no window has requests of %s %s", service, operation)
	}
	slices.Sort(tails)
	threshold := headroom * tails[len(tails)/2]
	for _, w := range incident {
		r := served(w, service, operation)
		if r == nil || r.Latency.Quantile(quantile)/1e9 <= threshold {
			continue
		}
		s.graph = builder.Update(feature.Structure(w))
		s.history.Append(w)
		s.history.SetHealth(s.history.Len()-1, feature.Violated)
		s.question = rca.Input{
			Graph: s.graph, History: s.history, Snapshot: w, Entry: r.Key, Quantile: quantile, Threshold: threshold, Onset: w.Start,
		}
		return nil
	}
	return fmt.Errorf("no window of the incident violates %s", time.Duration(threshold*1e9))
}

// served returns what a window says of an operation, nil where it says nothing.
func served(w *window.Snapshot, service, operation string) *window.RPC {
	for i := range w.RPCs {
		if r := &w.RPCs[i]; r.Key.Service.Name == service && strings.Contains(r.Key.Operation, operation) && r.Count > 0 {
			return r
		}
	}
	return nil
}

// normal lists the rows of the history before the incident.
func (s *system) normal() []int {
	rows := make([]int, s.history.Len()-1)
	for i := range rows {
		rows[i] = i
	}
	return rows
}
