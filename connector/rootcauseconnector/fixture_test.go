package rootcauseconnector

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/sage-rca/sage/connector/rootcauseconnector/internal/metadata"
	"github.com/sage-rca/sage/internal/eventlog"
	"github.com/sage-rca/sage/internal/rootcause"
)

// connected are both instances of one connector before the same logs pipelines, each
// with a router of its own, as the Collector makes them.
type connected struct {
	traces  connector.Traces
	metrics connector.Metrics
}

func connect(t *testing.T, set connector.Settings, cfg *Config, logs map[pipeline.ID]consumer.Logs) connected {
	t.Helper()
	f := NewFactory()
	var c connected
	var err error
	c.traces, err = f.CreateTracesToLogs(t.Context(), set, cfg, connector.NewLogsRouter(logs))
	require.NoError(t, err)
	c.metrics, err = f.CreateMetricsToLogs(t.Context(), set, cfg, connector.NewLogsRouter(logs))
	require.NoError(t, err)
	return c
}

func settings() connector.Settings { return connectortest.NewNopSettings(metadata.Type) }

func (c connected) start(t *testing.T) {
	t.Helper()
	for _, i := range []component.Component{c.metrics, c.traces} {
		require.NoError(t, i.Start(t.Context(), componenttest.NewNopHost()))
	}
}

func stop(t *testing.T, instances ...component.Component) {
	t.Helper()
	for _, i := range instances {
		require.NoError(t, i.Shutdown(context.Background()))
	}
}

func logsPipelineID(name string) pipeline.ID {
	return pipeline.NewIDWithName(pipeline.SignalLogs, name)
}

// one is the only logs pipeline.
func one(next consumer.Logs) map[pipeline.ID]consumer.Logs {
	return map[pipeline.ID]consumer.Logs{logsPipelineID("events"): next}
}

// violatedConfig watches a median of 100 ms in windows of a second.
func violatedConfig() *Config {
	cfg := defaultConfig().(*Config)
	cfg.Window, cfg.Lateness = time.Second, 0
	cfg.Input.Backfill = true // tests send the hour before
	cfg.Training.Enabled = false
	cfg.SLOs = []rootcause.SLO{{Name: "shop", Service: "shop", Operation: "*", Quantile: 0.5, Threshold: 100 * time.Millisecond}}
	return cfg
}

// request is a trace of one request of a service, which ends at end.
func request(end time.Time, took time.Duration) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	id := uint64(end.UnixMilli())
	s.SetTraceID(pcommon.TraceID{1, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)})
	s.SetSpanID(pcommon.SpanID{1, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)})
	s.SetName("GET /")
	s.SetKind(ptrace.SpanKindServer)
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-took)))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
	return td
}

// usage is one point of the CPU that the service takes.
func usage(at time.Time) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("process.cpu.utilization")
	m.SetUnit("1")
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(at))
	p.SetDoubleValue(0.25)
	return md
}

// feed sends seconds of requests, 20 a second, and a metric point every second where
// metrics pipelines end here.
func (c connected) feed(t *testing.T, from time.Time, seconds int, took time.Duration) time.Time {
	t.Helper()
	for k := range 20 * seconds {
		from = from.Add(50 * time.Millisecond)
		require.NoError(t, c.traces.ConsumeTraces(t.Context(), request(from, took)))
		if c.metrics != nil && k%20 == 0 {
			require.NoError(t, c.metrics.ConsumeMetrics(t.Context(), usage(from)))
		}
	}
	return from
}

// states are those of the incidents that a logs pipeline got, in order.
func states(sink *consumertest.LogsSink) []string {
	var out []string
	for _, ld := range sink.AllLogs() {
		for _, i := range eventlog.Incidents(ld) {
			out = append(out, i.State)
		}
	}
	return out
}

func anHourAgo() time.Time { return time.Now().Add(-time.Hour).Truncate(time.Second) }
