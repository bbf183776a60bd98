package rootcauseconnector

import (
	"context"
	"errors"
	"maps"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/sage-rca/sage/internal/servicegraph"
	"github.com/sage-rca/sage/internal/summary"
)

func metricsPipelineID(name string) pipeline.ID {
	return pipeline.NewIDWithName(pipeline.SignalMetrics, name)
}

// scopes are how many data points a metrics pipeline got, by scope.
func scopes(sink *consumertest.MetricsSink) map[string]int {
	out := map[string]int{}
	for _, md := range sink.AllMetrics() {
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				one := pmetric.NewMetrics()
				sm.CopyTo(one.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty())
				out[sm.Scope().Name()] += one.DataPointCount()
			}
		}
	}
	return out
}

// What a first tier tells makes another connector say what it would have said of the
// spans, and the metrics pipelines of each get what they are configured for.
func TestMetrics_ofAFirstTier(t *testing.T) {
	first := violatedConfig()
	first.Emit.ServiceGraph = false
	sink := &consumertest.MetricsSink{}
	tr, err := NewFactory().CreateTracesToMetrics(t.Context(), settings(), first, connector.NewMetricsRouter(map[pipeline.ID]consumer.Metrics{
		metricsPipelineID("summaries"): sink,
	}))
	require.NoError(t, err)
	require.NoError(t, tr.Start(t.Context(), componenttest.NewNopHost()))
	c := connected{traces: tr}
	c.feed(t, c.feed(t, anHourAgo(), 20, 10*time.Millisecond), 5, 500*time.Millisecond)
	stop(t, tr)
	assert.Equal(t, []string{summary.Scope}, slices.Collect(maps.Keys(scopes(sink))))

	second := violatedConfig()
	second.Emit.Summaries = false
	events, graph := &consumertest.LogsSink{}, &consumertest.MetricsSink{}
	f := NewFactory()
	toLogs, err := f.CreateMetricsToLogs(t.Context(), settings(), second, events)
	require.NoError(t, err)
	toMetrics, err := f.CreateMetricsToMetrics(t.Context(), settings(), second, graph)
	require.NoError(t, err)
	require.NoError(t, toLogs.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, toMetrics.Start(t.Context(), componenttest.NewNopHost()))
	for _, md := range sink.AllMetrics() {
		md.MarkReadOnly()
		require.NoError(t, toLogs.ConsumeMetrics(t.Context(), md))
	}
	stop(t, toLogs, toMetrics)
	assert.Equal(t, []string{"open"}, states(events))
	assert.Empty(t, scopes(graph), "nobody calls anybody")
}

// Without a logs pipeline nothing is judged, and windows are told of all the same; a
// pipeline that refuses, or panics, holds up no other, and changes nothing for it.
func TestMetrics_aFailingPipelineHoldsUpNoOther(t *testing.T) {
	set, tel, logged := watched(t)
	good := &consumertest.MetricsSink{}
	panics, err := consumer.NewMetrics(func(context.Context, pmetric.Metrics) error { panic("no such index") })
	require.NoError(t, err)
	clears, err := consumer.NewMetrics(func(_ context.Context, md pmetric.Metrics) error {
		md.ResourceMetrics().RemoveIf(func(pmetric.ResourceMetrics) bool { return true })
		return nil
	})
	require.NoError(t, err)
	tr, err := NewFactory().CreateTracesToMetrics(t.Context(), set, violatedConfig(), connector.NewMetricsRouter(map[pipeline.ID]consumer.Metrics{
		metricsPipelineID("a"): clears, metricsPipelineID("b"): panics, metricsPipelineID("c"): consumertest.NewErr(errors.New("down")),
		metricsPipelineID("good"): good,
	}))
	require.NoError(t, err)
	require.NoError(t, tr.Start(t.Context(), componenttest.NewNopHost()))
	c := connected{traces: tr}
	c.feed(t, anHourAgo(), 5, 10*time.Millisecond)
	stop(t, tr)
	assert.Len(t, good.AllMetrics(), 6, "the last request ends when a sixth window begins")
	assert.EqualValues(t, 12, counted(t, tel, "otelcol_rootcause_failures"))
	assert.EqualValues(t, 6, counted(t, tel, "otelcol_rootcause_windows_closed"))
	assert.Equal(t, 12, logged.FilterMessageSnippet("a metrics pipeline refused").Len())
}

// Both at once: one engine judges and tells.
func TestMetrics_besideEvents(t *testing.T) {
	cfg := violatedConfig()
	f := NewFactory()
	events, metrics := &consumertest.LogsSink{}, &consumertest.MetricsSink{}
	toLogs, err := f.CreateTracesToLogs(t.Context(), settings(), cfg, events)
	require.NoError(t, err)
	toMetrics, err := f.CreateTracesToMetrics(t.Context(), settings(), cfg, metrics)
	require.NoError(t, err)
	require.NoError(t, toMetrics.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, toLogs.Start(t.Context(), componenttest.NewNopHost()))
	c := connected{traces: toLogs}
	c.feed(t, c.feed(t, anHourAgo(), 20, 10*time.Millisecond), 5, 500*time.Millisecond)
	stop(t, toMetrics, toLogs)
	assert.Equal(t, []string{"open"}, states(events))
	assert.Positive(t, scopes(metrics)[summary.Scope])
	assert.Zero(t, scopes(metrics)[servicegraph.Scope])
}

func TestConfig_emit(t *testing.T) {
	cfg := defaultConfig().(*Config)
	require.NoError(t, cfg.Validate())
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for f := range reflect.TypeFor[Emit]().Fields() {
		assert.Contains(t, string(readme), "| `emit."+f.Tag.Get("mapstructure")+"` | `true` |")
		assert.True(t, reflect.ValueOf(cfg.Emit).FieldByIndex(f.Index).Bool())
	}
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"window": "1ms", "emit": map[string]any{"summaries": false, "service_graph": false},
	}).Unmarshal(cfg))
	err = cfg.Validate()
	require.ErrorContains(t, err, "window: must be at least 1s")
	require.ErrorContains(t, err, "emit: one of summaries and service_graph must be true")
}
