package ingest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// TestBadSpans sends one good request and one bad span of each kind: the good
// one must come out untouched, and the bad one be counted.
func TestBadSpans(t *testing.T) {
	with := func(change func(*sp)) sp {
		s := root(2, time.Second)
		s.name = "bad"
		change(&s)
		return s
	}
	year := 365 * 24 * time.Hour
	for _, c := range []struct {
		name     string
		bad      sp
		refused  map[string]int
		noted    map[string]int
		requests float64 // of both operations
	}{
		{"zero trace id", with(func(s *sp) { s.trace = 0 }), map[string]int{"invalid_id": 1}, nil, 1},
		{"zero span id", with(func(s *sp) { s.id = 0 }), map[string]int{"invalid_id": 1}, nil, 1},
		{"end before start", with(func(s *sp) { s.end = s.start - time.Second }), nil, map[string]int{"negative_duration": 1}, 2},
		{"two days", with(func(s *sp) { s.start = s.end - 48*time.Hour }), map[string]int{"too_long": 1}, nil, 1},
		{"1970", with(func(s *sp) { s.start = -time.Duration(epoch.UnixNano()); s.end = s.start + 1 }), map[string]int{"bad_time": 1}, nil, 1},
		{"next year", with(func(s *sp) { s.start += year; s.end += year }), map[string]int{"future": 1}, nil, 1},
		{"parent that never comes", with(func(s *sp) { s.parent = 99 }), nil, map[string]int{"unmatched_server": 1}, 2},
		{"its own parent", with(func(s *sp) { s.parent = s.id }), nil, map[string]int{"cycle": 1}, 2},
		{"no service", with(func(s *sp) { s.service = "" }), map[string]int{"no_service": 1}, nil, 1},
		{"invalid UTF-8", with(func(s *sp) { s.name, s.service = "a\xff", "b\xfe" }), nil, nil, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, testConfig())
			r.Traces(batchOf(t, root(1, time.Second), c.bad), now())
			total := 0.0
			for _, s := range r.end() {
				for _, rpc := range s.RPCs {
					total += rpc.Count
				}
			}
			assert.InDelta(t, c.requests, total, 0)
			if c.refused == nil {
				c.refused = map[string]int{}
			}
			if c.noted == nil {
				c.noted = map[string]int{}
			}
			assert.Equal(t, c.refused, r.spans)
			assert.Equal(t, c.noted, r.notes)
			refused := 0
			for _, n := range c.refused {
				refused += n
			}
			assert.Equal(t, 2-refused, r.used)
		})
	}
}

func TestDuplicatedSpans(t *testing.T) {
	r := newRig(t, testConfig())
	td := batchOf(t, root(1, time.Second))
	r.Traces(td, now())
	r.Traces(td, now()) // an exporter's retry
	snaps := r.end()
	require.Len(t, snaps, 1)
	require.Len(t, snaps[0].RPCs, 1)
	assert.InDelta(t, 1, snaps[0].RPCs[0].Count, 0)
	assert.Equal(t, map[string]int{"duplicate": 1}, r.spans)
}

func TestEachItsOwnAncestor(t *testing.T) {
	r := newRig(t, testConfig())
	a, b := root(1, time.Second), root(1, 2*time.Second)
	a.id, a.parent, b.id, b.parent = 1, 2, 2, 1
	r.Traces(batchOf(t, a, b), now())
	assert.Len(t, r.end(), 1)
	assert.Equal(t, 1, r.notes["cycle"])
}

func TestBadThreshold(t *testing.T) {
	r := newRig(t, testConfig())
	td := ptrace.NewTraces()
	root(1, time.Second).addTo(t, td)
	root(2, time.Second).addTo(t, td)
	td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).TraceState().FromRaw("ot=th:zz")
	td.ResourceSpans().At(1).ScopeSpans().At(0).Spans().At(0).TraceState().FromRaw("ot=th:c")
	r.Traces(td, now())
	assert.InDelta(t, 1+4, r.end()[0].RPCs[0].Count, 0)
	assert.Equal(t, map[string]int{"bad_threshold": 1}, r.notes)
}

func TestMissingEnd(t *testing.T) {
	r := newRig(t, testConfig())
	td := ptrace.NewTraces()
	root(1, time.Second).addTo(t, td)
	td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).SetEndTimestamp(0)
	r.Traces(td, now())
	assert.Empty(t, r.end())
	assert.Equal(t, map[string]int{"bad_time": 1}, r.spans)
}

func TestAMillionOperations(t *testing.T) {
	names := 1_000_000
	if testing.Short() {
		names = 200_000
	}
	cfg := testConfig()
	r := newRig(t, cfg)
	for from := 0; from < names; from += 10_000 {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "web")
		spans := rs.ScopeSpans().AppendEmpty().Spans()
		spans.EnsureCapacity(10_000)
		for k := range 10_000 {
			n := uint64(from + k + 1)
			span := spans.AppendEmpty()
			span.SetTraceID(pcommon.TraceID{0: 1, 12: byte(n >> 24), 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)})
			span.SetSpanID(spanID(n))
			span.SetKind(ptrace.SpanKindServer)
			span.SetName("GET /users/" + letters(n))
			end := at(time.Duration(n) * 10 * time.Microsecond)
			span.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-time.Microsecond)))
			span.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
		}
		r.Traces(td, now())
	}
	total := 0.0
	for _, s := range r.end() {
		assert.LessOrEqual(t, len(s.RPCs), cfg.Limits.OperationsPerService+1)
		for _, rpc := range s.RPCs {
			total += rpc.Count
		}
	}
	assert.InDelta(t, names, total, 0, "all of them are counted, under whatever name")
	assert.Equal(t, names-cfg.Limits.OperationsPerService, r.notes["operation_limit"])
	assert.Empty(t, r.spans)
}

// letters writes n in letters, which no rule tells from a word.
func letters(n uint64) string {
	return strings.Map(func(d rune) rune { return d - '0' + 'a' }, strconv.FormatUint(n, 10))
}

func TestServiceLimit(t *testing.T) {
	cfg := testConfig()
	cfg.Limits.Services = 3
	r := newRig(t, cfg)
	for k := range 10 {
		s := root(uint64(k+1), time.Second)
		s.service = fmt.Sprint("svc", k)
		r.Traces(batchOf(t, s), now())
		r.Metrics(gaugeOf(t, attrs{"service.name": s.service}, "process.memory.usage", time.Second, 1), now())
	}
	assert.Len(t, r.end()[0].RPCs, 3)
	assert.Equal(t, 7, r.spans["service_limit"])
	assert.Equal(t, 7, r.lost["service_limit"])
}

func TestInstanceAndPeerLimit(t *testing.T) {
	cfg := testConfig()
	cfg.Limits.Instances, cfg.Limits.Services = 2, 2
	r := newRig(t, cfg)
	for k := range 5 {
		s := root(uint64(k+1), time.Second)
		s.resource = attrs{"service.instance.id": fmt.Sprint("i", k)}
		c := s
		c.id, c.parent, c.kind, c.attrs = 2, 1, ptrace.SpanKindClient, attrs{"server.address": fmt.Sprint("host-", k)}
		r.Traces(batchOf(t, s, c), now())
	}
	snaps := r.end()
	require.Len(t, snaps[0].RPCs, 1)
	assert.InDelta(t, 5, snaps[0].RPCs[0].Count, 0)
	assert.LessOrEqual(t, len(snaps[0].RPCs[0].Instances), 3)
	assert.Equal(t, 3, r.notes["peer_limit"])
	assert.Positive(t, r.notes["instance_limit"])
}

func TestBadPoints(t *testing.T) {
	known := attrs{"service.name": "web"}
	gauge := func(when time.Duration, v float64) pmetric.Metrics {
		return gaugeOf(t, known, "process.memory.usage", when, v)
	}
	for _, c := range []struct {
		name string
		in   pmetric.Metrics
		want map[string]int
	}{
		{"NaN", gauge(0, math.NaN()), map[string]int{"not_finite": 1}},
		{"infinite", gauge(0, math.Inf(-1)), map[string]int{"not_finite": 1}},
		{"1970", gauge(-time.Duration(epoch.UnixNano()), 1), map[string]int{"bad_time": 1}},
		{"next year", gauge(365*24*time.Hour, 1), map[string]int{"future": 1}},
		{"no service", gaugeOf(t, attrs{"host.name": "h"}, "process.memory.usage", 0, 1), map[string]int{"no_service": 1}},
		{"no rule", gaugeOf(t, known, "something.else", 0, 1), map[string]int{"not_selected": 1}},
		{"no value", metricOf(t, known, "process.memory.usage", func(m pmetric.Metric) {
			m.SetEmptyGauge().DataPoints().AppendEmpty().SetTimestamp(pcommon.NewTimestampFromTime(epoch))
		}), map[string]int{"no_value": 1}},
		{"flagged as no value", metricOf(t, known, "process.memory.usage", func(m pmetric.Metric) {
			p := m.SetEmptyGauge().DataPoints().AppendEmpty()
			p.SetTimestamp(pcommon.NewTimestampFromTime(epoch))
			p.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
		}), map[string]int{"no_value": 1}},
		{"a histogram as a level", metricOf(t, known, "process.memory.usage", func(m pmetric.Metric) {
			p := m.SetEmptyHistogram().DataPoints().AppendEmpty()
			p.SetTimestamp(pcommon.NewTimestampFromTime(epoch))
			p.SetSum(1)
		}), map[string]int{"unsupported": 1}},
		{"a histogram without a sum", metricOf(t, known, "db.client.connection.wait_time", func(m pmetric.Metric) {
			m.SetEmptyHistogram().DataPoints().AppendEmpty().SetTimestamp(pcommon.NewTimestampFromTime(epoch))
		}), map[string]int{"unsupported": 1}},
		{"no type", metricOf(t, known, "process.memory.usage", func(pmetric.Metric) {}), map[string]int{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, testConfig())
			r.Metrics(c.in, now())
			assert.Empty(t, r.end())
			assert.Equal(t, c.want, r.lost)
			assert.Zero(t, r.points)
		})
	}
}

// counterAt returns a cumulative counter of CPU seconds.
func counterAt(t testing.TB, when time.Duration, value float64) pmetric.Metrics {
	return metricOf(t, attrs{"service.name": "web"}, "process.cpu.time", func(m pmetric.Metric) {
		m.SetUnit("s")
		s := m.SetEmptySum()
		s.SetIsMonotonic(true)
		s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := s.DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(at(when)))
		p.SetDoubleValue(value)
		p.Attributes().PutStr("state", "user")
	})
}

func TestCountersThatResetOrRunBackwards(t *testing.T) {
	r := newRig(t, testConfig())
	for k, value := range []float64{100, 110, 120, 3, 13} { // restarted before 31 s
		r.Metrics(counterAt(t, time.Duration(k*10+1)*time.Second, value), now())
	}
	r.Metrics(counterAt(t, 35*time.Second, 20), now()) // older than the last
	snaps := r.end()
	for _, s := range snaps {
		if v, ok := valueOf(t, s, "process.cpu.usage"); ok {
			assert.GreaterOrEqual(t, v, 0.0)
			assert.LessOrEqual(t, v, 1.0)
		}
	}
	v, ok := valueOf(t, snaps[0], "process.cpu.usage")
	assert.True(t, ok)
	assert.InDelta(t, 1, v, 1e-9, "10 CPU seconds in 10 s")
	assert.Equal(t, 1, r.lost["out_of_order"])
}
