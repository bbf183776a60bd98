// Package rootcauseprocessor is the Collector processor "rootcause": put it in
// traces and metrics pipelines, which it passes on untouched, and in a logs
// pipeline, in which the root-cause events come out.
package rootcauseprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"

	"github.com/sage-rca/sage/processor/rootcauseprocessor/internal/metadata"
)

// NewFactory returns the factory of the processor.
func NewFactory() processor.Factory {
	f := &factory{running: make(map[*Config]*shared)}
	return processor.NewFactory(
		metadata.Type,
		createDefaultConfig,
		processor.WithTraces(f.traces, metadata.TracesStability),
		processor.WithMetrics(f.metrics, metadata.MetricsStability),
		processor.WithLogs(f.logs, metadata.LogsStability),
	)
}

func (f *factory) traces(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	s, err := f.share(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	return &traces{instance: instance{shared: s}, next: next}, nil
}

func (f *factory) metrics(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
	s, err := f.share(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	return &metrics{instance: instance{shared: s}, next: next}, nil
}

func (f *factory) logs(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	s, err := f.share(set, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	s.addSink(next)
	return &logs{instance: instance{shared: s, emits: true}, next: next}, nil
}
