package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// CLIENT spans that nothing answers, of traces that never end, take no more room than
// the bound of pending spans gives, and no new memory once they fill it.
func TestAFloodOfUnmatchedSpans(t *testing.T) {
	const bound, perBatch, batches = 4000, 1000, 50
	cfg := testConfig()
	cfg.Limits.PendingSpans, cfg.Limits.Producers = bound, bound/4
	r := newRig(t, cfg)
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "web")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for range perBatch {
		s := spans.AppendEmpty()
		s.SetKind(ptrace.SpanKindClient)
		s.SetName("GET")
		s.SetParentSpanID(spanID(1)) // never comes
	}
	n := uint64(0)
	flood := func() {
		for k := range perBatch {
			n++
			s := spans.At(k)
			s.SetTraceID(pcommon.TraceID{8: byte(n >> 56), 12: byte(n >> 24), 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)})
			s.SetSpanID(spanID(n + 1))
			end := at(time.Duration(n) * time.Microsecond) // all within the allowed lateness
			s.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-time.Microsecond)))
			s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
		}
		r.Traces(td, now())
	}
	pending := func() (n int) {
		for _, sh := range r.shards {
			n += sh.traces.Pending()
		}
		return n
	}
	for range batches {
		flood()
		assert.LessOrEqual(t, pending(), bound)
	}
	assert.Greater(t, pending(), bound/2, "else the bound was not reached")
	// What a garbage collection takes from the pool of scratches is made anew: some 25
	// allocations, after one batch in four under the race detector, whose pools forget.
	assert.Less(t, testing.AllocsPerRun(20, flood)/perBatch, 0.02)
	kept := pending()
	r.end()
	assert.Equal(t, int(n), r.used)
	assert.Equal(t, int(n)-kept, r.notes["pending_limit"], "who gives way is counted")
	assert.Empty(t, r.spans)
}
