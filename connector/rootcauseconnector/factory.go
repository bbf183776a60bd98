package rootcauseconnector

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/sage-rca/sage/connector/rootcauseconnector/internal/metadata"
	"github.com/sage-rca/sage/internal/rootcause"
)

// Config is what a user may set, the same as of the processor. `rootcause: {}` is a
// working configuration.
type Config = rootcause.Config

// factory makes instances that share engines.
type factory struct{ *rootcause.Registry }

// NewFactory returns the factory of the connector.
func NewFactory() connector.Factory {
	f := &factory{rootcause.NewRegistry(rootcause.Component{Kind: component.KindConnector, Instruments: instruments})}
	return connector.NewFactory(
		metadata.Type,
		rootcause.DefaultConfig,
		connector.WithTracesToLogs(f.traces, metadata.TracesToLogsStability),
		connector.WithMetricsToLogs(f.metrics, metadata.MetricsToLogsStability),
	)
}

func (f *factory) traces(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Traces, error) {
	i, err := f.before(next, set, cfg)
	if err != nil {
		return nil, err
	}
	return traces{i}, nil
}

func (f *factory) metrics(_ context.Context, set connector.Settings, cfg component.Config, next consumer.Logs) (connector.Metrics, error) {
	i, err := f.before(next, set, cfg)
	if err != nil {
		return nil, err
	}
	return metrics{i}, nil
}

// before returns an instance that stands before next, all the logs pipelines that
// the connector's other instance stands before too.
func (f *factory) before(next consumer.Logs, set connector.Settings, cfg component.Config) (*rootcause.Instance, error) {
	pipelines, err := split(next)
	if err != nil {
		return nil, err
	}
	i, err := f.Instance(set.ID, set.TelemetrySettings, cfg.(*Config))
	if err != nil {
		return nil, err
	}
	for _, p := range pipelines {
		i.EmitInto(p.id, p.first)
	}
	return i, nil
}

// logsPipeline is one that begins with the connector.
type logsPipeline struct {
	id    pipeline.ID
	first consumer.Logs
}

// split returns the logs pipelines that next stands for, in the order of their IDs. The
// Collector tells them; a consumer that does not is taken for the only one.
func split(next consumer.Logs) ([]logsPipeline, error) {
	router, ok := next.(connector.LogsRouterAndConsumer)
	if !ok {
		return []logsPipeline{{id: pipeline.NewID(pipeline.SignalLogs), first: next}}, nil
	}
	var out []logsPipeline
	for _, id := range router.PipelineIDs() {
		first, err := router.Consumer(id)
		if err != nil {
			return nil, fmt.Errorf("logs pipeline %q: %w", id, err)
		}
		out = append(out, logsPipeline{id: id, first: first})
	}
	slices.SortFunc(out, func(a, b logsPipeline) int { return strings.Compare(a.id.String(), b.id.String()) })
	return out, nil
}
