package ingest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Names with identifiers, wherever they come from, are those of few operations.
func TestOperationsHaveNoIdentifiers(t *testing.T) {
	for name, c := range map[string]struct {
		kind ptrace.SpanKind
		span func(n int) (string, attrs)
		want string
	}{
		"name": {ptrace.SpanKindServer, func(n int) (string, attrs) {
			return fmt.Sprint("GET /orders/", n), attrs{"http.method": "GET", "http.target": fmt.Sprint("/orders/", n)}
		}, "GET /orders/{id}"},
		"route": {ptrace.SpanKindServer, func(n int) (string, attrs) {
			return fmt.Sprint("GET /orders/", n), attrs{"http.method": "GET", "http.route": "/orders/2024"}
		}, "GET /orders/2024"},
		"internal root": {ptrace.SpanKindInternal, func(n int) (string, attrs) {
			return fmt.Sprint("import of ", 10_000+n), nil
		}, "import of {id}"},
		"queue for a reply": {ptrace.SpanKindConsumer, func(n int) (string, attrs) {
			return "reply", attrs{"messaging.operation": "process", "messaging.destination.name": fmt.Sprintf("reply-%08x9", n)}
		}, "process reply-{id}"},
		"template of a queue": {ptrace.SpanKindConsumer, func(n int) (string, attrs) {
			return "reply", attrs{
				"messaging.operation": "process", "messaging.destination.template": "reply-2024-01-15",
				"messaging.destination.name": fmt.Sprint("reply-", 10_000+n),
			}
		}, "process reply-2024-01-15"},
		"method": {ptrace.SpanKindServer, func(n int) (string, attrs) {
			return "call", attrs{"rpc.service": "shop.Orders", "rpc.method": fmt.Sprint("Get_", 100_000+n)}
		}, "shop.Orders/Get_{id}"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, testConfig())
			for n := range 100 {
				s := root(uint64(n+1), time.Second)
				s.kind = c.kind
				s.name, s.attrs = c.span(n)
				r.Traces(batchOf(t, s), now())
			}
			snaps := r.end()
			if assert.Len(t, snaps, 1) && assert.Len(t, snaps[0].RPCs, 1) {
				assert.Equal(t, c.want, snaps[0].RPCs[0].Key.Operation)
				assert.InDelta(t, 100, snaps[0].RPCs[0].Count, 0)
			}
			assert.Empty(t, r.notes)
			assert.Equal(t, 1, places(&r.signatures), "one name takes one place")
		})
	}
}

// A call of a table of its own, too.
func TestCallsHaveNoIdentifiers(t *testing.T) {
	r := newRig(t, testConfig())
	for n := range 100 {
		s := root(uint64(n+1), time.Second)
		c := s
		c.id, c.parent, c.kind, c.name = 2, 1, ptrace.SpanKindClient, "query"
		c.attrs = attrs{"db.system": "mssql", "db.name": "erp", "db.operation": "SELECT", "db.sql.table": fmt.Sprint("temp_", 128_390_000+n)}
		r.Traces(batchOf(t, s, c), now())
	}
	edges := r.end()[0].Edges
	if assert.Len(t, edges, 1) {
		assert.Equal(t, "SELECT temp_{id}", edges[0].Key.Callee.Operation)
	}
}

// places counts the signatures that are kept.
func places(s *signatures) (n int) {
	for k := range s.cells {
		if s.cells[k].Load() != nil {
			n++
		}
	}
	return n
}

// What is named does not depend on what came before, nor on the names that a service has.
func TestNamesDoNotDependOnOthers(t *testing.T) {
	first, second := new(interner), new(interner)
	for n := range 3 * maxInterned {
		name := fmt.Sprint("/", letters(uint64(n)), "/", n)
		first.template(&name)
	}
	for _, raw := range []string{"/abc/1", "job 12345", "GET /orders/{id}", "/v1/x"} {
		a, b := raw, raw
		assert.Equal(t, first.template(&a), second.template(&b))
		assert.Equal(t, a, b)
		again := a
		assert.False(t, first.template(&again))
	}
	assert.LessOrEqual(t, len(first.known), maxInterned)
}

// BenchmarkNames names spans: such as have a route, such as all have a name that holds
// no identifier, and such as have all another one.
func BenchmarkNames(b *testing.B) {
	names := make([]string, 1<<16)
	uuids := make([]string, 1<<16)
	for k := range names {
		names[k] = fmt.Sprint("GET /orders/", k)
		uuids[k] = fmt.Sprintf("GET /api/v1/customers/2461685a-80c9-4d9e-85e9-a3b0e9e3%04x/orders", k)
	}
	for _, c := range []struct {
		name  string
		route string
		names []string
	}{
		{"route", "/orders/{id}", names},
		{"plain", "", []string{"GET /orders"}},
		{"ids", "", names},
		{"uuids", "", uuids},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := newRig(b, testConfig())
			s := newScratch(1)
			attributes := pcommon.NewMap()
			attributes.PutStr("http.request.method", "GET")
			if c.route != "" {
				attributes.PutStr("http.route", c.route)
			}
			resource := pcommon.NewMap()
			resource.PutStr("service.name", "shop")
			o := r.admit(s, resourceOf(resource, &s.in), 1, 0, false, resource)
			span := ptrace.NewSpan()
			attributes.CopyTo(span.Attributes())
			span.SetKind(ptrace.SpanKindServer)
			span.SetEndTimestamp(pcommon.NewTimestampFromTime(at(time.Second)))
			span.SetStartTimestamp(pcommon.NewTimestampFromTime(at(0)))
			at := s.arrive()
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				span.SetName(c.names[n%len(c.names)])
				n++
				r.fill(s, at, span, o, 1, 1)
			}
		})
	}
}
