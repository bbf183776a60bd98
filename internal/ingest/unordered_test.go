package ingest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// A request of many windows, resource by resource as exporters write it, is as good as many
// requests in the order of time.
func TestTraces_manyWindowsInOneRequest(t *testing.T) {
	const traces = 400 // one a second, of windows of 10 s
	var byTime, byService []sp
	for k := range traces {
		end := time.Duration(k+1) * time.Second
		web := root(uint64(k+1), end)
		db := sp{
			service: "db", trace: web.trace, id: 2, parent: 1, kind: ptrace.SpanKindServer, name: "query",
			start: end - 80*time.Millisecond, end: end - 20*time.Millisecond,
		}
		byTime = append(byTime, db, web)
	}
	byService = slices.Clone(byTime)
	slices.SortStableFunc(byService, func(a, b sp) int { return -len(a.service) + len(b.service) }) // web before db

	ordered := newRig(t, testConfig())
	for _, s := range byTime {
		ordered.Traces(batchOf(t, s), now())
	}
	want := ordered.end()
	at := newRig(t, testConfig())
	at.Traces(batchOf(t, byService...), now())
	assert.Equal(t, want, at.end())
	assert.Zero(t, at.lost["late"])
	assert.Equal(t, 2*traces, at.used)
}
