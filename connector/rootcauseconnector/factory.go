package rootcauseconnector

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"

	"github.com/sage-rca/sage/connector/rootcauseconnector/internal/metadata"
	"github.com/sage-rca/sage/internal/rootcause"
)

// factory makes instances that share engines.
type factory struct{ *rootcause.Registry }

// NewFactory returns the factory of the connector.
func NewFactory() connector.Factory {
	f := &factory{rootcause.NewRegistry(rootcause.Component{Kind: component.KindConnector, Instruments: instruments})}
	return connector.NewFactory(
		metadata.Type,
		defaultConfig,
		connector.WithTracesToLogs(f.tracesToLogs, metadata.TracesToLogsStability),
		connector.WithMetricsToLogs(f.metricsToLogs, metadata.MetricsToLogsStability),
		connector.WithTracesToMetrics(f.tracesToMetrics, metadata.TracesToMetricsStability),
		connector.WithMetricsToMetrics(f.metricsToMetrics, metadata.MetricsToMetricsStability),
	)
}

func (f *factory) tracesToLogs(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Traces, error) {
	i, err := f.beforeLogs(next, set, cfg)
	if err != nil {
		return nil, err
	}
	return readTraces(i), nil
}

func (f *factory) metricsToLogs(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Metrics, error) {
	i, err := f.beforeLogs(next, set, cfg)
	if err != nil {
		return nil, err
	}
	return readMetrics(i), nil
}

func (f *factory) tracesToMetrics(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Traces, error) {
	i, err := f.beforeMetrics(next, set, cfg)
	if err != nil {
		return nil, err
	}
	return readTraces(i), nil
}

// metricsToMetrics is for summaries of others, which are added up with what spans say;
// other metrics end here, where nothing is judged.
func (f *factory) metricsToMetrics(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Metrics) (connector.Metrics, error) {
	i, err := f.beforeMetrics(next, set, cfg)
	if err != nil {
		return nil, err
	}
	return readMetrics(i), nil
}

// beforeLogs returns an instance that stands before next, all the logs pipelines that
// the connector's other instances stand before too.
func (f *factory) beforeLogs(next consumer.Logs, set connector.Settings, cfg component.Config) (*rootcause.Instance, error) {
	pipelines, err := logsPipelines(next)
	if err != nil {
		return nil, err
	}
	i, err := f.instance(set, cfg)
	if err != nil {
		return nil, err
	}
	for _, p := range pipelines {
		i.EmitInto(p.id, p.first)
	}
	return i, nil
}

// beforeMetrics returns an instance that stands before next, all metrics pipelines
// likewise.
func (f *factory) beforeMetrics(next consumer.Metrics, set connector.Settings, cfg component.Config) (*rootcause.Instance, error) {
	pipelines, err := metricsPipelines(next)
	if err != nil {
		return nil, err
	}
	i, err := f.instance(set, cfg)
	if err != nil {
		return nil, err
	}
	emit := cfg.(*Config).Emit
	for _, p := range pipelines {
		i.TellInto(p.id, p.first, rootcause.Telling{Summaries: emit.Summaries, ServiceGraph: emit.ServiceGraph})
	}
	return i, nil
}

// instance returns one of the engine that all of cfg share.
func (f *factory) instance(set connector.Settings, cfg component.Config) (*rootcause.Instance, error) {
	return f.Instance(set.ID, set.TelemetrySettings, cfg.(*Config).config())
}
