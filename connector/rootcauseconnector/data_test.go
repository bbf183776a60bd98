package rootcauseconnector

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Data is read and never changed, before the start, between, and after the end.
func TestData_isReadOnly(t *testing.T) {
	c := connect(t, settings(), violatedConfig(), one(&consumertest.LogsSink{}))
	check := func() {
		td, md := request(time.Now(), time.Second), usage(time.Now())
		td.MarkReadOnly()
		md.MarkReadOnly()
		before, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		require.NoError(t, c.traces.ConsumeTraces(t.Context(), td))
		require.NoError(t, c.metrics.ConsumeMetrics(t.Context(), md))
		after, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		assert.Equal(t, before, after)
	}
	check()
	c.start(t)
	check()
	stop(t, c.traces, c.metrics)
	check()
	assert.False(t, c.traces.Capabilities().MutatesData)
	assert.False(t, c.metrics.Capabilities().MutatesData)
}

// A panic that a batch brings is counted, and the pipeline hears nothing of it.
func TestData_panicsStayInside(t *testing.T) {
	set, tel, logged := watched(t)
	sink := &consumertest.LogsSink{}
	c := connect(t, set, violatedConfig(), one(sink))
	c.start(t)
	var traces ptrace.Traces // without memory behind them: reading them panics
	var metrics pmetric.Metrics
	for range 4 {
		require.NoError(t, c.traces.ConsumeTraces(t.Context(), traces))
		require.NoError(t, c.metrics.ConsumeMetrics(t.Context(), metrics))
	}
	at := c.feed(t, anHourAgo(), 20, 10*time.Millisecond)
	c.feed(t, at, 5, 500*time.Millisecond)
	stop(t, c.traces, c.metrics)
	assert.EqualValues(t, 8, counted(t, tel, "otelcol_rootcause_failures"))
	assert.Equal(t, 4, logged.FilterMessageSnippet("panic").Len(), "the 1st, 2nd, 4th, 8th")
	assert.Equal(t, []string{"open"}, states(sink))
}

func TestLifecycle_manyAtOnce(t *testing.T) {
	c := connect(t, settings(), violatedConfig(), one(&consumertest.LogsSink{}))
	c.start(t)
	var wg sync.WaitGroup
	at := anHourAgo()
	for g := range 4 {
		wg.Go(func() {
			for k := range 200 {
				end := at.Add(time.Duration(200*g+k) * time.Millisecond)
				assert.NoError(t, c.traces.ConsumeTraces(context.Background(), request(end, time.Millisecond)))
				assert.NoError(t, c.metrics.ConsumeMetrics(context.Background(), usage(end)))
			}
		})
	}
	for _, i := range []component.Component{c.metrics, c.traces} { // in the midst of it
		wg.Go(func() { assert.NoError(t, i.Shutdown(context.Background())) })
	}
	wg.Wait()
}

// keeper is a storage extension that notes who asks.
type keeper struct {
	component.StartFunc
	component.ShutdownFunc
	kinds []component.Kind
	ids   []component.ID
}

func (k *keeper) GetClient(_ context.Context, kind component.Kind, id component.ID, _ string) (storage.Client, error) {
	k.kinds, k.ids = append(k.kinds, kind), append(k.ids, id)
	return storage.NewNopClient(), nil
}

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// The engine keeps its checkpoints as the connector's, once for all instances: a
// processor of the same name keeps its own.
func TestStorage(t *testing.T) {
	cfg := violatedConfig()
	id := component.MustNewID("file_storage")
	cfg.Storage = &id
	c := connect(t, settings(), cfg, one(&consumertest.LogsSink{}))
	require.ErrorContains(t, c.traces.Start(t.Context(), componenttest.NewNopHost()), `extension "file_storage" is not running`)

	k := &keeper{}
	for _, i := range []component.Component{c.metrics, c.traces} {
		require.NoError(t, i.Start(t.Context(), host{id: k}))
	}
	stop(t, c.traces, c.metrics)
	assert.Equal(t, []component.Kind{component.KindConnector}, k.kinds)
	assert.Equal(t, "rootcause", k.ids[0].Type().String())
}
