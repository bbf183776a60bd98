package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/callgraph"
)

func TestPoolWait(t *testing.T) {
	pg := attrs{"db.system.name": "postgresql", "server.address": "db"}
	for name, c := range map[string]struct {
		kind callgraph.Kind
		in   attrs
		want bool
	}{
		"pg-pool.connect":          {callgraph.Client, pg, true},
		"pool.acquire":             {callgraph.Client, pg, true},
		"HikariPool.getConnection": {callgraph.Client, pg, true},
		"Pool: Acquire":            {callgraph.Client, attrs{"db.system": "mysql"}, true},
		"pg.connect":               {callgraph.Client, pg, false},
		"sql.connector.connect":    {callgraph.Client, pg, false},
		"SELECT carpool":           {callgraph.Client, pg, false},
		"pg.query:SELECT pools":    {callgraph.Client, pg, false},
		"find pool.getters":        {callgraph.Client, attrs{"db.system.name": "mongodb", "db.collection.name": "pool.getters"}, false},
		"GET /pool/connect":        {callgraph.Client, attrs{"server.address": "pool"}, false},
		"pool.connect":             {callgraph.Internal, pg, false},
		"":                         {callgraph.Client, pg, false},
	} {
		span, a := spanOf(t, c.in)
		a.read(span.Attributes(), wanted[c.kind])
		assert.Equal(t, c.want, poolWait(c.kind, a, name), "%q", name)
	}
}

// A request of 100 ms waits 60 ms for a connection, in which one is made in 10 ms, and asks for 5 ms: it
// calls the database for 15 ms.
func TestPoolWaitIsOwnTime(t *testing.T) {
	pg := attrs{"db.system.name": "postgresql", "server.address": "db"}
	ms := func(n int) time.Duration { return time.Second + time.Duration(n)*time.Millisecond }
	r := newRig(t, testConfig())
	r.Traces(batchOf(
		t,
		sp{service: "web", trace: 1, id: 1, kind: ptrace.SpanKindServer, name: "GET /", start: ms(0), end: ms(100)},
		sp{service: "web", trace: 1, id: 2, parent: 1, kind: ptrace.SpanKindClient, name: "pg-pool.connect", start: ms(10), end: ms(70), attrs: pg},
		sp{service: "web", trace: 1, id: 3, parent: 2, kind: ptrace.SpanKindClient, name: "pg.connect", start: ms(60), end: ms(70), attrs: pg},
		sp{service: "web", trace: 1, id: 4, parent: 1, kind: ptrace.SpanKindClient, name: "pg.query:SELECT", start: ms(70), end: ms(75), attrs: pg},
		sp{service: "job", trace: 2, id: 5, kind: ptrace.SpanKindClient, name: "pg-pool.connect", start: ms(0), end: ms(50), attrs: pg},
	), now())
	snaps := r.end()
	require.Len(t, snaps, 1)
	require.Len(t, snaps[0].RPCs, 1, "what nobody asked for is no request")
	assert.InEpsilon(t, 85e6, snaps[0].RPCs[0].Exclusive.Quantile(0.5), 0.03)
	var called []string
	for _, e := range snaps[0].Edges {
		if e.Key.Caller.Service.Name == "web" {
			called = append(called, e.Key.Callee.Operation)
		}
	}
	assert.ElementsMatch(t, []string{"pg.connect", "pg.query:SELECT"}, called)
}
