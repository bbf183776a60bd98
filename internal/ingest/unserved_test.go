package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// halfTrace is one request through a service of which only the outgoing side is
// instrumented:
//
//	web     GET /                  100 ms   SERVER
//	web       POST, to checkout     80 ms   CLIENT
//	checkout    shop.Cart/Get       20 ms   CLIENT
//	cart          shop.Cart/Get     10 ms   SERVER
//	checkout    INSERT orders       30 ms   CLIENT
func halfTrace(n uint64, begin time.Duration) []sp {
	const ms = time.Millisecond
	span := func(service string, id, parent uint64, kind ptrace.SpanKind, from, to time.Duration, a attrs) sp {
		return sp{
			service: service, trace: n, id: id, parent: parent, kind: kind, name: "POST",
			start: begin + from, end: begin + to, attrs: a, resource: attrs{"service.instance.id": service + "-1"},
		}
	}
	cart := attrs{"rpc.system": "grpc", "rpc.service": "shop.Cart", "rpc.method": "Get", "server.address": "cart.shop"}
	return []sp{
		span("web", 1, 0, ptrace.SpanKindServer, 0, 100*ms, attrs{"http.request.method": "GET", "http.route": "/"}),
		span("web", 2, 1, ptrace.SpanKindClient, 10*ms, 90*ms, attrs{"http.request.method": "POST", "server.address": "checkout.shop", "server.port": 8080}),
		span("checkout", 3, 2, ptrace.SpanKindClient, 20*ms, 40*ms, cart),
		span("cart", 4, 3, ptrace.SpanKindServer, 25*ms, 35*ms, cart),
		span("checkout", 5, 2, ptrace.SpanKindClient, 50*ms, 80*ms, attrs{"db.system.name": "mysql", "db.query.summary": "INSERT orders"}),
	}
}

// The own time of a service that tells of its calls only is its own, not that of the network
// of who calls it.
func TestUnserved(t *testing.T) {
	r := newRig(t, testConfig())
	for k := range 300 {
		r.Traces(batchOf(t, halfTrace(uint64(k+1), time.Duration(k)*100*time.Millisecond)...), now())
	}
	snaps := r.end()
	require.Equal(t, []int{0, 10, 20, 30}, starts(snaps))
	for _, s := range snaps[1:3] {
		buy := rpcOf("checkout", "POST")
		var keys []identity.RPC
		for i := range s.RPCs {
			p := &s.RPCs[i]
			keys = append(keys, p.Key)
			if p.Key != buy {
				continue
			}
			assert.InDelta(t, 100, p.Count, 0)
			assert.Zero(t, p.Entries)
			assert.InEpsilon(t, float64(80*time.Millisecond), p.Latency.Quantile(0.5), 0.012)
			assert.InEpsilon(t, float64(30*time.Millisecond), p.Exclusive.Quantile(0.5), 0.012)
			require.Len(t, p.Instances, 1)
			assert.Equal(t, "checkout-1", p.Instances[0].ID)
		}
		assert.Equal(t, []identity.RPC{rpcOf("cart", "shop.Cart/Get"), buy, rpcOf("web", "GET /")}, keys)

		var edges []identity.Edge
		for i := range s.Edges {
			e := &s.Edges[i]
			edges = append(edges, e.Key)
			assert.InDelta(t, 100, e.Count, 0)
			if e.Key.Callee == buy {
				assert.Zero(t, e.Matched, "how long it took is known by its caller only")
				assert.False(t, e.Leaf)
			}
		}
		assert.Equal(t, []identity.Edge{
			{Caller: buy, Callee: rpcOf("cart", "shop.Cart/Get")},
			{Caller: buy, Callee: rpcOf("mysql", "INSERT orders")},
			{Caller: rpcOf("web", "GET /"), Callee: buy},
		}, edges)
	}
}

// Systems of which nobody says what is served have entries, requests and calls all the same:
// where there are CLIENT spans only, from what the first of a trace calls on; where no kinds
// are said, from the first span of each service on, and what calls is told by what stands below it.
func TestUnserved_everywhere(t *testing.T) {
	const ms = time.Millisecond
	rpc := func(service string) attrs {
		return attrs{"rpc.system": "grpc", "rpc.service": service, "rpc.method": "Get", "server.address": service}
	}
	for name, tt := range map[string]struct {
		spans   []sp
		entries []identity.RPC
		own     map[identity.RPC]time.Duration
		calls   []identity.Edge
	}{
		"CLIENT spans only": {
			spans: []sp{
				{service: "app", id: 1, kind: ptrace.SpanKindClient, start: 0, end: 100 * ms, attrs: rpc("web")},
				{service: "web", id: 2, parent: 1, kind: ptrace.SpanKindClient, start: 10 * ms, end: 60 * ms, attrs: rpc("cart")},
				{service: "cart", id: 3, parent: 2, kind: ptrace.SpanKindClient, start: 20 * ms, end: 50 * ms, attrs: attrs{"db.system.name": "mysql", "db.query.summary": "SELECT"}},
			},
			entries: []identity.RPC{rpcOf("web", "web/Get")},
			own:     map[identity.RPC]time.Duration{rpcOf("web", "web/Get"): 50 * ms, rpcOf("cart", "cart/Get"): 20 * ms},
			calls: []identity.Edge{
				{Caller: rpcOf("app", ""), Callee: rpcOf("web", "web/Get")},
				{Caller: rpcOf("cart", "cart/Get"), Callee: rpcOf("mysql", "SELECT")},
				{Caller: rpcOf("web", "web/Get"), Callee: rpcOf("cart", "cart/Get")},
			},
		},
		"no kinds": {
			spans: []sp{
				{service: "web", id: 1, name: "/", start: 0, end: 100 * ms},
				{service: "web", id: 2, parent: 1, name: "ask", start: 10 * ms, end: 60 * ms},
				{service: "cart", id: 3, parent: 2, name: "get", start: 20 * ms, end: 50 * ms},
				{service: "stock", id: 4, parent: 3, name: "read", kind: ptrace.SpanKindInternal, start: 30 * ms, end: 40 * ms},
			},
			entries: []identity.RPC{rpcOf("web", "/")},
			own:     map[identity.RPC]time.Duration{rpcOf("web", "/"): 50 * ms, rpcOf("cart", "get"): 20 * ms, rpcOf("stock", "read"): 10 * ms},
			calls: []identity.Edge{
				{Caller: rpcOf("cart", "get"), Callee: rpcOf("stock", "read")},
				{Caller: rpcOf("web", "/"), Callee: rpcOf("cart", "get")},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, testConfig())
			for k := range 300 {
				var spans []sp
				for _, s := range tt.spans {
					begin := time.Duration(k) * 100 * ms
					s.trace, s.start, s.end = uint64(k+1), begin+s.start, begin+s.end
					spans = append(spans, s)
				}
				r.Traces(batchOf(t, spans...), now())
			}
			s := r.end()[1]
			assert.Equal(t, tt.entries, feature.Structure(s).Entries)
			require.Len(t, s.RPCs, len(tt.own))
			for i := range s.RPCs {
				want, ok := tt.own[s.RPCs[i].Key]
				require.True(t, ok, "%v", s.RPCs[i].Key)
				assert.InEpsilon(t, float64(want), s.RPCs[i].Exclusive.Quantile(0.5), 0.012, "%v", s.RPCs[i].Key)
			}
			var calls []identity.Edge
			for i := range s.Edges {
				calls = append(calls, s.Edges[i].Key)
			}
			assert.Equal(t, tt.calls, calls)
		})
	}
}
