package rootcauseprocessor

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/summary"
)

const giant = 1 << 20

// hostileSpans are what no SDK sends, each made of one request of another service that
// ends at a time.
var hostileSpans = map[string]func(td ptrace.Traces){
	"a name of 1 MB":      func(td ptrace.Traces) { span(td).SetName(strings.Repeat("x", giant)) },
	"a service of 1 MB":   func(td ptrace.Traces) { resource(td).PutStr("service.name", strings.Repeat("s", giant)) },
	"a namespace of 1 MB": func(td ptrace.Traces) { resource(td).PutStr("service.namespace", strings.Repeat("s", giant)) },
	"a replica of 1 MB":   func(td ptrace.Traces) { resource(td).PutStr("service.instance.id", strings.Repeat("i", giant)) },
	"a version of 1 MB":   func(td ptrace.Traces) { resource(td).PutStr("service.version", strings.Repeat("v", giant)) },
	"a host of 1 MB":      func(td ptrace.Traces) { resource(td).PutStr("host.name", strings.Repeat("h", giant)) },
	"a key of 1 MB":       func(td ptrace.Traces) { span(td).Attributes().PutStr(strings.Repeat("k", giant), "v") },
	"10,000 attributes": func(td ptrace.Traces) {
		for k := range 10_000 {
			span(td).Attributes().PutInt("k"+strconv.Itoa(k), int64(k))
			resource(td).PutInt("k"+strconv.Itoa(k), int64(k))
		}
	},
	"deep attributes": func(td ptrace.Traces) {
		m := span(td).Attributes().PutEmptyMap("http.route")
		for range 1000 {
			m = m.PutEmptyMap("m")
		}
	},
	"names of other types": func(td ptrace.Traces) {
		for _, key := range []string{"service.name", "service.namespace", "service.instance.id", "service.version", "host.name"} {
			resource(td).PutEmptySlice(key).AppendEmpty().SetInt(1)
		}
		for _, key := range []string{"http.request.method", "http.route", "server.address", "server.port", "error.type", "peer.service"} {
			span(td).Attributes().PutDouble(key, math.NaN())
		}
	},
	"names that are no text": func(td ptrace.Traces) {
		span(td).SetName("\xff\xfe\x00")
		resource(td).PutStr("service.name", "\xff")
		resource(td).PutStr("service.instance.id", "a\x00b")
	},
	"an error of 1 MB": func(td ptrace.Traces) {
		span(td).Status().SetCode(ptrace.StatusCodeError)
		span(td).Attributes().PutStr("error.type", strings.Repeat("e", giant))
	},
	"a tracestate of 1 MB": func(td ptrace.Traces) { span(td).TraceState().FromRaw("ot=th:" + strings.Repeat("f", giant)) },
	"10,000 links": func(td ptrace.Traces) {
		span(td).SetKind(ptrace.SpanKindConsumer)
		for k := range 10_000 {
			span(td).Links().AppendEmpty().SetTraceID(pcommon.TraceID{15: byte(k), 14: byte(k >> 8), 1: 7})
		}
	},
	"in 1970":     func(td ptrace.Traces) { times(td, 0, 1) },
	"in 2200":     func(td ptrace.Traces) { times(td, 7_258_118_400e9, 7_258_118_401e9) },
	"to 2554":     func(td ptrace.Traces) { times(td, span(td).StartTimestamp(), math.MaxUint64) },
	"from 1970":   func(td ptrace.Traces) { times(td, 0, span(td).EndTimestamp()) },
	"backwards":   func(td ptrace.Traces) { times(td, span(td).EndTimestamp(), span(td).StartTimestamp()) },
	"no end":      func(td ptrace.Traces) { times(td, span(td).StartTimestamp(), 0) },
	"a kind of 9": func(td ptrace.Traces) { span(td).SetKind(9) },
	"of itself":   func(td ptrace.Traces) { span(td).SetParentSpanID(span(td).SpanID()) },
	"no IDs":      func(td ptrace.Traces) { span(td).SetTraceID(pcommon.TraceID{}); span(td).SetSpanID(pcommon.SpanID{}) },
	"nothing":     func(td ptrace.Traces) { ptrace.NewSpan().CopyTo(span(td)) },
}

func span(td ptrace.Traces) ptrace.Span {
	return td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
}

func resource(td ptrace.Traces) pcommon.Map { return td.ResourceSpans().At(0).Resource().Attributes() }

func times(td ptrace.Traces, start, end pcommon.Timestamp) {
	span(td).SetStartTimestamp(start)
	span(td).SetEndTimestamp(end)
}

// hostileMetrics are metrics of the service that is watched, and would be features of it.
var hostileMetrics = map[string]func(m pmetric.Metric, at pcommon.Timestamp){
	"NaN":      gauge(math.NaN()),
	"infinite": gauge(math.Inf(1)),
	"huge":     gauge(math.MaxFloat64),
	"denormal": gauge(math.SmallestNonzeroFloat64),
	"in 1970":  func(m pmetric.Metric, _ pcommon.Timestamp) { gauge(1)(m, 0) },
	"in 2200":  func(m pmetric.Metric, _ pcommon.Timestamp) { gauge(1)(m, 7_258_118_400e9) },
	"a counter that counts beyond all": func(m pmetric.Metric, at pcommon.Timestamp) {
		s := m.SetEmptySum()
		s.SetIsMonotonic(true)
		s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		for k, v := range []int64{math.MinInt64, math.MaxInt64, -1} {
			p := s.DataPoints().AppendEmpty()
			p.SetIntValue(v)
			p.SetTimestamp(at + pcommon.Timestamp(k))
		}
	},
	"bounds out of order, and another number of counts": func(m pmetric.Metric, at pcommon.Timestamp) {
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		p := h.DataPoints().AppendEmpty()
		p.SetTimestamp(at)
		p.ExplicitBounds().FromRaw([]float64{5, math.NaN(), 1, math.Inf(-1)})
		p.BucketCounts().FromRaw([]uint64{math.MaxUint64, math.MaxUint64})
		p.SetCount(math.MaxUint64)
		p.SetSum(math.Inf(-1))
	},
	"a scale that is none": func(m pmetric.Metric, at pcommon.Timestamp) {
		h := m.SetEmptyExponentialHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		for _, scale := range []int32{math.MinInt32, -100, 100, math.MaxInt32} {
			p := h.DataPoints().AppendEmpty()
			p.SetTimestamp(at)
			p.SetScale(scale)
			p.Positive().SetOffset(math.MaxInt32)
			p.Positive().BucketCounts().FromRaw([]uint64{math.MaxUint64, 1})
			p.Negative().SetOffset(math.MinInt32)
			p.Negative().BucketCounts().FromRaw([]uint64{1})
			p.SetCount(0)
			p.SetSum(math.NaN())
		}
	},
	"a quantile of NaN": func(m pmetric.Metric, at pcommon.Timestamp) {
		p := m.SetEmptySummary().DataPoints().AppendEmpty()
		p.SetTimestamp(at)
		p.SetSum(math.NaN())
		q := p.QuantileValues().AppendEmpty()
		q.SetQuantile(math.NaN())
		q.SetValue(math.NaN())
	},
	"a name of 1 MB": func(m pmetric.Metric, at pcommon.Timestamp) {
		gauge(1)(m, at)
		m.SetName(strings.Repeat("m", giant))
	},
	"a key of 1 MB": func(m pmetric.Metric, at pcommon.Timestamp) {
		gauge(1)(m, at)
		m.Gauge().DataPoints().At(0).Attributes().PutStr(strings.Repeat("k", giant), strings.Repeat("v", giant))
	},
	"no type": func(pmetric.Metric, pcommon.Timestamp) {},
}

func gauge(v float64) func(pmetric.Metric, pcommon.Timestamp) {
	return func(m pmetric.Metric, at pcommon.Timestamp) {
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetDoubleValue(v)
		p.SetTimestamp(at)
	}
}

// Whatever comes beside it, an incident opens and ends as without, what is said of it can
// be sent and read, nothing fails inside, and all that came passes.
func TestData_hostile(t *testing.T) {
	set, tel, logged := watched(t)
	p := newPipelinesWith(t, set, violatedConfig(), 1)
	p.start(t)
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	rounds := 0
	hostile := func() {
		rounds++
		for what, spoil := range hostileSpans {
			td := request(uint64(rounds)<<8|uint64(len(what)), at, 10*time.Millisecond)
			resource(td).PutStr("service.name", "other")
			spoil(td)
			require.NoError(t, p.traces.ConsumeTraces(t.Context(), td), what)
		}
		for what, put := range hostileMetrics {
			for _, name := range []string{"process.cpu.utilization", "jvm.gc.duration", "system.memory.utilization"} {
				for _, scope := range []string{"", summary.Scope} {
					md := pmetric.NewMetrics()
					rm := md.ResourceMetrics().AppendEmpty()
					rm.Resource().Attributes().PutStr("service.name", "shop")
					sm := rm.ScopeMetrics().AppendEmpty()
					sm.Scope().SetName(scope)
					sm.Scope().SetVersion(summary.Version)
					sm.Scope().Attributes().PutStr("sage.source", "hostile")
					m := sm.Metrics().AppendEmpty()
					m.SetName(name)
					put(m, pcommon.NewTimestampFromTime(at))
					require.NoError(t, p.metrics.ConsumeMetrics(t.Context(), md), what)
				}
			}
		}
	}
	seconds := 0
	for _, phase := range []struct {
		seconds int
		took    time.Duration
	}{{20, 10 * time.Millisecond}, {5, 500 * time.Millisecond}, {10, 10 * time.Millisecond}} {
		for range phase.seconds {
			at = p.feed(t, at, 1, phase.took)
			seconds++
			if seconds%8 == 0 {
				hostile()
			}
		}
	}
	p.stop(t)

	assert.Equal(t, 35*20+rounds*len(hostileSpans), p.gotTraces.SpanCount())
	assert.Len(t, p.gotMetrics.AllMetrics(), rounds*len(hostileMetrics)*3*2)
	assert.Equal(t, 2, names(p.gotLogs[0])["rca.incident"], "opened and resolved")
	_, err := tel.GetMetric("otelcol_rootcause_failures")
	require.Error(t, err, "nothing failed: %v", logged.FilterMessageSnippet("fail").All())
	for _, ld := range p.gotLogs[0].AllLogs() {
		b, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		require.NoError(t, err)
		assert.Less(t, len(b), 64<<10)
		for _, rl := range ld.ResourceLogs().All() {
			readable(t, rl.Resource().Attributes())
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					assert.True(t, utf8.ValidString(r.Body().AsString()))
					readable(t, r.Attributes())
				}
			}
		}
	}
}

// readable checks that attributes are what every backend can show.
func readable(t *testing.T, m pcommon.Map) {
	t.Helper()
	for k, v := range m.All() {
		assert.True(t, utf8.ValidString(v.AsString()), k)
		assert.Less(t, len(v.AsString()), 4096, k)
		if v.Type() == pcommon.ValueTypeDouble {
			assert.False(t, math.IsNaN(v.Double()) || math.IsInf(v.Double(), 0), "%s is %v", k, v.Double())
		}
	}
}
