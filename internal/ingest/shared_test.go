package ingest

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/window"
)

// sharing gives each SERVER span of chains the id and the parent of the CLIENT span above it, and
// what is below it that id as parent, as Zipkin does.
func sharing(td ptrace.Traces) ptrace.Traces {
	shared := func(server uint64) uint64 { return max(1, server-1) }
	for _, rs := range td.ResourceSpans().All() {
		for _, span := range rs.ScopeSpans().At(0).Spans().All() {
			switch id := binary.BigEndian.Uint64(idBytes(span.SpanID())); {
			case id == 1:
			case span.Kind() == ptrace.SpanKindServer:
				span.SetSpanID(spanID(shared(id)))
				span.SetParentSpanID(spanID(shared(id - 2)))
			default:
				span.SetParentSpanID(spanID(shared(id - 1)))
			}
		}
	}
	return td
}

// What is said of a shop is the same whether the two sides of a call have ids of their own or
// share one, in whatever order they come and however they are cut into batches.
func TestShared_isWhatIdsOfTheirOwnSay(t *testing.T) {
	type cut int
	const (
		whole cut = iota
		parts
		backwards
	)
	play := func(share bool, how cut) []*window.Snapshot {
		r := newRig(t, testConfig())
		for n := range uint64(20) { // a second apart
			td := chains()
			shift(td, 10*n)
			if share {
				sharing(td)
			}
			if how == whole {
				r.Traces(td, now())
				continue
			}
			var each []ptrace.Traces
			for _, rs := range td.ResourceSpans().All() {
				part := ptrace.NewTraces()
				rs.CopyTo(part.ResourceSpans().AppendEmpty())
				each = append(each, part)
			}
			if how == backwards {
				slices.Reverse(each)
			}
			for _, part := range each {
				r.Traces(part, now())
			}
		}
		snaps := r.end()
		assert.Empty(t, r.spans)
		assert.Equal(t, map[string]int{"unmatched_client": 200}, r.notes, "the last call of each trace")
		for _, s := range snaps { // which spans are chosen is by their ids
			for i := range s.RPCs {
				s.RPCs[i].Exemplar, s.RPCs[i].Typical = window.Exemplar{}, window.Exemplar{}
			}
			for i := range s.Edges {
				s.Edges[i].Exemplar, s.Edges[i].Typical = window.Exemplar{}, window.Exemplar{}
			}
		}
		return snaps
	}
	said := play(false, whole)
	require.Len(t, said, 2)
	require.Len(t, said[0].RPCs, 20)
	require.Len(t, said[0].Edges, 20)
	for _, how := range []cut{whole, parts, backwards} {
		assert.Equal(t, said, play(true, how), "%d", how)
	}
}

// A callee that fails and a database of it, with what a resource, a kind and attributes say.
func TestShared_failsWhereItFails(t *testing.T) {
	const ms = time.Millisecond
	r := newRig(t, testConfig())
	for k := range uint64(100) {
		begin := time.Duration(k) * 100 * ms
		r.Traces(batchOf(t,
			sp{service: "pay", trace: k + 1, id: 3, parent: 2, kind: ptrace.SpanKindServer, name: "charge", start: begin + 20*ms, end: begin + 30*ms, failed: true},
			sp{service: "pay", trace: k + 1, id: 4, parent: 3, kind: ptrace.SpanKindClient, name: "SELECT", start: begin + 22*ms, end: begin + 27*ms, attrs: attrs{
				"db.system": "mysql", "net.peer.name": "base", "db.operation": "SELECT",
			}},
			sp{service: "orders", trace: k + 1, id: 3, parent: 2, kind: ptrace.SpanKindClient, name: "charge", start: begin + 10*ms, end: begin + 35*ms, attrs: attrs{"peer.service": "pay"}},
			sp{service: "orders", trace: k + 1, id: 2, parent: 1, kind: ptrace.SpanKindServer, name: "order", start: begin + 5*ms, end: begin + 40*ms},
			sp{service: "web", trace: k + 1, id: 2, parent: 1, kind: ptrace.SpanKindClient, name: "order", start: begin + 2*ms, end: begin + 45*ms, attrs: attrs{"peer.service": "orders"}},
			sp{service: "web", trace: k + 1, id: 1, kind: ptrace.SpanKindServer, name: "/", start: begin, end: begin + 50*ms},
		), now())
	}
	snaps := r.end()
	assert.Empty(t, r.spans)
	s := snaps[0]
	own := map[string]time.Duration{}
	for _, v := range s.RPCs {
		own[v.Key.String()] = time.Duration(v.Exclusive.Quantile(0.5))
		assert.Equal(t, v.Key.Service.Name == "pay", v.Errors > 0, v.Key)
	}
	require.Len(t, own, 3)
	for rpc, want := range map[string]time.Duration{"web /": 7 * ms, "orders order": 10 * ms, "pay charge": 5 * ms} {
		assert.InEpsilon(t, want, own[rpc], 0.02, rpc)
	}
	edges := map[string]bool{}
	for _, e := range s.Edges {
		edges[e.Key.String()] = e.Leaf
	}
	assert.Equal(t, map[string]bool{"web / > orders order": false, "orders order > pay charge": false, "pay charge > mysql:base SELECT": true}, edges)
}
