package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TestMetricTypes sends two points of each type, 4 s apart, and looks at the
// feature that comes of them.
func TestMetricTypes(t *testing.T) {
	const cumulative, delta = pmetric.AggregationTemporalityCumulative, pmetric.AggregationTemporalityDelta
	stamp := func(k int) pcommon.Timestamp {
		return pcommon.NewTimestampFromTime(at(time.Duration(1+4*k) * time.Second))
	}
	number := func(p pmetric.NumberDataPoint, k int, v float64) {
		p.SetTimestamp(stamp(k))
		p.SetStartTimestamp(stamp(k - 1))
		p.SetDoubleValue(v)
	}
	sumOf := func(how pmetric.AggregationTemporality, values ...float64) func(pmetric.Metric, int) {
		return func(m pmetric.Metric, k int) {
			s := m.SetEmptySum()
			s.SetAggregationTemporality(how)
			number(s.DataPoints().AppendEmpty(), k, values[k])
			if how == cumulative {
				s.DataPoints().At(0).SetStartTimestamp(stamp(-1))
			}
		}
	}
	for _, c := range []struct {
		name, metric, unit string
		fill               func(m pmetric.Metric, k int)
		feature            string
		want               float64
	}{
		{
			"gauge, its mean", "process.memory.usage", "KiBy",
			func(m pmetric.Metric, k int) { number(m.SetEmptyGauge().DataPoints().AppendEmpty(), k, float64(2+2*k)) },
			"process.memory.usage", 3 * 1024,
		},
		{"a level that goes up and down", "jvm.thread.count", "{thread}", sumOf(cumulative, 10, 20), "runtime.threads", 15},
		{"a counter, 8 s of CPU in 4 s", "process.cpu.time", "s", sumOf(cumulative, 100, 108), "process.cpu.usage", 2},
		{"increases, 2 s of CPU in 4 s", "process.cpu.time", "s", sumOf(delta, 2, 2), "process.cpu.usage", 0.5},
		{
			"a counter that does not say so", "process_cpu_seconds_total", "",
			func(m pmetric.Metric, k int) {
				number(m.SetEmptyGauge().DataPoints().AppendEmpty(), k, float64(10+8*k))
			},
			"process.cpu.self", 2,
		},
		{
			"a histogram, its mean: 30 ms in 10", "db.client.connection.wait_time", "ms",
			func(m pmetric.Metric, k int) {
				h := m.SetEmptyHistogram()
				h.SetAggregationTemporality(cumulative)
				p := h.DataPoints().AppendEmpty()
				p.SetTimestamp(stamp(k))
				p.SetStartTimestamp(stamp(-1))
				p.SetSum(float64(100 + 30*k))
				p.SetCount(uint64(10 + 10*k))
			}, "pool.db.wait", 0.003,
		},
		{
			"an exponential one of increases", "db.client.connection.wait_time", "s",
			func(m pmetric.Metric, k int) {
				h := m.SetEmptyExponentialHistogram()
				h.SetAggregationTemporality(delta)
				p := h.DataPoints().AppendEmpty()
				p.SetTimestamp(stamp(k))
				p.SetStartTimestamp(stamp(k - 1))
				p.SetSum(float64(1 + k)) // 1 + 2 s
				p.SetCount(3)
			}, "pool.db.wait", 0.5,
		},
		{
			"a histogram's sum: 1 s of collecting in 4 s", "jvm.gc.duration", "s",
			func(m pmetric.Metric, k int) {
				h := m.SetEmptyHistogram()
				h.SetAggregationTemporality(cumulative)
				p := h.DataPoints().AppendEmpty()
				p.SetTimestamp(stamp(k))
				p.SetStartTimestamp(stamp(-1))
				p.SetSum(float64(7 + k))
			}, "runtime.gc.time", 0.25,
		},
		{
			"a summary's sum", "go_gc_duration_seconds", "",
			func(m pmetric.Metric, k int) {
				p := m.SetEmptySummary().DataPoints().AppendEmpty()
				p.SetTimestamp(stamp(k))
				p.SetStartTimestamp(stamp(-1))
				p.SetSum(float64(7 + 2*k))
			}, "runtime.gc.pause", 0.5,
		},
		{
			"integers", "process.memory.usage", "By",
			func(m pmetric.Metric, k int) {
				p := m.SetEmptyGauge().DataPoints().AppendEmpty()
				p.SetTimestamp(stamp(k))
				p.SetIntValue(42)
			}, "process.memory.usage", 42,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, testConfig())
			for k := range 2 {
				r.Metrics(metricOf(t, attrs{"service.name": "web"}, c.metric, func(m pmetric.Metric) {
					m.SetUnit(c.unit)
					c.fill(m, k)
				}), now())
			}
			snaps := r.end()
			require.Len(t, snaps, 1)
			v, ok := valueOf(t, snaps[0], c.feature)
			require.True(t, ok, "%v", snaps[0].Resources)
			assert.InDelta(t, c.want, v, 1e-9)
			assert.Empty(t, r.lost)
			assert.Equal(t, 2, r.points)
		})
	}
}

func TestHostMetricsReachAllReplicasOnTheHost(t *testing.T) {
	cfg := testConfig()
	cfg.Metrics.Include = []string{"fan.speed"}
	r := newRig(t, cfg)
	for k, service := range []string{"cart", "web"} {
		s := root(uint64(k+1), time.Second)
		s.service, s.resource = service, attrs{"host.name": "h1", "service.instance.id": service + "-1"}
		r.Traces(batchOf(t, s), now())
	}
	host := attrs{"host.name": "h1", "os.type": "linux"}
	r.Metrics(gaugeOf(t, host, "system.cpu.load_average.1m", 2*time.Second, 4), now())
	r.Metrics(gaugeOf(t, host, "fan.speed", 2*time.Second, 900), now())
	snaps := r.end()
	require.Len(t, snaps, 1)
	require.Len(t, snaps[0].Resources, 2)
	for k, service := range []string{"cart", "web"} {
		res := snaps[0].Resources[k]
		assert.Equal(t, service, res.Service.Name)
		require.Len(t, res.Values, 2)
		assert.Equal(t, "host.cpu.load", res.Values[0].Metric)
		assert.InDelta(t, 4, res.Values[0].Value, 0)
		assert.Equal(t, "host.fan.speed", res.Values[1].Metric)
		assert.Equal(t, service+"-1", res.Instances[0].ID)
	}
	assert.Equal(t, 4, r.points)
}

func TestAMetricOfAServiceJoinsTheReplicaThatItDescribes(t *testing.T) {
	r := newRig(t, testConfig())
	s := root(1, time.Second)
	s.resource = attrs{"service.instance.id": "i-1", "k8s.pod.uid": "u1"}
	r.Traces(batchOf(t, s), now())
	r.Metrics(gaugeOf(t, attrs{"service.name": "web", "k8s.pod.uid": "u1", "k8s.pod.name": "web-0"}, "process.memory.usage", time.Second, 5), now())
	snaps := r.end()
	require.Len(t, snaps, 1)
	assert.Equal(t, "i-1", snaps[0].Resources[0].Instances[0].ID)
}

// Who sends spans says with them on which host it runs; who sends none, with its metrics.
func TestMetricsPlaceWhoSendsNoSpans(t *testing.T) {
	r := newRig(t, testConfig())
	s := root(1, time.Second)
	s.resource = attrs{"service.instance.id": "i-1", "k8s.node.name": "n1"}
	r.Traces(batchOf(t, s), now())
	r.Metrics(gaugeOf(t, attrs{"service.name": "web", "service.instance.id": "i-1", "host.name": "h1"}, "process.memory.usage", time.Second, 5), now())
	r.Metrics(gaugeOf(t, attrs{"service.name": "job", "k8s.pod.name": "job-0", "host.name": "job-0", "k8s.node.name": "n2"}, "process.memory.usage", time.Second, 5), now())
	snaps := r.end()
	require.Len(t, snaps, 1)
	require.Len(t, snaps[0].Resources, 2)
	assert.Equal(t, "n2", snaps[0].Resources[0].Instances[0].Host)
	assert.Empty(t, snaps[0].Resources[1].Instances[0].Host)
	assert.Equal(t, "n1", snaps[0].RPCs[0].Instances[0].Host)
}

func TestNotSelected(t *testing.T) {
	r := newRig(t, testConfig())
	for _, fill := range []func(pmetric.Metric){
		func(m pmetric.Metric) { m.SetEmptyGauge().DataPoints().AppendEmpty() },
		func(m pmetric.Metric) { m.SetEmptySum().DataPoints().AppendEmpty() },
		func(m pmetric.Metric) { m.SetEmptyHistogram().DataPoints().AppendEmpty() },
		func(m pmetric.Metric) { m.SetEmptyExponentialHistogram().DataPoints().AppendEmpty() },
		func(m pmetric.Metric) { m.SetEmptySummary().DataPoints().AppendEmpty() },
		func(pmetric.Metric) {},
	} {
		r.Metrics(metricOf(t, attrs{"service.name": "web"}, "who.knows", fill), now())
	}
	assert.Empty(t, r.end())
	assert.Equal(t, map[string]int{"not_selected": 5}, r.lost)
}

func TestStreamLimit(t *testing.T) {
	cfg := testConfig()
	cfg.Limits.MetricStreams = 3
	r := newRig(t, cfg)
	for k := range 5 {
		r.Metrics(gaugeOf(t, attrs{"service.name": "web", "any": k}, "process.memory.usage", time.Second, 1), now())
	}
	snaps := r.end()
	v, _ := valueOf(t, snaps[0], "process.memory.usage")
	assert.InDelta(t, 3, v, 0, "the sum of three streams")
	assert.Equal(t, map[string]int{"stream_limit": 2}, r.lost)
}

func TestHashMap(t *testing.T) {
	a := mapOf(t, attrs{"s": "x", "i": 1, "d": 1.5, "b": true, "n": nil, "l": []any{"y"}})
	b := pcommon.NewMap()
	for _, key := range []string{"l", "n", "b", "d", "i", "s"} {
		v, _ := a.Get(key)
		v.CopyTo(b.PutEmpty(key))
	}
	assert.Equal(t, hashMap(a), hashMap(b), "order does not matter")
	for _, other := range []attrs{{"s": "x"}, {"s": "1"}, {"s": 1}, {"s": 1.0}, {"s": true}, {"s": false}, {"t": "x"}, {"s": "x", "t": "x"}, {}} {
		for _, another := range []attrs{{"s": "y"}, {"s": 2}, {"t": 1}, {"x": "s"}} {
			assert.NotEqual(t, hashMap(mapOf(t, other)), hashMap(mapOf(t, another)), "%v, %v", other, another)
		}
	}
}

// TestMessages follows a message to a consumer in another trace by its link. Its producer
// waits for the broker.
func TestMessages(t *testing.T) {
	const ms = time.Millisecond
	message := func(operation string) attrs {
		return attrs{"messaging.system": "kafka", "messaging.operation.name": operation, "messaging.destination.name": "orders"}
	}
	send := sp{
		service: "web", trace: 1, id: 2, parent: 1, kind: ptrace.SpanKindProducer, attrs: message("send"),
		start: 910 * ms, end: 920 * ms,
	}
	process := sp{
		service: "mail", trace: 2, id: 3, kind: ptrace.SpanKindConsumer, attrs: message("process"),
		start: 1500 * ms, end: 1600 * ms,
	}
	td := ptrace.NewTraces()
	process.addTo(t, td)
	links := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Links()
	for range 10 {
		l := links.AppendEmpty()
		l.SetTraceID(pcommon.TraceID{15: 1})
		l.SetSpanID(spanID(2))
	}
	r := newRig(t, testConfig())
	r.Traces(td, now())
	r.Traces(batchOf(t, root(1, time.Second), send), now())
	snaps := r.end()
	require.Len(t, snaps, 1)
	require.Len(t, snaps[0].Edges, 2)
	broker, e := snaps[0].Edges[0], snaps[0].Edges[1]
	assert.Equal(t, rpcOf("kafka:orders", "send orders"), broker.Key.Callee)
	assert.True(t, broker.Leaf)
	assert.False(t, broker.Async)
	assert.InEpsilon(t, 10*float64(ms), broker.Client.Quantile(0.5), 0.012)
	assert.Equal(t, rpcOf("web", "GET /"), e.Key.Caller)
	assert.Equal(t, rpcOf("mail", "process orders"), e.Key.Callee)
	assert.True(t, e.Async)
	assert.InEpsilon(t, 580*float64(ms), e.Queue.Quantile(0.5), 0.012)
	assert.Equal(t, map[string]int{"link_limit": 1}, r.notes)
}
