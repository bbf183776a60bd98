package main

import (
	"encoding/binary"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// tick is one span at a time: event time is that of spans, and metrics alone would keep
// windows open for them.
type tick struct {
	td ptrace.Traces
	n  uint64
}

func newTick() *tick {
	t := &tick{td: ptrace.NewTraces()}
	rs := t.td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "tick")
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName("tick")
	span.SetKind(ptrace.SpanKindServer)
	return t
}

// at returns the span of some event time.
func (t *tick) at(now time.Time) ptrace.Traces {
	t.n++
	span := t.td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	var trace pcommon.TraceID
	var id pcommon.SpanID
	binary.BigEndian.PutUint64(trace[8:], t.n)
	binary.BigEndian.PutUint64(id[:], t.n)
	span.SetTraceID(trace)
	span.SetSpanID(id)
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(now.Add(-time.Millisecond)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(now))
	return t.td
}
