package rootcauseconnector

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
)

// Both instances stand before the same logs pipelines: each of these gets every event
// once.
func TestEvents_onceInEveryLogsPipeline(t *testing.T) {
	first, second := &consumertest.LogsSink{}, &consumertest.LogsSink{}
	c := connect(t, settings(), violatedConfig(), map[pipeline.ID]consumer.Logs{
		logsPipelineID("first"): first, logsPipelineID("second"): second,
	})
	c.start(t)
	at := c.feed(t, anHourAgo(), 20, 10*time.Millisecond)
	at = c.feed(t, at, 5, 500*time.Millisecond)
	c.feed(t, at, 10, 10*time.Millisecond)
	stop(t, c.traces, c.metrics)

	assert.Equal(t, []string{"open", "resolved"}, states(first))
	assert.Equal(t, []string{"open", "resolved"}, states(second))
	assert.Equal(t, first.LogRecordCount(), second.LogRecordCount())
}

// Traces pipelines alone are enough, whether the consumer tells its pipelines or not.
func TestEvents_ofOneInstance(t *testing.T) {
	for _, routed := range []bool{true, false} {
		sink := &consumertest.LogsSink{}
		var next consumer.Logs = sink
		if routed {
			next = connector.NewLogsRouter(one(sink))
		}
		tr, err := NewFactory().CreateTracesToLogs(t.Context(), settings(), violatedConfig(), next)
		require.NoError(t, err)
		require.NoError(t, tr.Start(t.Context(), componenttest.NewNopHost()))
		c := connected{traces: tr}
		c.feed(t, c.feed(t, anHourAgo(), 20, 10*time.Millisecond), 5, 500*time.Millisecond)
		stop(t, tr)
		assert.Equal(t, []string{"open"}, states(sink), "routed: %v", routed)
	}
}

// Instances of connectors with other configurations share nothing.
func TestEvents_ofTwoConnectors(t *testing.T) {
	sink := &consumertest.LogsSink{}
	f := NewFactory()
	var both []connector.Traces
	for range 2 {
		tr, err := f.CreateTracesToLogs(t.Context(), settings(), violatedConfig(), connector.NewLogsRouter(one(sink)))
		require.NoError(t, err)
		require.NoError(t, tr.Start(t.Context(), componenttest.NewNopHost()))
		both = append(both, tr)
	}
	at := anHourAgo()
	for range 5 * 20 {
		at = at.Add(50 * time.Millisecond)
		for _, tr := range both {
			require.NoError(t, tr.ConsumeTraces(t.Context(), request(at, 500*time.Millisecond)))
		}
	}
	stop(t, both[0], both[1])
	assert.Equal(t, []string{"open", "open"}, states(sink))
}

// The Collector stops both instances before what follows them, in either order. What
// comes through the other one after the first has stopped is judged, and the last
// events have left when the last has stopped.
func TestStop_inEitherOrder(t *testing.T) {
	for _, tracesLast := range []bool{true, false} {
		sink := &consumertest.LogsSink{}
		gone := false // what follows the connector has stopped
		next, err := consumer.NewLogs(func(ctx context.Context, ld plog.Logs) error {
			if gone {
				return errors.New("events after the end")
			}
			return sink.ConsumeLogs(ctx, ld)
		})
		require.NoError(t, err)
		c := connect(t, settings(), violatedConfig(), one(next))
		c.start(t)
		at := c.feed(t, anHourAgo(), 20, 10*time.Millisecond)
		order := []component.Component{c.traces, c.metrics}
		if tracesLast {
			// A batch processor of the traces pipeline still flushes.
			order = []component.Component{c.metrics, c.traces}
			stop(t, order[0])
			c.feed(t, at, 5, 500*time.Millisecond)
		} else {
			c.feed(t, at, 5, 500*time.Millisecond)
			stop(t, order[0])
			require.NoError(t, c.metrics.ConsumeMetrics(t.Context(), usage(at)))
		}
		stop(t, order[1])
		gone = true
		assert.Equal(t, []string{"open"}, states(sink), "traces last: %v", tracesLast)

		// Afterwards nothing is taken in, and stopping again does nothing.
		c.feed(t, at.Add(10*time.Second), 5, 500*time.Millisecond)
		stop(t, order...)
		assert.Equal(t, []string{"open"}, states(sink))
	}
}

func TestStop_withoutStart(t *testing.T) {
	c := connect(t, settings(), violatedConfig(), one(&consumertest.LogsSink{}))
	stop(t, c.traces, c.metrics)
	stop(t, c.traces, c.metrics)
}

// A logs pipeline that refuses, or panics, keeps no event from the others, and no
// error from the pipelines that end here.
func TestEvents_aFailingPipelineHoldsUpNoOther(t *testing.T) {
	set, tel, logged := watched(t)
	good := &consumertest.LogsSink{}
	panics, err := consumer.NewLogs(func(context.Context, plog.Logs) error { panic("no such index") })
	require.NoError(t, err)
	c := connect(t, set, violatedConfig(), map[pipeline.ID]consumer.Logs{
		logsPipelineID("down"): consumertest.NewErr(errors.New("backend is down")), logsPipelineID("good"): good, logsPipelineID("panics"): panics,
	})
	c.start(t)
	at := c.feed(t, anHourAgo(), 20, 10*time.Millisecond)
	c.feed(t, at, 5, 500*time.Millisecond)
	stop(t, c.metrics, c.traces)

	assert.Equal(t, []string{"open"}, states(good))
	n := counted(t, tel, "otelcol_rootcause_failures")
	assert.Positive(t, n)
	assert.Zero(t, n%2, "both that fail, each time")
	assert.EqualValues(t, n, logged.FilterMessageSnippet("a logs pipeline refused root-cause events").Len())
	assert.EqualValues(t, good.LogRecordCount(), counted(t, tel, "otelcol_rootcause_events"))
}
