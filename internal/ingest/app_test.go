package ingest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// appTrace is one request through three services and a database:
//
//	web    GET /cart/{id}           100 ms   SERVER
//	web      shop.Cart/Get           80 ms   CLIENT
//	cart       shop.Cart/Get         60 ms   SERVER
//	cart         SELECT carts        40 ms   CLIENT, to postgresql:carts
//	web      mail.Mail/Send          10 ms   CLIENT
//	mail       mail.Mail/Send         8 ms   SERVER, fails in every tenth trace
func appTrace(n uint64, begin time.Duration) []sp {
	const ms = time.Millisecond
	span := func(service string, id, parent uint64, kind ptrace.SpanKind, from, to time.Duration, a attrs) sp {
		return sp{
			service: service, trace: n, id: id, parent: parent, kind: kind, name: "unused",
			start: begin + from, end: begin + to, attrs: a,
			resource: attrs{"service.instance.id": service + "-1", "host.name": "h1", "process.pid": 100 + len(service), "service.version": "v1"},
		}
	}
	rpc := func(service, method string) attrs {
		return attrs{"rpc.system": "grpc", "rpc.service": service, "rpc.method": method, "server.address": "10.0.0.1"}
	}
	spans := []sp{
		span("web", 1, 0, ptrace.SpanKindServer, 0, 100*ms, attrs{"http.request.method": "GET", "http.route": "/cart/{id}"}),
		span("web", 2, 1, ptrace.SpanKindClient, 5*ms, 85*ms, rpc("shop.Cart", "Get")),
		span("cart", 3, 2, ptrace.SpanKindServer, 15*ms, 75*ms, rpc("shop.Cart", "Get")),
		span("cart", 4, 3, ptrace.SpanKindClient, 20*ms, 60*ms, attrs{"db.system": "postgresql", "db.name": "carts", "db.query.summary": "SELECT carts"}),
		span("web", 5, 1, ptrace.SpanKindClient, 86*ms, 96*ms, rpc("mail.Mail", "Send")),
		span("mail", 6, 5, ptrace.SpanKindServer, 87*ms, 95*ms, rpc("mail.Mail", "Send")),
	}
	spans[5].failed = n%10 == 0
	return spans
}

// appSpans is 30 s of the application at one request a second, each span up to
// 3 s out of order, which is less than the lateness allowed.
func appSpans() []sp {
	var out []sp
	for k := range 30 {
		out = append(out, appTrace(uint64(k+1), time.Duration(k)*time.Second+100*time.Millisecond)...)
	}
	return disordered(out, 3*time.Second)
}

// disordered returns spans in order of an arrival up to by after their end.
func disordered(spans []sp, by time.Duration) []sp {
	r := rand.New(rand.NewPCG(1, 2))
	arrival := make(map[[2]uint64]time.Duration, len(spans))
	for _, s := range spans {
		arrival[[2]uint64{s.trace, s.id}] = s.end + time.Duration(r.Int64N(int64(by)))
	}
	slices.SortFunc(spans, func(a, b sp) int {
		return cmp.Compare(arrival[[2]uint64{a.trace, a.id}], arrival[[2]uint64{b.trace, b.id}])
	})
	return spans
}

// cpu is one scrape of the process of the web service, which has no service.name.
func cpu(t testing.TB, when time.Duration) pmetric.Metrics {
	return metricOf(t, attrs{"host.name": "h1", "process.pid": 103}, "process.cpu.time", func(m pmetric.Metric) {
		m.SetUnit("s")
		s := m.SetEmptySum()
		s.SetIsMonotonic(true)
		s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		for state, cores := range map[string]float64{"user": 0.5, "system": 0.25, "wait": 10} {
			p := s.DataPoints().AppendEmpty()
			p.SetTimestamp(pcommon.NewTimestampFromTime(at(when)))
			p.SetDoubleValue(cores * (1000 + when.Seconds()))
			p.Attributes().PutStr("state", state)
		}
	})
}

// runApp sends the application in batches of the sizes that next gives.
func runApp(t *testing.T, shards int, next func() int) []*window.Snapshot {
	t.Helper()
	cfg := testConfig()
	cfg.Shards = shards
	r := newRig(t, cfg)
	r.Start()
	spans := appSpans()
	scraped := time.Duration(0)
	for len(spans) > 0 {
		n := min(len(spans), next())
		for k := range spans[:n] { // a scrape every 4 s, after the same span whatever the batches
			if spans[k].end >= scraped+6*time.Second {
				n = k + 1
				break
			}
		}
		r.Traces(batchOf(t, spans[:n]...), now())
		if spans[n-1].end >= scraped+6*time.Second {
			scraped += 4 * time.Second
			r.Metrics(cpu(t, scraped), now())
		}
		spans = spans[n:]
	}
	snaps := r.end()
	assert.Empty(t, r.spans)
	assert.Empty(t, r.notes)
	assert.Empty(t, r.lost)
	assert.Equal(t, 180, r.used)
	assert.Zero(t, r.windows)
	return snaps
}

func rpcOf(service, operation string) identity.RPC {
	return identity.RPC{Service: identity.Service{Name: service}, Operation: operation}
}

func TestApp(t *testing.T) {
	snaps := runApp(t, 4, func() int { return 7 })
	require.Equal(t, []int{0, 10, 20}, starts(snaps))

	page, get, send := rpcOf("web", "GET /cart/{id}"), rpcOf("cart", "shop.Cart/Get"), rpcOf("mail", "mail.Mail/Send")
	query := rpcOf("postgresql:carts", "SELECT carts")
	const ms = float64(time.Millisecond)
	for _, s := range snaps {
		type served struct {
			key             identity.RPC
			entries, count  float64
			errors          float64
			p50, exclusive  float64 // ms
			union, children float64 // ms per request
			replica         string
		}
		var rpcs []served
		for _, r := range s.RPCs {
			require.Len(t, r.Instances, 1)
			assert.Equal(t, "v1", r.Instances[0].Version)
			rpcs = append(rpcs, served{
				r.Key, r.Entries, r.Count, r.Errors, r.Latency.Quantile(0.5) / ms, r.Exclusive.Quantile(0.5) / ms,
				r.Union / ms / r.Count, r.Sum / ms / r.Count, r.Instances[0].ID,
			})
		}
		want := []served{
			{get, 0, 10, 0, 60, 20, 40, 40, "cart-1"},
			{send, 0, 10, 1, 8, 8, 0, 0, "mail-1"},
			{page, 10, 10, 0, 100, 10, 90, 90, "web-1"},
		}
		require.Len(t, rpcs, len(want))
		for k := range want {
			assert.InEpsilon(t, want[k].p50, rpcs[k].p50, 0.012)
			assert.InEpsilon(t, want[k].exclusive, rpcs[k].exclusive, 0.012)
			rpcs[k].p50, rpcs[k].exclusive = want[k].p50, want[k].exclusive
			assert.Equal(t, want[k], rpcs[k])
		}

		require.Len(t, s.Edges, 3)
		for k, want := range []struct {
			key                     identity.Edge
			leaf                    bool
			matched                 float64
			client, server, network float64
		}{
			{identity.Edge{Caller: get, Callee: query}, true, 0, 40, 0, 0},
			{identity.Edge{Caller: page, Callee: get}, false, 10, 80, 60, 20},
			{identity.Edge{Caller: page, Callee: send}, false, 10, 10, 8, 2},
		} {
			e := s.Edges[k]
			assert.Equal(t, want.key, e.Key)
			assert.Equal(t, want.leaf, e.Leaf)
			assert.InDelta(t, 10, e.Count, 0)
			assert.InDelta(t, want.matched, e.Matched, 0)
			assert.InEpsilon(t, want.client, e.Client.Quantile(0.5)/ms, 0.012)
			if want.leaf {
				continue
			}
			assert.InEpsilon(t, want.server, e.Server.Quantile(0.5)/ms, 0.012)
			assert.InEpsilon(t, want.network, e.Network.Quantile(0.5)/ms, 0.012)
		}
		v, ok := valueOf(t, s, "process.cpu.usage")
		assert.True(t, ok, "joined by host and pid")
		assert.InDelta(t, 0.75, v, 1e-6, "user and system, without wait")
		assert.Equal(t, "web", s.Resources[0].Service.Name)
		assert.Equal(t, "web-1", s.Resources[0].Instances[0].ID)
	}
}

// TestApp_sameForAnyShardsAndBatches is the law that replays rest on.
func TestApp_sameForAnyShardsAndBatches(t *testing.T) {
	want := runApp(t, 1, func() int { return 1 << 20 })
	for _, shards := range []int{1, 4, 16} {
		for _, size := range []int{1, 13, 100, 0} {
			t.Run(fmt.Sprintf("%d shards, batches of %d", shards, size), func(t *testing.T) {
				r := rand.New(rand.NewPCG(3, uint64(shards)))
				got := runApp(t, shards, func() int {
					if size == 0 {
						return 1 + r.IntN(60)
					}
					return size
				})
				require.Equal(t, want, got)
			})
		}
	}
}

// TestDisorder_sameForAnyShards is the same law for spans that are too
// late, of which the snapshots must lack the same ones, but for where batches are cut.
func TestDisorder_sameForAnyShards(t *testing.T) {
	run := func(shards, size int) ([]*window.Snapshot, map[string]int) {
		var spans []sp
		for k := range 300 {
			spans = append(spans, appTrace(uint64(k+1), time.Duration(k)*200*time.Millisecond)...)
		}
		spans = disordered(spans, 20*time.Second)
		cfg := testConfig()
		cfg.Shards = shards
		rig := newRig(t, cfg)
		for len(spans) > 0 {
			n := min(len(spans), size)
			rig.Traces(batchOf(t, spans[:n]...), now())
			spans = spans[n:]
		}
		return rig.end(), rig.spans
	}
	for size, late := range map[int]bool{1: true, 77: true, 1 << 20: false} { // within a batch nothing is late
		want, lost := run(1, size)
		assert.Equal(t, late, lost["late"] > 0, "batches of %d", size)
		for _, shards := range []int{3, 16} {
			got, gone := run(shards, size)
			assert.Equal(t, lost, gone)
			require.Equal(t, want, got, "%d shards, batches of %d", shards, size)
		}
	}
}
