package ingest

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/window"
)

// benchTraces returns 10 traces of 100 spans over 20 services as one batch:
// half the spans serve, half call, some with HTTP and some with RPC attributes.
func benchTraces() ptrace.Traces {
	td := ptrace.NewTraces()
	var slices []ptrace.SpanSlice
	for k := range 20 {
		rs := td.ResourceSpans().AppendEmpty()
		a := rs.Resource().Attributes()
		a.PutStr("service.name", fmt.Sprint("service-", k))
		a.PutStr("service.version", "1.0")
		a.PutStr("k8s.pod.name", fmt.Sprint("service-", k, "-5f65-x"))
		a.PutStr("k8s.pod.uid", fmt.Sprint("uid-", k))
		a.PutStr("host.name", "host-1")
		a.PutInt("process.pid", int64(1000+k))
		slices = append(slices, rs.ScopeSpans().AppendEmpty().Spans())
	}
	for trace := range 10 {
		for k := range 100 {
			span := slices[(k+1)/2%20].AppendEmpty()
			span.SetTraceID(pcommon.TraceID{1, 15: byte(trace + 1)})
			span.SetSpanID(spanID(uint64(k + 1)))
			span.SetParentSpanID(spanID(uint64(k)))
			span.SetName("GET /things/{id}")
			a := span.Attributes()
			if k%2 == 0 {
				span.SetKind(ptrace.SpanKindServer)
				a.PutStr("http.request.method", "GET")
				a.PutStr("http.route", "/things/{id}")
				a.PutInt("http.response.status_code", 200)
			} else {
				span.SetKind(ptrace.SpanKindClient)
				a.PutStr("rpc.system", "grpc")
				a.PutStr("rpc.service", "shop.Things")
				a.PutStr("rpc.method", "Get")
				a.PutStr("server.address", fmt.Sprint("service-", (k+2)/2%20))
			}
			a.PutStr("url.scheme", "http")
			a.PutStr("user_agent.original", "bench/1.0")
			span.TraceState().FromRaw("ot=th:8")
		}
	}
	return td
}

// shift makes the batch one of new traces, 100 ms later.
func shift(td ptrace.Traces, n uint64) {
	for _, rs := range td.ResourceSpans().All() {
		for _, span := range rs.ScopeSpans().At(0).Spans().All() {
			id := span.TraceID()
			binary.BigEndian.PutUint64(id[4:12], n)
			span.SetTraceID(id)
			k := binary.BigEndian.Uint64(idBytes(span.SpanID()))
			begin := at(time.Duration(n)*100*time.Millisecond + time.Duration(k)*10*time.Microsecond)
			span.SetStartTimestamp(pcommon.NewTimestampFromTime(begin))
			span.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Duration(200-2*k) * 10 * time.Microsecond)))
		}
	}
}

func idBytes(id pcommon.SpanID) []byte { return id[:] }

func BenchmarkTraces(b *testing.B) {
	cfg := testConfig()
	cfg.Limits.PendingSpans = 200_000
	i, err := New(cfg, newCounter(), func(*window.Snapshot) bool { return true })
	if err != nil {
		b.Fatal(err)
	}
	i.Start()
	td := benchTraces()
	for n := range uint64(100) { // fills what is kept
		shift(td, n)
		i.Traces(td, now())
	}
	n := uint64(100)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		shift(td, n)
		n++
		b.StartTimer()
		i.Traces(td, now())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*td.SpanCount()), "ns/span")
	if err := i.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTraces_parallel takes in the same from as many callers as there are
// processors, each with traces of its own.
func BenchmarkTraces_parallel(b *testing.B) {
	cfg := testConfig()
	cfg.Shards, cfg.Limits.PendingSpans = 0, 400_000
	i, err := New(cfg, nothingCounted{}, func(*window.Snapshot) bool { return true })
	if err != nil {
		b.Fatal(err)
	}
	i.Start()
	var clock atomic.Uint64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		td := benchTraces()
		for pb.Next() {
			shift(td, clock.Add(1))
			i.Traces(td, now())
		}
	})
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/span")
	if err := i.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// nothingCounted is an Observer that does nothing.
type nothingCounted struct{}

func (nothingCounted) SpansUsed(int)             {}
func (nothingCounted) SpansRefused(string, int)  {}
func (nothingCounted) SpansNoted(string, int)    {}
func (nothingCounted) PointsUsed(int)            {}
func (nothingCounted) PointsRefused(string, int) {}
func (nothingCounted) WindowRefused()            {}

// benchMetrics returns a scrape of 20 processes, of 4 points each.
func benchMetrics() pmetric.Metrics {
	md := pmetric.NewMetrics()
	for k := range 20 {
		rm := md.ResourceMetrics().AppendEmpty()
		a := rm.Resource().Attributes()
		a.PutStr("host.name", "host-1")
		a.PutInt("process.pid", int64(1000+k))
		ms := rm.ScopeMetrics().AppendEmpty().Metrics()
		m := ms.AppendEmpty()
		m.SetName("process.cpu.time")
		m.SetUnit("s")
		sum := m.SetEmptySum()
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		for _, state := range []string{"user", "system", "wait"} {
			sum.DataPoints().AppendEmpty().Attributes().PutStr("state", state)
		}
		m = ms.AppendEmpty()
		m.SetName("process.memory.usage")
		m.SetUnit("By")
		m.SetEmptyGauge().DataPoints().AppendEmpty()
	}
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			for _, p := range pointsOf(m).All() {
				p.SetTimestamp(pcommon.NewTimestampFromTime(epoch))
				p.SetDoubleValue(1)
			}
		}
	}
	return md
}

func pointsOf(m pmetric.Metric) pmetric.NumberDataPointSlice {
	if m.Type() == pmetric.MetricTypeSum {
		return m.Sum().DataPoints()
	}
	return m.Gauge().DataPoints()
}

// later makes it the next scrape, 100 ms later.
func later(md pmetric.Metrics) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			for _, p := range pointsOf(m).All() {
				p.SetTimestamp(p.Timestamp() + pcommon.Timestamp(100*time.Millisecond))
			}
		}
	}
}

func BenchmarkMetrics(b *testing.B) {
	i, err := New(testConfig(), nothingCounted{}, func(*window.Snapshot) bool { return true })
	if err != nil {
		b.Fatal(err)
	}
	i.Start()
	td := benchTraces() // who is there to join
	shift(td, 0)
	i.Traces(td, now())
	md := benchMetrics()
	b.ReportAllocs()
	for b.Loop() {
		later(md)
		i.Metrics(md, now())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*md.DataPointCount()), "ns/point")
	if err := i.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkExtract is the part of it that reads attributes.
func BenchmarkExtract(b *testing.B) {
	i, err := New(testConfig(), newCounter(), nil)
	if err != nil {
		b.Fatal(err)
	}
	td := benchTraces()
	shift(td, 1)
	b.ReportAllocs()
	for b.Loop() {
		s := i.scratch.Get().(*scratch)
		for k := range td.ResourceSpans().Len() {
			i.takeSpans(s, td.ResourceSpans().At(k), never, now().UnixNano())
		}
		i.release(s)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*td.SpanCount()), "ns/span")
}
