package ingest

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/window"
)

func TestLookOf(t *testing.T) {
	for name, c := range map[string]struct {
		in   attrs
		want callgraph.Kind
	}{
		"nothing":                   {attrs{}, callgraph.Unspecified},
		"a statement":               {attrs{"db.statement": "SELECT 1"}, callgraph.Client},
		"a store":                   {attrs{"db.system": "redis", "net.peer.name": "cache"}, callgraph.Client},
		"a handler that says more":  {attrs{"db.system": "redis", "http.route": "/x"}, callgraph.SeemsServer},
		"a route":                   {attrs{"http.request.method": "GET", "http.route": "/x", "server.address": "me"}, callgraph.SeemsServer},
		"a path":                    {attrs{"http.method": "GET", "http.target": "/x?y", "net.peer.name": "caller"}, callgraph.SeemsServer},
		"a URL":                     {attrs{"http.method": "GET", "http.url": "http://cart/x"}, callgraph.SeemsClient},
		"an RPC to somebody":        {attrs{"rpc.system": "grpc", "rpc.service": "Cart", "server.address": "cart"}, callgraph.SeemsClient},
		"an RPC":                    {attrs{"rpc.system": "grpc", "rpc.service": "Cart", "rpc.method": "Get"}, callgraph.SeemsServer},
		"a peer":                    {attrs{"peer.service": "cart"}, callgraph.SeemsClient},
		"a message that is sent":    {attrs{"messaging.system": "kafka", "messaging.operation": "publish"}, callgraph.Producer},
		"a message that is handled": {attrs{"messaging.system": "kafka", "messaging.operation.type": "process", "messaging.operation.name": "consume"}, callgraph.Consumer},
		"a message that is settled": {attrs{"messaging.system": "rabbitmq", "messaging.operation": "settle"}, callgraph.SeemsClient},
	} {
		span, a := spanOf(t, c.in)
		a.read(span.Attributes(), wanted[callgraph.Unspecified])
		assert.Equal(t, c.want, a.lookOf(), name)
	}
}

// chains are the spans of benchTraces where each request of a service calls the next one.
func chains() ptrace.Traces {
	of := benchTraces()
	td := ptrace.NewTraces()
	for _, rs := range of.ResourceSpans().All() {
		to := td.ResourceSpans().AppendEmpty()
		rs.Resource().CopyTo(to.Resource())
		to.ScopeSpans().AppendEmpty()
	}
	for _, rs := range of.ResourceSpans().All() {
		for _, span := range rs.ScopeSpans().At(0).Spans().All() {
			k := int(binary.BigEndian.Uint64(idBytes(span.SpanID()))) - 1
			span.CopyTo(td.ResourceSpans().At(k / 2 % 20).ScopeSpans().At(0).Spans().AppendEmpty())
		}
	}
	return td
}

// without takes the kinds away from a batch, from all spans or from every second one.
func without(td ptrace.Traces, every int) ptrace.Traces {
	n := 0
	for _, rs := range td.ResourceSpans().All() {
		for _, span := range rs.ScopeSpans().At(0).Spans().All() {
			if n++; n%every == 0 {
				span.SetKind(ptrace.SpanKindUnspecified)
			}
		}
	}
	return td
}

// What is said of a shop is the same whether spans say their kinds, some do, or none, and however
// they are cut into batches.
func TestKindless_isWhatKindsSay(t *testing.T) {
	play := func(every int, whole bool) []*window.Snapshot {
		r := newRig(t, testConfig())
		for n := range uint64(20) { // a second apart
			td := chains()
			shift(td, 10*n)
			if every > 0 {
				without(td, every)
			}
			if whole {
				r.Traces(td, now())
				continue
			}
			for _, rs := range td.ResourceSpans().All() {
				part := ptrace.NewTraces()
				rs.CopyTo(part.ResourceSpans().AppendEmpty())
				r.Traces(part, now())
			}
		}
		return r.end()
	}
	said := play(0, true)
	require.Len(t, said, 2)
	require.Len(t, said[0].RPCs, 20, "of 20 services")
	for _, every := range []int{1, 2, 3} {
		for _, whole := range []bool{true, false} {
			assert.Equal(t, said, play(every, whole), "%d %v", every, whole)
		}
	}
}

// A handler without a kind that asks a store: the store is seen, and names are forgotten that
// nobody uses any more.
func TestKindless_store(t *testing.T) {
	const ms = time.Millisecond
	cfg := testConfig()
	cfg.Forget = 20 * time.Second
	r := newRig(t, cfg)
	for k := range uint64(1200) {
		begin := time.Duration(k) * 100 * ms
		r.Traces(batchOf(t,
			sp{service: "web", trace: k + 1, id: 1, name: "/", start: begin, end: begin + 50*ms},
			sp{service: "web", trace: k + 1, id: 2, parent: 1, name: "render", start: begin, end: begin + 10*ms},
			sp{service: "web", trace: k + 1, id: 3, parent: 1, name: "ask", start: begin + 10*ms, end: begin + 40*ms, attrs: attrs{
				"db.system": "mysql", "net.peer.name": "base", "db.operation": "SELECT",
			}},
			sp{service: "web", trace: k + 1, id: 4, parent: 1, name: "GET", start: begin + 40*ms, end: begin + 45*ms, attrs: attrs{
				"http.url": "http://pay.example.com/x", "http.method": "GET",
			}},
		), now())
	}
	snaps := r.end()
	for _, s := range snaps[1 : len(snaps)-1] {
		require.Len(t, s.RPCs, 1)
		assert.Equal(t, rpcOf("web", "/"), s.RPCs[0].Key)
		assert.InDelta(t, 100, s.RPCs[0].Entries, 0)
		assert.InEpsilon(t, float64(15*ms), s.RPCs[0].Exclusive.Quantile(0.5), 0.012)
		require.Len(t, s.Edges, 2)
		assert.Equal(t, rpcOf("mysql:base", "SELECT"), s.Edges[0].Key.Callee)
		assert.Equal(t, rpcOf("pay.example.com", "GET"), s.Edges[1].Key.Callee)
		assert.True(t, s.Edges[0].Leaf && s.Edges[1].Leaf)
	}
}
