package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/sage-rca/sage/processor/rootcauseprocessor"
)

// product is the processor as a Collector has it, in a traces and a logs pipeline, with
// its default settings but those that say how long things take.
type product struct {
	traces    processor.Traces
	logs      processor.Logs
	telemetry *componenttest.Telemetry
}

func newProduct() (*product, error) {
	p := &product{telemetry: componenttest.NewTelemetry()}
	factory := rootcauseprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig().(*rootcauseprocessor.Config)
	cfg.Input.Backfill = true // the time of loads is not that of the clock
	cfg.Training.Epochs = 20  // a model takes as much memory after few as after many
	set := processortest.NewNopSettings(factory.Type())
	set.TelemetrySettings = p.telemetry.NewTelemetrySettings()
	ctx := context.Background()
	var err error
	if p.traces, err = factory.CreateTraces(ctx, set, cfg, consumertest.NewNop()); err != nil {
		return nil, err
	}
	if p.logs, err = factory.CreateLogs(ctx, set, cfg, consumertest.NewNop()); err != nil {
		return nil, err
	}
	host := componenttest.NewNopHost()
	return p, errors.Join(p.traces.Start(ctx, host), p.logs.Start(ctx, host))
}

func (p *product) stop() error {
	ctx := context.Background()
	return errors.Join(p.traces.Shutdown(ctx), p.logs.Shutdown(ctx), p.telemetry.Shutdown(ctx))
}

// see gives the processor a batch.
func (p *product) see(td ptrace.Traces) error {
	return p.traces.ConsumeTraces(context.Background(), td)
}

// counts returns the values of a counter by its attribute reason, "" where it has none.
func (p *product) counts(counter string) (map[string]int64, error) {
	var all metricdata.ResourceMetrics
	if err := p.telemetry.Reader.Collect(context.Background(), &all); err != nil {
		return nil, err
	}
	out := make(map[string]int64)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok || !strings.HasSuffix(m.Name, counter) {
				continue
			}
			for _, point := range sum.DataPoints {
				reason, _ := point.Attributes.Value("reason")
				out[reason.AsString()] += point.Value
			}
		}
	}
	return out, nil
}

// settle waits until so many windows are judged.
func (p *product) settle(windows int64) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for give := time.Now().Add(2 * time.Minute); ; <-tick.C {
		judged, err := p.counts("rootcause_windows_closed")
		if err != nil || judged[""] >= windows {
			return err
		}
		if time.Now().After(give) {
			return fmt.Errorf("%d windows judged after two minutes, want %d", judged[""], windows)
		}
	}
}

// reasons says how much was counted for which reason.
func reasons(counts map[string]int64) string {
	var out []string
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s %d", reason, counts[reason]))
	}
	return strings.Join(out, ", ")
}

// defaultMemoryMiB is the bound that the processor has by default.
func defaultMemoryMiB() int {
	return rootcauseprocessor.NewFactory().CreateDefaultConfig().(*rootcauseprocessor.Config).Limits.MemoryMiB
}
