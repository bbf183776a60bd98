package rootcauseprocessor

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/sage-rca/sage/internal/rootcause"
	"github.com/sage-rca/sage/processor/rootcauseprocessor/internal/metadata"
)

// pipelines are one processor in a traces, a metrics and some logs pipelines.
type pipelines struct {
	cfg     *Config
	traces  processor.Traces
	metrics processor.Metrics
	logs    []processor.Logs

	gotTraces  *consumertest.TracesSink
	gotMetrics *consumertest.MetricsSink
	gotLogs    []*consumertest.LogsSink
}

func newPipelines(t *testing.T, cfg *Config, logs int) *pipelines {
	t.Helper()
	return newPipelinesWith(t, processortest.NewNopSettings(metadata.Type), cfg, logs)
}

func newPipelinesWith(t *testing.T, set processor.Settings, cfg *Config, logs int) *pipelines {
	t.Helper()
	f := NewFactory()
	p := &pipelines{cfg: cfg, gotTraces: &consumertest.TracesSink{}, gotMetrics: &consumertest.MetricsSink{}}
	var err error
	p.traces, err = f.CreateTraces(t.Context(), set, cfg, p.gotTraces)
	require.NoError(t, err)
	p.metrics, err = f.CreateMetrics(t.Context(), set, cfg, p.gotMetrics)
	require.NoError(t, err)
	for range logs {
		sink := &consumertest.LogsSink{}
		l, err := f.CreateLogs(t.Context(), set, cfg, sink)
		require.NoError(t, err)
		p.logs, p.gotLogs = append(p.logs, l), append(p.gotLogs, sink)
	}
	return p
}

func (p *pipelines) components() []component.Component {
	out := []component.Component{p.traces, p.metrics}
	for _, l := range p.logs {
		out = append(out, l)
	}
	return out
}

func (p *pipelines) start(t *testing.T) {
	t.Helper()
	p.startOn(t, componenttest.NewNopHost())
}

func (p *pipelines) startOn(t *testing.T, host component.Host) {
	t.Helper()
	for _, c := range p.components() {
		require.NoError(t, c.Start(t.Context(), host))
	}
}

func (p *pipelines) stop(t *testing.T) {
	t.Helper()
	for _, c := range p.components() {
		require.NoError(t, c.Shutdown(context.Background()))
	}
}

// request is a trace of one request of a service, which ends at end.
func request(id uint64, end time.Time, took time.Duration) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetTraceID(pcommon.TraceID{1, byte(id >> 16), byte(id >> 8), byte(id)})
	s.SetSpanID(pcommon.SpanID{1, byte(id >> 16), byte(id >> 8), byte(id)})
	s.SetName("GET /")
	s.SetKind(ptrace.SpanKindServer)
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-took)))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
	return td
}

func violatedConfig() *Config {
	cfg := rootcause.DefaultConfig().(*Config)
	cfg.Window, cfg.Lateness = time.Second, 0
	cfg.Input.Backfill = true // tests send the hour before
	cfg.Training.Enabled = false
	cfg.SLOs = []rootcause.SLO{{Name: "shop", Service: "shop", Operation: "*", Quantile: 0.5, Threshold: 100 * time.Millisecond}}
	return cfg
}

// feed sends seconds of requests, 20 a second.
func (p *pipelines) feed(t *testing.T, from time.Time, seconds int, took time.Duration) time.Time {
	t.Helper()
	for k := range 20 * seconds {
		from = from.Add(50 * time.Millisecond)
		require.NoError(t, p.traces.ConsumeTraces(t.Context(), request(uint64(from.UnixMilli())+uint64(k), from, took)))
	}
	return from
}

func names(sink *consumertest.LogsSink) map[string]int {
	out := map[string]int{}
	for _, ld := range sink.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					out[r.EventName()]++
				}
			}
		}
	}
	return out
}

// One engine serves all pipelines, and every logs pipeline gets every event once.
func TestEvents_onceInEveryLogsPipeline(t *testing.T) {
	p := newPipelines(t, violatedConfig(), 2)
	p.start(t)
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	at = p.feed(t, at, 20, 10*time.Millisecond)
	at = p.feed(t, at, 5, 500*time.Millisecond)
	p.feed(t, at, 10, 10*time.Millisecond)
	p.stop(t)

	first := names(p.gotLogs[0])
	assert.Equal(t, 2, first["rca.incident"], "opened and resolved: %v", first)
	assert.Equal(t, first, names(p.gotLogs[1]))
	assert.Equal(t, 35*20, p.gotTraces.SpanCount())
}

// Data passes byte for byte, read only, also after the end.
func TestData_passesUnchanged(t *testing.T) {
	p := newPipelines(t, rootcause.DefaultConfig().(*Config), 1)
	check := func() {
		td := request(7, time.Now(), time.Second)
		td.MarkReadOnly()
		before, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		require.NoError(t, p.traces.ConsumeTraces(t.Context(), td))
		got := p.gotTraces.AllTraces()
		after, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(got[len(got)-1])
		require.NoError(t, err)
		assert.Equal(t, before, after)

		md := pmetric.NewMetrics()
		md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty().SetDoubleValue(1)
		md.MarkReadOnly()
		require.NoError(t, p.metrics.ConsumeMetrics(t.Context(), md))
		assert.Equal(t, md, p.gotMetrics.AllMetrics()[len(p.gotMetrics.AllMetrics())-1])

		ld := plog.NewLogs()
		ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("mine")
		require.NoError(t, p.logs[0].ConsumeLogs(t.Context(), ld))
	}
	check() // before Start
	p.start(t)
	check()
	p.stop(t)
	check() // after Shutdown
	p.stop(t)
	for _, c := range []consumer.Capabilities{p.traces.Capabilities(), p.metrics.Capabilities(), p.logs[0].Capabilities()} {
		assert.False(t, c.MutatesData)
	}
}

// A panic inside is counted; the data flows on.
func TestData_passesThroughAPanic(t *testing.T) {
	p := newPipelines(t, rootcause.DefaultConfig().(*Config), 1)
	p.start(t)
	defer p.stop(t)
	// Spans whose backing memory is gone make the real path panic.
	var broken ptrace.Traces
	assert.NotPanics(t, func() { p.traces.(*traces).SeeTraces(broken) })
	require.NoError(t, p.traces.ConsumeTraces(t.Context(), request(1, time.Now(), time.Second)))
	assert.Equal(t, 1, p.gotTraces.SpanCount())
}

// The error of the next consumer is the caller's to see.
func TestData_errorsOfOthersPass(t *testing.T) {
	f := NewFactory()
	boom := errors.New("backend is down")
	tr, err := f.CreateTraces(t.Context(), processortest.NewNopSettings(metadata.Type), rootcause.DefaultConfig(), consumertest.NewErr(boom))
	require.NoError(t, err)
	require.ErrorIs(t, tr.ConsumeTraces(t.Context(), request(1, time.Now(), time.Second)), boom)
	require.NoError(t, tr.Shutdown(t.Context()))
}

func TestLifecycle_manyAtOnce(t *testing.T) {
	p := newPipelines(t, rootcause.DefaultConfig().(*Config), 1)
	p.start(t)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			at := time.Now()
			for k := range 200 {
				_ = p.traces.ConsumeTraces(context.Background(), request(uint64(g*1000+k), at, time.Millisecond))
			}
		})
	}
	wg.Go(func() { _ = p.logs[0].Shutdown(context.Background()) }) // in the midst of it
	wg.Wait()
	p.stop(t)
	assert.Equal(t, 1600, p.gotTraces.SpanCount())
}

func TestLifecycle_endsWithoutStart(t *testing.T) {
	p := newPipelines(t, rootcause.DefaultConfig().(*Config), 1)
	p.stop(t)
	p.stop(t)
}
