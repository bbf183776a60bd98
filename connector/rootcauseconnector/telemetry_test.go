package rootcauseconnector

import (
	"context"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	logtest "go.uber.org/zap/zaptest/observer"
	"go.yaml.in/yaml/v3"

	"github.com/sage-rca/sage/connector/rootcauseconnector/internal/metadata"
	"github.com/sage-rca/sage/connector/rootcauseconnector/internal/metadatatest"
)

// watched are settings whose metrics and logs a test can read.
func watched(t *testing.T) (connector.Settings, *componenttest.Telemetry, *logtest.ObservedLogs) {
	t.Helper()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	core, logged := logtest.New(zapcore.InfoLevel)
	set := settings()
	set.TelemetrySettings = tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	return set, tel, logged
}

// counted returns the value of the one point of a counter.
func counted(t *testing.T, tel *componenttest.Telemetry, name string) int64 {
	t.Helper()
	m, err := tel.GetMetric(name)
	require.NoError(t, err)
	points := m.Data.(metricdata.Sum[int64]).DataPoints
	require.Len(t, points, 1)
	return points[0].Value
}

// What the engine's telemetry says of an hour in which one incident came and went:
// of both instances together, under the connector's scope.
func TestTelemetry(t *testing.T) {
	set, tel, _ := watched(t)
	sink := &consumertest.LogsSink{}
	c := connect(t, set, violatedConfig(), one(sink))
	c.start(t)
	at := c.feed(t, anHourAgo(), 20, 10*time.Millisecond)
	at = c.feed(t, at, 5, 500*time.Millisecond)
	c.feed(t, at, 10, 10*time.Millisecond)
	stop(t, c.metrics, c.traces)

	point := func(n int64, kv ...attribute.KeyValue) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(kv...)}
	}
	metadatatest.AssertEqualRootcauseIncidents(t, tel, []metricdata.DataPoint[int64]{
		point(1, attribute.String("state", "open")), point(1, attribute.String("state", "resolved")),
	}, metricdatatest.IgnoreTimestamp())
	assert.EqualValues(t, 35*20, counted(t, tel, "otelcol_rootcause_spans_used"))
	assert.EqualValues(t, 35, counted(t, tel, "otelcol_rootcause_points_used"))
	assert.EqualValues(t, sink.LogRecordCount(), counted(t, tel, "otelcol_rootcause_events"))

	var all metricdata.ResourceMetrics
	require.NoError(t, tel.Reader.Collect(t.Context(), &all))
	require.Len(t, all.ScopeMetrics, 1)
	assert.Equal(t, metadata.ScopeName, all.ScopeMetrics[0].Scope.Name)
}

// Each instrument is the one that metadata.yaml has under its name.
// Of instances before logs and before metrics pipelines, which are given the same data, one
// reads it, whichever is made first.
func TestTelemetry_dataOfTwoInstancesIsReadOnce(t *testing.T) {
	for _, logsFirst := range []bool{true, false} {
		set, tel, _ := watched(t)
		events, told := &consumertest.LogsSink{}, &consumertest.MetricsSink{}
		f, cfg := NewFactory(), violatedConfig()
		var spans []connector.Traces
		var points []connector.Metrics
		for _, toLogs := range []bool{logsFirst, !logsFirst} {
			var tr connector.Traces
			var m connector.Metrics
			var errTraces, errMetrics error
			if toLogs {
				tr, errTraces = f.CreateTracesToLogs(t.Context(), set, cfg, events)
				m, errMetrics = f.CreateMetricsToLogs(t.Context(), set, cfg, events)
			} else {
				tr, errTraces = f.CreateTracesToMetrics(t.Context(), set, cfg, told)
				m, errMetrics = f.CreateMetricsToMetrics(t.Context(), set, cfg, told)
			}
			require.NoError(t, errTraces)
			require.NoError(t, errMetrics)
			spans, points = append(spans, tr), append(points, m)
		}
		for k := range spans {
			require.NoError(t, spans[k].Start(t.Context(), componenttest.NewNopHost()))
			require.NoError(t, points[k].Start(t.Context(), componenttest.NewNopHost()))
		}
		at := anHourAgo()
		for n := range 25 * 20 {
			at = at.Add(50 * time.Millisecond)
			took := 10 * time.Millisecond
			if n >= 20*20 {
				took = 500 * time.Millisecond
			}
			for k := range spans {
				require.NoError(t, spans[k].ConsumeTraces(t.Context(), request(at, took)))
				if n%20 == 0 {
					require.NoError(t, points[k].ConsumeMetrics(t.Context(), usage(at)))
				}
			}
		}
		for k := range spans {
			stop(t, spans[k], points[k])
		}
		assert.EqualValues(t, 25*20, counted(t, tel, "otelcol_rootcause_spans_used"))
		assert.EqualValues(t, 25, counted(t, tel, "otelcol_rootcause_points_used"))
		_, err := tel.GetMetric("otelcol_rootcause_spans_refused")
		require.Error(t, err, "nothing is refused")
		_, err = tel.GetMetric("otelcol_rootcause_points_refused")
		require.Error(t, err)
		assert.Equal(t, []string{"open"}, states(events))
		assert.NotEmpty(t, told.AllMetrics())
	}
}

func TestInstruments(t *testing.T) {
	// A meter gives the same instrument for the same name.
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	got, err := instruments(tel.NewTelemetrySettings())
	require.NoError(t, err)
	want, err := metadata.NewTelemetryBuilder(tel.NewTelemetrySettings())
	require.NoError(t, err)
	fields := reflect.ValueOf(got).Elem()
	for f := range fields.Type().Fields() {
		assert.Same(t, reflect.ValueOf(want).Elem().FieldByName("Rootcause"+f.Name).Interface(), fields.FieldByName(f.Name).Interface(), f.Name)
	}
}

// The connector's metrics are the processor's, but for what a description says of
// data that passes on.
func TestMetadata_sameMetricsAsTheProcessor(t *testing.T) {
	read := func(path string) map[string]any {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		var all struct {
			Attributes map[string]any
			Telemetry  struct{ Metrics map[string]map[string]any }
		}
		require.NoError(t, yaml.Unmarshal(b, &all))
		require.NotEmpty(t, all.Telemetry.Metrics)
		for _, m := range all.Telemetry.Metrics {
			delete(m, "description")
		}
		return map[string]any{"attributes": all.Attributes, "metrics": all.Telemetry.Metrics}
	}
	assert.Equal(t, read("../../processor/rootcauseprocessor/metadata.yaml"), read("metadata.yaml"))
}
