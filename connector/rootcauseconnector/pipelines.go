package rootcauseconnector

import (
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pipeline"
)

// behind is a pipeline that begins with the connector.
type behind[C any] struct {
	id    pipeline.ID
	first C
}

// logsPipelines returns the pipelines that next stands for, in the order of their IDs.
// The Collector tells them; a consumer that does not is taken for the only one.
func logsPipelines(next consumer.Logs) ([]behind[consumer.Logs], error) {
	if router, ok := next.(connector.LogsRouterAndConsumer); ok {
		return split(router.PipelineIDs(), router.Consumer)
	}
	return []behind[consumer.Logs]{{pipeline.NewID(pipeline.SignalLogs), next}}, nil
}

// metricsPipelines does so of metrics.
func metricsPipelines(next consumer.Metrics) ([]behind[consumer.Metrics], error) {
	if router, ok := next.(connector.MetricsRouterAndConsumer); ok {
		return split(router.PipelineIDs(), router.Consumer)
	}
	return []behind[consumer.Metrics]{{pipeline.NewID(pipeline.SignalMetrics), next}}, nil
}

func split[C any](ids []pipeline.ID, consumerOf func(...pipeline.ID) (C, error)) ([]behind[C], error) {
	var out []behind[C]
	for _, id := range ids {
		first, err := consumerOf(id)
		if err != nil {
			return nil, fmt.Errorf("pipeline %q: %w", id, err)
		}
		out = append(out, behind[C]{id: id, first: first})
	}
	slices.SortFunc(out, func(a, b behind[C]) int { return strings.Compare(a.id.String(), b.id.String()) })
	return out, nil
}
