package servicegraph_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/servicegraph"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

const (
	second = int64(time.Second)
	hour   = int64(time.Hour)
)

func of(durations ...time.Duration) *sketch.Sketch {
	s := new(sketch.Sketch)
	for _, d := range durations {
		s.Add(int64(d), 1)
	}
	return s
}

func rpc(service, operation string) identity.RPC {
	return identity.RPC{Service: identity.Service{Name: service}, Operation: operation}
}

// share is a window of 10 s that starts at, with edges.
func share(at int64, edges ...window.EdgeShare) *window.Share {
	return &window.Share{Start: at, End: at + 10*second, Edges: edges}
}

// point is one data point, in short.
type point struct {
	metric, client, server, kind string
	start, at                    int64
	value                        float64 // of a sum; the count of a histogram
	sum                          float64
}

func points(md pmetric.Metrics) (out []point) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if m.Type() == pmetric.MetricTypeSum {
					for _, p := range m.Sum().DataPoints().All() {
						a := p.Attributes().AsRaw()
						out = append(out, point{
							m.Name(), a["client"].(string), a["server"].(string), a["connection_type"].(string),
							int64(p.StartTimestamp()), int64(p.Timestamp()), p.DoubleValue(), 0,
						})
					}
					continue
				}
				for _, p := range m.Histogram().DataPoints().All() {
					a := p.Attributes().AsRaw()
					out = append(out, point{
						m.Name(), a["client"].(string), a["server"].(string), a["connection_type"].(string),
						int64(p.StartTimestamp()), int64(p.Timestamp()), float64(p.Count()), p.Sum(),
					})
				}
			}
		}
	}
	return out
}

// Calls between two services add up over operations and windows.
func TestGraph_addsUp(t *testing.T) {
	g := servicegraph.New(10, hour)
	edge := func(caller, callee string, failed float64) window.EdgeShare {
		return window.EdgeShare{
			Key: identity.Edge{Caller: rpc("web", caller), Callee: rpc("cart", callee)}, Answered: true, Waited: true,
			Count: 2, Errors: failed, Client: of(3*time.Second, 5*time.Second), Server: of(time.Second),
		}
	}
	message := window.EdgeShare{Key: identity.Edge{Caller: rpc("cart", "a"), Callee: rpc("mail", "b")}, Answered: true, Count: 1, Queue: of(2 * time.Second)}
	database := window.EdgeShare{Key: identity.Edge{Caller: rpc("cart", "a"), Callee: rpc("db", "c")}, Waited: true, Count: 1, Client: of(time.Second)}
	stream := window.EdgeShare{Key: identity.Edge{Caller: rpc("web", "a"), Callee: rpc("feed", "c")}, Waited: true, Stream: 1}
	assert.Zero(t, g.Add(share(0, edge("a", "x", 1), edge("b", "x", 0), message, database, stream)))
	assert.Zero(t, g.Add(share(10*second, edge("a", "x", 0))))

	const prefix = "traces_service_graph_request_"
	assert.Equal(t, []point{
		{prefix + "total", "cart", "db", "virtual_node", 0, 20 * second, 1, 0},
		{prefix + "total", "cart", "mail", "messaging_system", 0, 20 * second, 1, 0},
		{prefix + "total", "web", "cart", "", 0, 20 * second, 6, 0},
		{prefix + "failed_total", "cart", "db", "virtual_node", 0, 20 * second, 0, 0},
		{prefix + "failed_total", "cart", "mail", "messaging_system", 0, 20 * second, 0, 0},
		{prefix + "failed_total", "web", "cart", "", 0, 20 * second, 1, 0},
		{prefix + "client_seconds", "cart", "db", "virtual_node", 0, 20 * second, 1, 1},
		{prefix + "client_seconds", "web", "cart", "", 0, 20 * second, 6, 24},
		{prefix + "server_seconds", "web", "cart", "", 0, 20 * second, 3, 3},
		{prefix + "messaging_system_seconds", "cart", "mail", "messaging_system", 0, 20 * second, 1, 2},
	}, points(g.Metrics(20*second)))
}

// A value lies in the bucket whose upper bound is the first that is not below it, as the
// specification of histograms has it, exactly also at the bounds themselves.
func TestGraph_bucketsAreExact(t *testing.T) {
	g := servicegraph.New(10, hour)
	bound := time.Duration(1 << 20) // 1.048576 ms
	durations := []time.Duration{0, 1, 1 << 17, 1<<17 + 1, bound, bound + 1, 1 << 34, 1<<34 + 1, time.Hour}
	g.Add(share(0, window.EdgeShare{
		Key: identity.Edge{Caller: rpc("web", "a"), Callee: rpc("cart", "x")}, Answered: true, Waited: true,
		Count: float64(len(durations)), Client: of(durations...),
	}))
	md := g.Metrics(10 * second)
	var p pmetric.HistogramDataPoint
	for _, m := range md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		if m.Name() == "traces_service_graph_request_client_seconds" {
			p = m.Histogram().DataPoints().At(0)
		}
	}
	bounds := p.ExplicitBounds().AsRaw()
	want := make([]uint64, len(bounds)+1)
	for _, d := range durations {
		k := 0
		for k < len(bounds) && d.Seconds() > bounds[k] {
			k++
		}
		want[k]++
	}
	assert.Equal(t, want, p.BucketCounts().AsRaw())
	assert.EqualValues(t, len(durations), p.Count())
}

// There is room for as many connections as are allowed; what was not seen for long makes
// room, and counts from zero when it is seen again.
func TestGraph_isBounded(t *testing.T) {
	call := func(callee string) window.EdgeShare {
		return window.EdgeShare{Key: identity.Edge{Caller: rpc("web", "a"), Callee: rpc(callee, "x")}, Answered: true, Waited: true, Count: 1}
	}
	total := func(g *servicegraph.Graph, at int64) map[string]point {
		out := map[string]point{}
		for _, p := range points(g.Metrics(at)) {
			if p.metric == "traces_service_graph_request_total" {
				out[p.server] = p
			}
		}
		return out
	}
	g := servicegraph.New(2, 100*second)
	assert.Equal(t, 1, g.Add(share(0, call("a"), call("b"), call("c"))))
	assert.Zero(t, g.Add(share(50*second, call("b"))))
	assert.Len(t, total(g, 60*second), 2)
	assert.Zero(t, g.Add(share(110*second, call("c"))), "a was seen 100 s ago")
	seen := total(g, 120*second)
	require.Len(t, seen, 2)
	assert.Equal(t, 2.0, seen["b"].value)
	assert.Equal(t, 110*second, seen["c"].start)

	assert.Empty(t, points(g.Metrics(hour)), "nothing is told of what is gone")
	assert.Zero(t, g.Add(share(hour, call("b"))))
	assert.Equal(t, 1.0, total(g, hour+10*second)["b"].value)
	assert.Panics(t, func() { servicegraph.New(0, 1) })
}

// Namespaces are labels of their own, where there are any.
// Where time is set back, as by a second replay, what is not called there gives up its
// place after the same time.
func TestGraph_timeSetBack(t *testing.T) {
	g := servicegraph.New(2, 100*second)
	call := func(to string) window.EdgeShare {
		return window.EdgeShare{Key: identity.Edge{Caller: rpc("web", "GET /"), Callee: rpc(to, "Get")}, Count: 1}
	}
	assert.Zero(t, g.Add(share(5000*second, call("a"), call("b"))))
	assert.Equal(t, 1, g.Add(share(5010*second, call("c"))))
	assert.Equal(t, 1, g.Add(share(1000*second, call("a"), call("b"), call("c"))))
	for at := int64(1010); at < 1110; at += 10 { // b was last called until 1010
		assert.Equal(t, 1, g.Add(share(at*second, call("a"), call("c"))), "%d s", at)
	}
	assert.Zero(t, g.Add(share(1110*second, call("a"), call("c"))))
}

func TestGraph_namespaces(t *testing.T) {
	g := servicegraph.New(2, hour)
	e := window.EdgeShare{Key: identity.Edge{Caller: rpc("web", "a"), Callee: rpc("cart", "x")}, Answered: true, Waited: true, Count: 1}
	e.Key.Callee.Service.Namespace = "shop"
	g.Add(share(0, e))
	a := g.Metrics(hour / 2).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).Attributes().AsRaw()
	assert.Equal(t, map[string]any{"client": "web", "server": "cart", "connection_type": "", "server_service_namespace": "shop"}, a)
}
