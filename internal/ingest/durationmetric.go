package ingest

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/callgraph"
)

// durationMetric is a histogram of how long requests or calls take.
type durationMetric struct {
	kind callgraph.Kind // Server or Client; Unspecified: the points say
	unit string         // where it says none
	rank uint8          // of two that tell of the same the lower one counts
}

// durationMetrics are those of the semantic conventions, and of the spanmetrics connector.
var durationMetrics = map[string]durationMetric{
	"http.server.request.duration": {callgraph.Server, "s", 0},
	"http.server.duration":         {callgraph.Server, "ms", 1},
	"rpc.server.call.duration":     {callgraph.Server, "s", 0},
	"rpc.server.duration":          {callgraph.Server, "ms", 1},
	"http.client.request.duration": {callgraph.Client, "s", 0},
	"http.client.duration":         {callgraph.Client, "ms", 1},
	"rpc.client.call.duration":     {callgraph.Client, "s", 0},
	"rpc.client.duration":          {callgraph.Client, "ms", 1},
	"db.client.operation.duration": {callgraph.Client, "s", 0},
	"traces.span.metrics.duration": {callgraph.Unspecified, "ms", 2},
	"traces.spanmetrics.duration":  {callgraph.Unspecified, "ms", 2},
}

// durationsOf returns what a metric tells of durations, nil where it does not.
func durationsOf(m pmetric.Metric, exclude []string) *durationMetric {
	d, ok := durationMetrics[m.Name()]
	isHistogram := m.Type() == pmetric.MetricTypeHistogram || m.Type() == pmetric.MetricTypeExponentialHistogram
	if !ok || !isHistogram || matchesAny(exclude, m.Name()) {
		return nil
	}
	return &d
}
