package rootcauseprocessor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	logtest "go.uber.org/zap/zaptest/observer"

	"github.com/sage-rca/sage/internal/rootcause"
	"github.com/sage-rca/sage/processor/rootcauseprocessor/internal/metadata"
	"github.com/sage-rca/sage/processor/rootcauseprocessor/internal/metadatatest"
)

// watched are settings whose metrics and logs a test can read.
func watched(t *testing.T) (processor.Settings, *componenttest.Telemetry, *logtest.ObservedLogs) {
	t.Helper()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	core, logged := logtest.New(zapcore.InfoLevel)
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	return set, tel, logged
}

func failures(kind string, n int64) []metricdata.DataPoint[int64] {
	return []metricdata.DataPoint[int64]{{Value: n, Attributes: attribute.NewSet(attribute.String("kind", kind))}}
}

// What the engine's telemetry says of an hour in which one incident came and went.
func TestTelemetry(t *testing.T) {
	set, tel, logged := watched(t)
	p := newPipelinesWith(t, set, violatedConfig(), 1)
	p.start(t)
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	at = p.feed(t, at, 20, 10*time.Millisecond)
	at = p.feed(t, at, 5, 500*time.Millisecond)
	at = p.feed(t, at, 10, 10*time.Millisecond)
	nameless := request(1, at, time.Millisecond)
	nameless.ResourceSpans().At(0).Resource().Attributes().Clear()
	require.NoError(t, p.traces.ConsumeTraces(t.Context(), nameless))
	p.stop(t)

	stamp := metricdatatest.IgnoreTimestamp()
	point := func(n int64, kv ...attribute.KeyValue) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(kv...)}
	}
	metadatatest.AssertEqualRootcauseSpansUsed(t, tel, []metricdata.DataPoint[int64]{point(700)}, stamp)
	metadatatest.AssertEqualRootcauseSpansRefused(t, tel, []metricdata.DataPoint[int64]{point(1, attribute.String("reason", "no_service"))}, stamp)
	metadatatest.AssertEqualRootcauseIncidents(t, tel, []metricdata.DataPoint[int64]{
		point(1, attribute.String("state", "open")), point(1, attribute.String("state", "resolved")),
	}, stamp)
	metadatatest.AssertEqualRootcauseIncidentsOpen(t, tel, []metricdata.DataPoint[int64]{point(0)}, stamp)
	sent, err := tel.GetMetric("otelcol_rootcause_events")
	require.NoError(t, err)
	assert.EqualValues(t, p.gotLogs[0].LogRecordCount(), sent.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
	closed, err := tel.GetMetric("otelcol_rootcause_windows_closed")
	require.NoError(t, err)
	assert.InDelta(t, 35, closed.Data.(metricdata.Sum[int64]).DataPoints[0].Value, 1)
	_, err = tel.GetMetric("otelcol_rootcause_failures")
	require.Error(t, err, "nothing failed: %v", logged.All())
}

func TestStart_saysWhereEventsGoNowhere(t *testing.T) {
	for logs, want := range []int{1, 0} { // pipelines: warnings
		set, _, logged := watched(t)
		p := newPipelinesWith(t, set, rootcause.DefaultConfig().(*Config), logs)
		p.start(t)
		p.stop(t)
		assert.Equal(t, want, logged.FilterMessageSnippet("no logs pipeline names this processor").Len())
	}
}

// A panic that each batch brings is counted each time, told of ever more seldom,
// and the data flows on.
func TestData_passesThroughPanics(t *testing.T) {
	set, tel, logged := watched(t)
	p := newPipelinesWith(t, set, rootcause.DefaultConfig().(*Config), 1)
	p.start(t)
	var broken ptrace.Traces // without memory behind it: reading it panics
	for range 100 {
		assert.NotPanics(t, func() { p.traces.(*traces).SeeTraces(broken) })
	}
	require.NoError(t, p.traces.ConsumeTraces(t.Context(), request(1, time.Now(), time.Second)))
	p.stop(t)
	assert.Equal(t, 1, p.gotTraces.SpanCount())
	metadatatest.AssertEqualRootcauseFailures(t, tel, failures("ingest", 100), metricdatatest.IgnoreTimestamp())
	assert.Equal(t, 7, logged.FilterMessageSnippet("panic").Len(), "the 1st, 2nd, 4th ... 64th")
}

// A logs pipeline that refuses, or panics, keeps no event from the others.
func TestEvents_aFailingPipelineHoldsUpNoOther(t *testing.T) {
	set, tel, logged := watched(t)
	f := NewFactory()
	cfg := violatedConfig()
	good := &consumertest.LogsSink{}
	panics, err := consumer.NewLogs(func(context.Context, plog.Logs) error { panic("no such index") })
	require.NoError(t, err)
	p := &pipelines{gotTraces: &consumertest.TracesSink{}, gotMetrics: &consumertest.MetricsSink{}}
	p.traces, err = f.CreateTraces(t.Context(), set, cfg, p.gotTraces)
	require.NoError(t, err)
	p.metrics, err = f.CreateMetrics(t.Context(), set, cfg, p.gotMetrics)
	require.NoError(t, err)
	for _, next := range []consumer.Logs{consumertest.NewErr(errors.New("backend is down")), panics, good} {
		l, err := f.CreateLogs(t.Context(), set, cfg, next)
		require.NoError(t, err)
		p.logs = append(p.logs, l)
	}
	p.start(t)
	at := p.feed(t, time.Now().Add(-time.Hour), 20, 10*time.Millisecond)
	p.feed(t, at, 5, 500*time.Millisecond)
	p.stop(t)

	assert.Equal(t, 1, names(good)["rca.incident"])
	failed, err := tel.GetMetric("otelcol_rootcause_failures")
	require.NoError(t, err)
	n := failed.Data.(metricdata.Sum[int64]).DataPoints[0].Value
	assert.Positive(t, n)
	assert.Zero(t, n%2, "both that fail, each time")
	assert.EqualValues(t, n, logged.FilterMessageSnippet("a logs pipeline refused root-cause events").Len())
}

// A logs pipeline that hangs until its context ends holds up neither data nor,
// beyond its timeout, Shutdown.
func TestEvents_aHangingPipelineHoldsUpNoData(t *testing.T) {
	set, _, _ := watched(t)
	f := NewFactory()
	cfg := violatedConfig()
	sink := &consumertest.TracesSink{}
	tr, err := f.CreateTraces(t.Context(), set, cfg, sink)
	require.NoError(t, err)
	hangs, err := consumer.NewLogs(func(ctx context.Context, _ plog.Logs) error {
		<-ctx.Done()
		return context.Cause(ctx)
	})
	require.NoError(t, err)
	l, err := f.CreateLogs(t.Context(), set, cfg, hangs)
	require.NoError(t, err)
	p := &pipelines{traces: tr, gotTraces: sink}
	require.NoError(t, tr.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, l.Start(t.Context(), componenttest.NewNopHost()))
	at := p.feed(t, time.Now().Add(-time.Hour), 20, 10*time.Millisecond)
	p.feed(t, at, 5, 500*time.Millisecond)
	assert.Equal(t, 25*20, sink.SpanCount())

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	require.Error(t, l.Shutdown(ctx), "what was queued is given up")
	require.NoError(t, tr.Shutdown(context.Background()))
}
