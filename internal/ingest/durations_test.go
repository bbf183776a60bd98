package ingest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// increaseOf is a histogram of n requests since the second before, with a mean.
func increaseOf(t testing.TB, service, name, unit string, when time.Duration, n uint64, mean float64, of attrs) pmetric.Metrics {
	return metricOf(t, attrs{"service.name": service, "service.instance.id": "1"}, name, func(m pmetric.Metric) {
		m.SetUnit(unit)
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		p := h.DataPoints().AppendEmpty()
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(at(when - time.Second)))
		p.SetTimestamp(pcommon.NewTimestampFromTime(at(when)))
		p.SetCount(n)
		p.SetSum(mean * float64(n))
		p.ExplicitBounds().FromRaw([]float64{0, mean / 2, mean * 2})
		p.BucketCounts().FromRaw([]uint64{0, 0, n, 0})
		require.NoError(t, p.Attributes().FromRaw(of))
	})
}

// One trace of many is seen; how many there were, how long they took and how many failed, for whom
// and of whom, is what histograms say, by whatever convention.
func TestMetrics_durations(t *testing.T) {
	http := attrs{"http.request.method": "GET", "http.route": "/cart"}
	oldHTTP := attrs{"http.method": "GET", "http.route": "/cart"}
	rpc := attrs{"rpc.system": "grpc", "rpc.service": "cart.Cart", "rpc.method": "Get"}
	peer := attrs{"server.address": "cart.prod.svc", "server.port": 80}
	with := func(a, more attrs) attrs {
		out := attrs{}
		for _, m := range []attrs{a, more} {
			for k, v := range m {
				out[k] = v
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		server, client, unit string
		mean                 float64 // of the server in unit; the client takes half longer
		of, calls            attrs
		bad                  attrs // of failed requests, besides
	}{
		"HTTP": {
			"http.server.request.duration", "http.client.request.duration", "s", 0.08, http, with(peer, attrs{"http.request.method": "GET"}),
			attrs{"http.response.status_code": 503, "error.type": "503"},
		},
		"HTTP, as it was": {
			"http.server.duration", "http.client.duration", "ms", 80, oldHTTP,
			attrs{"http.method": "GET", "net.peer.name": "cart", "net.peer.port": 80},
			attrs{"http.status_code": 503},
		},
		"RPC": {
			"rpc.server.call.duration", "rpc.client.call.duration", "s", 0.08, with(rpc, nil), with(peer, rpc), attrs{"rpc.response.status_code": "UNAVAILABLE"},
		},
		"RPC, as it was": {
			"rpc.server.duration", "rpc.client.duration", "ms", 80, rpc, with(peer, rpc), attrs{"rpc.grpc.status_code": 14},
		},
		"of spans": {
			"traces.span.metrics.duration", "traces.span.metrics.duration", "ms", 80,
			attrs{"span.kind": "SPAN_KIND_SERVER", "span.name": "GET /cart"},
			attrs{"span.kind": "SPAN_KIND_CLIENT", "span.name": "GET", "server.address": "cart"},
			attrs{"status.code": "STATUS_CODE_ERROR"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, testConfig())
			served := attrs{"http.request.method": "GET", "http.route": "/cart"}
			if _, ok := c.of["rpc.service"]; ok {
				served = rpc
			}
			r.Traces(batchOf(t,
				sp{service: "web", trace: 1, id: 1, kind: ptrace.SpanKindServer, name: "GET /", start: 0, end: time.Second, resource: attrs{"service.instance.id": "1"}},
				sp{service: "web", trace: 1, id: 2, parent: 1, kind: ptrace.SpanKindClient, name: "GET", start: 100 * time.Millisecond, end: 300 * time.Millisecond, attrs: attrs{"server.address": "cart"}, resource: attrs{"service.instance.id": "1"}},
				sp{service: "cart", trace: 1, id: 3, parent: 2, kind: ptrace.SpanKindServer, name: "GET /cart", start: 110 * time.Millisecond, end: 280 * time.Millisecond, attrs: served, resource: attrs{"service.instance.id": "1"}},
			), now())
			r.Metrics(increaseOf(t, "web", "http.server.request.duration", "s", 5*time.Second, 50, 0.5, attrs{"http.request.method": "GET", "http.route": "/"}), now())
			r.Metrics(increaseOf(t, "cart", c.server, c.unit, 5*time.Second, 48, c.mean, c.of), now())
			r.Metrics(increaseOf(t, "cart", c.server, c.unit, 6*time.Second, 2, c.mean, with(c.of, c.bad)), now())
			r.Metrics(increaseOf(t, "web", c.client, c.unit, 5*time.Second, 50, c.mean*1.5, c.calls), now())
			s := r.end()[0]
			require.Len(t, s.RPCs, 2)
			cart := s.RPCs[0]
			assert.Equal(t, "cart", cart.Key.Service.Name)
			assert.Equal(t, []float64{50, 0, 2}, []float64{cart.Count, cart.Unseen, cart.Errors})
			assert.InDelta(t, 80e6, cart.Latency.Sum()/cart.Latency.Count(), 1)
			assert.NotEmpty(t, cart.ErrorType)
			assert.Equal(t, "1", cart.Instances[0].ID)
			require.Len(t, s.Edges, 1)
			e := s.Edges[0]
			assert.InDelta(t, 50, e.Count, 1e-9)
			assert.InDelta(t, 120e6, e.Client.Sum()/e.Client.Count(), 1)
			assert.InDelta(t, 40e6, e.Network.Sum()/e.Network.Count(), 1)
			assert.InDelta(t, 380e6, s.RPCs[1].Exclusive.Sum()/s.RPCs[1].Exclusive.Count(), 1e6)
			assert.Empty(t, r.lost)
		})
	}
}

// Calls of a store are told of by their operation.
func TestMetrics_durationsOfStore(t *testing.T) {
	r := newRig(t, testConfig())
	store := attrs{"db.system.name": "postgresql", "db.operation.name": "SELECT", "db.namespace": "orders", "server.address": "orders-db"}
	r.Traces(batchOf(t,
		sp{service: "web", trace: 1, id: 1, kind: ptrace.SpanKindServer, name: "GET /", start: 0, end: time.Second, resource: attrs{"service.instance.id": "1"}},
		sp{service: "web", trace: 1, id: 2, parent: 1, kind: ptrace.SpanKindClient, name: "SELECT orders", start: 100 * time.Millisecond, end: 300 * time.Millisecond, attrs: store, resource: attrs{"service.instance.id": "1"}},
	), now())
	r.Metrics(increaseOf(t, "web", "http.server.request.duration", "s", 5*time.Second, 50, 0.5, attrs{"http.request.method": "GET", "http.route": "/"}), now())
	r.Metrics(increaseOf(t, "web", "db.client.operation.duration", "s", 5*time.Second, 100, 0.1, store), now())
	s := r.end()[0]
	require.Len(t, s.Edges, 1)
	e := s.Edges[0]
	assert.True(t, e.Leaf)
	assert.InDelta(t, 100, e.Count, 1e-9)
	assert.InDelta(t, 100e6, e.Client.Sum()/e.Client.Count(), 1)
}

func TestMetrics_durationsRefused(t *testing.T) {
	of := attrs{"http.request.method": "GET", "http.route": "/"}
	for name, c := range map[string]struct {
		md     pmetric.Metrics
		reason string
	}{
		"no service":    {metricOf(t, attrs{}, "http.server.request.duration", histogramAt(time.Second, true)), "no_service"},
		"no sum":        {metricOf(t, attrs{"service.name": "a"}, "http.server.request.duration", histogramAt(time.Second, false)), "unsupported"},
		"calls of whom": {metricOf(t, attrs{"service.name": "a"}, "http.client.request.duration", histogramAt(time.Second, true)), "no_service"},
		"of the future": {increaseOf(t, "a", "http.server.request.duration", "s", 48*time.Hour, 1, 1, of), "future"},
		"a gauge":       {gaugeOf(t, attrs{"service.name": "a"}, "http.server.request.duration", time.Second, 1), "not_selected"},
	} {
		r := newRig(t, testConfig())
		r.Metrics(c.md, now())
		assert.Equal(t, map[string]int{c.reason: 1}, r.lost, name)
	}
}

func histogramAt(when time.Duration, sum bool) func(pmetric.Metric) {
	return func(m pmetric.Metric) {
		p := m.SetEmptyHistogram().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(at(when)))
		if sum {
			p.SetSum(1)
		}
	}
}

// A bounded number of streams is followed.
func TestMetrics_durationsBounded(t *testing.T) {
	cfg := testConfig()
	cfg.Limits.MetricStreams = 8
	r := newRig(t, cfg)
	for k := range 4 {
		r.Metrics(increaseOf(t, "a", "http.server.request.duration", "s", time.Second, 1, 1, attrs{"http.request.method": "GET", "http.route": string(rune('a' + k))}), now())
	}
	assert.Equal(t, map[string]int{"stream_limit": 2}, r.lost)
	assert.Equal(t, 2, r.points)
}

// A point of a stream that is known allocates nothing. What the pool of scratches forgets is made anew.
func TestMetrics_durationsAllocateNothing(t *testing.T) {
	cfg := testConfig()
	cfg.Window = time.Hour
	r := newRig(t, cfg)
	md := pmetric.NewMetrics()
	increaseOf(t, "a", "http.server.request.duration", "s", time.Minute, 10, 0.1, attrs{"http.request.method": "GET"}).CopyTo(md)
	points := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Histogram().DataPoints()
	const streams = 200
	for k := range streams {
		if k > 0 {
			points.At(0).CopyTo(points.AppendEmpty())
		}
		points.At(k).Attributes().PutStr("http.route", fmt.Sprint("/", k))
	}
	when := now()
	step := func() {
		for k := range streams {
			p := points.At(k)
			p.SetStartTimestamp(p.Timestamp())
			p.SetTimestamp(p.Timestamp() + pcommon.Timestamp(time.Second))
		}
		r.Metrics(md, when)
	}
	step()
	step()
	assert.Less(t, testing.AllocsPerRun(50, step)/streams, 0.1)
	assert.Empty(t, r.lost)
}

// Told of an unknown service nothing is made up.
func TestMetrics_durationsAlone(t *testing.T) {
	r := newRig(t, testConfig())
	r.Metrics(increaseOf(t, "a", "http.server.request.duration", "s", time.Second, 1, 1, attrs{"http.request.method": "GET", "http.route": "/"}), now())
	for _, s := range r.end() {
		assert.Empty(t, s.RPCs)
	}
}
