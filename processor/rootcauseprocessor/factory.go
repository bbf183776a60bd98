// Package rootcauseprocessor is the Collector processor "rootcause": put it in
// traces and metrics pipelines, which it passes on untouched, and in a logs
// pipeline, in which the root-cause events come out.
package rootcauseprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"

	"github.com/sage-rca/sage/internal/rootcause"
	"github.com/sage-rca/sage/processor/rootcauseprocessor/internal/metadata"
)

// Config is what a user may set. `rootcause: {}` is a working configuration.
type Config = rootcause.Config

// factory makes instances that share engines.
type factory struct{ *rootcause.Registry }

// NewFactory returns the factory of the processor.
func NewFactory() processor.Factory {
	f := &factory{rootcause.NewRegistry(rootcause.Component{Kind: component.KindProcessor, Instruments: instruments})}
	return processor.NewFactory(
		metadata.Type,
		rootcause.DefaultConfig,
		processor.WithTraces(f.traces, metadata.TracesStability),
		processor.WithMetrics(f.metrics, metadata.MetricsStability),
		processor.WithLogs(f.logs, metadata.LogsStability),
	)
}

func (f *factory) traces(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	i, err := f.Instance(set.ID, set.TelemetrySettings, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	return &traces{Instance: i, next: next}, nil
}

func (f *factory) metrics(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
	i, err := f.Instance(set.ID, set.TelemetrySettings, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	return &metrics{Instance: i, next: next}, nil
}

func (f *factory) logs(_ context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	i, err := f.Instance(set.ID, set.TelemetrySettings, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	i.EmitWithin(next)
	return &logs{Instance: i, next: next}, nil
}
