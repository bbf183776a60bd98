package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/identity"
)

// What began before whoever looks did is seen in part, and not used: a request under
// way, what a sender kept and sends again, a metric of then. The window in which it
// began is not whole either.
func TestSince(t *testing.T) {
	cfg := testConfig()
	cfg.Guard.Since = at(12 * time.Second)
	r := newRig(t, cfg)
	long := root(1, 21*time.Second)
	long.start = 11 * time.Second
	r.Traces(batchOf(t, long), at(22*time.Second))
	r.Traces(batchOf(t, root(2, 3*time.Second)), at(22*time.Second))
	r.Traces(batchOf(t, root(3, 19*time.Second)), at(22*time.Second)) // begun since, in a window that is not whole
	r.Traces(batchOf(t, root(4, 21*time.Second)), at(22*time.Second))
	web := attrs{"service.name": "web"}
	r.Metrics(gaugeOf(t, web, "process.memory.usage", 15*time.Second, 1), at(22*time.Second))
	r.Metrics(gaugeOf(t, web, "process.memory.usage", 21*time.Second, 2), at(22*time.Second))

	snaps := r.end()
	assert.Equal(t, []int{20}, starts(snaps))
	assert.InDelta(t, 1, snaps[0].RPCs[0].Count, 0)
	assert.InDelta(t, 100e6, snaps[0].RPCs[0].Latency.Max(), 0)
	assert.Equal(t, map[string]int{"before_start": 3}, r.spans)
	assert.Equal(t, map[string]int{"before_start": 1}, r.lost)
	assert.Equal(t, 1, r.used)
}

func TestOldest(t *testing.T) {
	size := int64(10 * time.Second)
	for name, c := range map[string]struct{ since, want time.Time }{
		"none":              {time.Time{}, time.Unix(0, earliest)},
		"before any clock":  {time.Unix(5, 0), time.Unix(0, earliest)},
		"on a boundary":     {at(20 * time.Second), at(20 * time.Second)},
		"within a window":   {at(20*time.Second + 1), at(30 * time.Second)},
		"just before it is": {at(30*time.Second - 1), at(30 * time.Second)},
	} {
		g := Guard{Since: c.since}
		assert.Equal(t, uint64(c.want.UnixNano()), g.oldest(size), name)
	}
}

// A host whose clock is a minute ahead makes nobody late: the watermark does not pass
// the wall clock. One that is a minute behind is not late either, as the root of its
// traces decides where they belong.
func TestSkewedHostsMakeNobodyLate(t *testing.T) {
	for name, skew := range map[string]time.Duration{"ahead": time.Minute, "behind": -time.Minute} {
		r := newRig(t, testConfig())
		for k := range uint64(60) { // a second each
			end := time.Duration(k+1) * time.Second
			call := root(k+1, end)
			client := sp{service: "web", trace: k + 1, id: 2, parent: 1, kind: ptrace.SpanKindClient, name: "call", start: end - 80*time.Millisecond, end: end - 20*time.Millisecond}
			server := sp{service: "db", trace: k + 1, id: 3, parent: 2, kind: ptrace.SpanKindServer, name: "query", start: client.start + skew, end: client.end + skew}
			metric := gaugeOf(t, attrs{"service.name": "db"}, "process.memory.usage", end+skew, 1)
			r.Traces(batchOf(t, server), at(end))
			r.Metrics(metric, at(end))
			r.Traces(batchOf(t, client, call), at(end))
		}
		snaps := r.end()
		requests, queries := 0.0, 0.0
		for _, s := range snaps {
			for _, p := range s.RPCs {
				if p.Key.Service.Name == "web" {
					requests += p.Count
					// By durations, whatever the clocks say: 100 ms, of which 60 at the database.
					assert.InEpsilon(t, 40e6, p.Exclusive.Quantile(0.5), 0.011, name)
				} else {
					queries += p.Count
				}
			}
		}
		assert.InDelta(t, 60, requests, 0, name)
		assert.InDelta(t, 60, queries, 0, name)
		assert.Empty(t, r.spans, name)
	}
}

// What an operation was told to do holds against what its spans say, of the callee and
// of calls to a dependency without spans.
func TestTold(t *testing.T) {
	named := func(service, operation string) func(identity.RPC) bool {
		return func(r identity.RPC) bool { return r.Service.Name == service && r.Operation == operation }
	}
	cfg := testConfig()
	cfg.Told = Told{Waits: named("web", "GET /"), Works: named("feed", "POP")}
	r := newRig(t, cfg)
	job := sp{service: "job", trace: 2, id: 1, kind: ptrace.SpanKindInternal, name: "work", start: 0, end: time.Second}
	pop := sp{
		service: "job", trace: 2, id: 2, parent: 1, kind: ptrace.SpanKindClient, name: "pop", end: time.Second / 2,
		attrs: attrs{"db.operation.name": "POP", "peer.service": "feed", "network.protocol.name": "websocket"},
	}
	for range 2 { // the second time it is remembered
		r.Traces(batchOf(t, root(1, time.Second), job, pop), now())
	}
	r.Traces(batchOf(t, root(3, time.Second)), now())
	snaps := r.end()
	assert.Len(t, snaps, 1)
	for _, p := range snaps[0].RPCs {
		if p.Key.Service.Name == "web" {
			assert.InDelta(t, 2, p.Stream, 0)
			assert.Zero(t, p.Count)
		}
	}
	assert.Len(t, snaps[0].Edges, 1)
	assert.Zero(t, snaps[0].Edges[0].Stream)
	assert.InDelta(t, 1, snaps[0].Edges[0].Count, 0)
}
