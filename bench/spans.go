package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// What loads are made of.
const (
	replicas   = 2
	traceSpans = 100
	batchSpans = 1000
	batchEvery = 100 * time.Millisecond // of event time: 10,000 spans a second
)

// spanShape is an application of services, each of which calls so many others; a
// request for an operation of one is for one operation of each.
type spanShape struct {
	services, operations, callees int
	stride                        int // service n calls those from n*stride+1 on
	entries                       int // services that users call, the first
	batches                       int // different ones, used again with new ids and times
}

// usualShape is that of the comparisons.
var usualShape = spanShape{services: 20, operations: 2, callees: 2, stride: 1, entries: 1, batches: 8}

// odd, added again and again, runs through all numbers.
const odd = 0x9e3779b97f4a7c15

// epoch is the time at which loads begin.
var epoch = time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)

// spanLoad is a load of batches that never ends. Each is made of one of few
// templates, which came out of the unmarshaller as those of a receiver do.
type spanLoad struct {
	templates []ptrace.Traces
	wire      [][]byte // the same as OTLP
	spans     int      // of a template, on average
	every     time.Duration
	begins    []time.Time // of each template
}

// spanClock is where one contender is in a load: each has times that go on
// without a gap.
type spanClock struct {
	*spanLoad
	batches int
	elapsed time.Duration // since epoch, until the next batch
}

// now is when the next batch begins.
func (c *spanClock) now() time.Time { return epoch.Add(c.elapsed) }

// next returns the next batch, of traces that nobody has seen. It is valid until
// anybody's next call.
func (c *spanClock) next() ptrace.Traces {
	k := c.batches % len(c.templates)
	td := c.templates[k]
	begin := c.now()
	shift := uint64(begin.Sub(c.begins[k]))
	c.begins[k] = begin
	c.batches++
	c.elapsed += c.every
	for i := range td.ResourceSpans().Len() {
		scopes := td.ResourceSpans().At(i).ScopeSpans()
		for j := range scopes.Len() {
			spans := scopes.At(j).Spans()
			for n := range spans.Len() {
				s := spans.At(n)
				id := s.TraceID()
				binary.LittleEndian.PutUint64(id[:8], binary.LittleEndian.Uint64(id[:8])+odd)
				s.SetTraceID(id)
				s.SetStartTimestamp(s.StartTimestamp() + pcommon.Timestamp(shift))
				s.SetEndTimestamp(s.EndTimestamp() + pcommon.Timestamp(shift))
			}
		}
	}
	return td
}

// newSpanLoad returns templates of spans as they come off the wire.
func newSpanLoad(templates []ptrace.Traces, every time.Duration) (*spanLoad, error) {
	l := &spanLoad{every: every}
	for _, td := range templates {
		b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		if err != nil {
			return nil, err
		}
		back, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(b)
		if err != nil {
			return nil, err
		}
		l.templates, l.wire, l.begins = append(l.templates, back), append(l.wire, b), append(l.begins, epoch)
		l.spans += td.SpanCount()
	}
	l.spans /= len(templates)
	return l, nil
}

// salt makes the traces of a load other ones than those of a load of the same shape.
func (l *spanLoad) salt(salt uint64) {
	for _, td := range l.templates {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					id := s.TraceID()
					binary.LittleEndian.PutUint64(id[:8], binary.LittleEndian.Uint64(id[:8])^salt)
					s.SetTraceID(id)
				}
			}
		}
	}
}

// spans returns batches of whole traces: trees of requests over services of two
// replicas, with CLIENT and SERVER spans, some INTERNAL ones and some calls of a
// database.
func (s spanShape) spans() []ptrace.Traces {
	r := rand.New(rand.NewPCG(1, 2))
	var out []ptrace.Traces
	for range s.batches {
		b := s.batch(r)
		for range batchSpans / traceSpans {
			b.trace()
		}
		out = append(out, b.td)
	}
	return out
}

// spanBatch is a batch while it is made.
type spanBatch struct {
	spanShape
	r    *rand.Rand
	td   ptrace.Traces
	of   []ptrace.SpanSlice // by service, replica
	id   pcommon.TraceID
	left int // spans that the trace still gets
}

func (s spanShape) batch(r *rand.Rand) *spanBatch {
	b := &spanBatch{spanShape: s, r: r, td: ptrace.NewTraces()}
	for service := range s.services {
		for n := range replicas {
			rs := b.td.ResourceSpans().AppendEmpty()
			describe(rs.Resource().Attributes(), service, n)
			ss := rs.ScopeSpans().AppendEmpty()
			ss.Scope().SetName("io.opentelemetry.instrumentation")
			b.of = append(b.of, ss.Spans())
		}
	}
	return b
}

// describe fills in the resource of a replica.
func describe(a pcommon.Map, service, replica int) {
	name := serviceName(service)
	pod := fmt.Sprintf("%s-5f6d7c8b9-%05d", name, replica)
	a.PutStr("service.name", name)
	a.PutStr("service.namespace", "shop")
	a.PutStr("service.version", "1.4.2")
	a.PutStr("service.instance.id", fmt.Sprintf("6f1c6b1e-0000-4000-8000-%06d%06d", service, replica))
	a.PutStr("telemetry.sdk.name", "opentelemetry")
	a.PutStr("telemetry.sdk.language", "java")
	a.PutStr("k8s.namespace.name", "shop")
	a.PutStr("k8s.deployment.name", name)
	a.PutStr("k8s.pod.name", pod)
	a.PutStr("k8s.pod.uid", pod+"-uid")
	a.PutStr("k8s.node.name", fmt.Sprint("node-", service%4))
	a.PutStr("host.name", fmt.Sprint("node-", service%4))
	a.PutInt("process.pid", int64(1+service))
}

func serviceName(k int) string { return fmt.Sprintf("service-%02d", k) }

// trace appends one trace of 100 spans.
func (b *spanBatch) trace() {
	binary.LittleEndian.PutUint64(b.id[:8], b.r.Uint64())
	binary.LittleEndian.PutUint64(b.id[8:], b.r.Uint64())
	b.left = traceSpans
	begin := time.Duration(b.r.Int64N(int64(batchEvery)))
	entry := b.r.IntN(b.entries)
	var root pcommon.SpanID
	for b.left > 0 { // further requests below the root where the first tree has too few spans
		id := b.request(root, entry, b.r.IntN(b.operations), begin, 200*time.Millisecond, 0)
		if root.IsEmpty() {
			root = id
		}
	}
}

// request appends a request that service serves and, below it, what it calls. It
// returns the id of the server's span.
func (b *spanBatch) request(parent pcommon.SpanID, service, method int, begin, length time.Duration, depth int) pcommon.SpanID {
	replica := b.r.IntN(replicas)
	server := b.add(service, replica, parent, ptrace.SpanKindServer, begin, length)
	b.serverAttributes(server, service, method)
	above := server.SpanID()
	if b.r.IntN(3) == 0 && b.left > 0 {
		inner := b.add(service, replica, above, ptrace.SpanKindInternal, begin, length*9/10)
		inner.SetName(fmt.Sprint("handle-", method))
		inner.Attributes().PutStr("code.function.name", "com.example.Handler.handle")
		threads(inner.Attributes(), b.r)
		filler(inner.Attributes(), 8)
		above = inner.SpanID()
	}
	calls := 1 + b.r.IntN(3)
	part := length * 8 / 10 / time.Duration(calls)
	for k := range calls {
		if b.left < 2 || depth > 6 {
			break
		}
		at := begin + time.Duration(k)*part
		if b.r.IntN(5) == 0 {
			b.query(above, service, replica, at, part*7/10)
			continue
		}
		callee := (service*b.stride + 1 + b.r.IntN(b.callees)) % b.services
		client := b.add(service, replica, above, ptrace.SpanKindClient, at, part*9/10)
		b.clientAttributes(client, callee)
		b.request(client.SpanID(), callee, (method+callee)%b.operations, at+part/20, part*8/10, depth+1)
	}
	return server.SpanID()
}

func (b *spanBatch) add(service, replica int, parent pcommon.SpanID, kind ptrace.SpanKind, begin, length time.Duration) ptrace.Span {
	s := b.of[service*replicas+replica].AppendEmpty()
	b.left--
	var id pcommon.SpanID
	binary.LittleEndian.PutUint64(id[:], b.r.Uint64()|1)
	s.SetTraceID(b.id)
	s.SetSpanID(id)
	s.SetParentSpanID(parent)
	s.SetKind(kind)
	begin += time.Duration(b.r.Int64N(int64(time.Millisecond)))
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(epoch.Add(begin)))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(epoch.Add(begin + length)))
	return s
}

func (b *spanBatch) serverAttributes(s ptrace.Span, service, method int) {
	a := s.Attributes()
	route := fmt.Sprintf("/api/v1/things-%d/{id}", method)
	s.SetName("GET " + route)
	a.PutStr("http.request.method", "GET")
	a.PutStr("url.scheme", "http")
	a.PutStr("url.path", fmt.Sprintf("/api/v1/things-%d/%d", method, b.r.IntN(100_000)))
	a.PutStr("http.route", route)
	a.PutInt("http.response.status_code", 200)
	a.PutStr("server.address", serviceName(service)+".shop.svc.cluster.local")
	a.PutInt("server.port", 8080)
	a.PutStr("network.protocol.version", "1.1")
	a.PutStr("network.peer.address", "10.1.2.3")
	a.PutStr("user_agent.original", "okhttp/4.12.0")
	threads(a, b.r)
	if b.r.IntN(100) == 0 {
		s.Status().SetCode(ptrace.StatusCodeError)
		a.PutStr("error.type", "timeout")
	}
}

func (b *spanBatch) clientAttributes(s ptrace.Span, callee int) {
	a := s.Attributes()
	s.SetName("GET")
	a.PutStr("http.request.method", "GET")
	a.PutStr("url.full", fmt.Sprintf("http://%s/api/v1/things/%d", serviceName(callee), b.r.IntN(100_000)))
	a.PutStr("server.address", serviceName(callee))
	a.PutInt("server.port", 8080)
	a.PutInt("http.response.status_code", 200)
	a.PutStr("network.protocol.version", "1.1")
	a.PutStr("network.peer.address", "10.1.2.4")
	a.PutInt("network.peer.port", 8080)
	a.PutStr("user_agent.original", "okhttp/4.12.0")
	threads(a, b.r)
}

func (b *spanBatch) query(parent pcommon.SpanID, service, replica int, begin, length time.Duration) {
	s := b.add(service, replica, parent, ptrace.SpanKindClient, begin, length)
	a := s.Attributes()
	s.SetName("SELECT shop.orders")
	a.PutStr("db.system.name", "postgresql")
	a.PutStr("db.namespace", "shop")
	a.PutStr("db.operation.name", "SELECT")
	a.PutStr("db.collection.name", "orders")
	a.PutStr("db.query.text", "SELECT id, total FROM orders WHERE customer = ? ORDER BY created DESC LIMIT 20")
	a.PutStr("server.address", "postgres.shop.svc.cluster.local")
	a.PutInt("server.port", 5432)
	a.PutStr("network.peer.address", "10.1.9.9")
	threads(a, b.r)
}

func threads(a pcommon.Map, r *rand.Rand) {
	id := r.IntN(64)
	a.PutInt("thread.id", int64(id))
	a.PutStr("thread.name", fmt.Sprint("http-nio-8080-exec-", id))
}

// filler adds attributes that nobody reads.
func filler(a pcommon.Map, n int) {
	for k := range n {
		a.PutStr(fmt.Sprint("app.attribute.number-", k), "some value of usual length")
	}
}
