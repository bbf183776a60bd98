package feature_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

const (
	ms     = int64(1e6)
	second = int64(1e9)
)

func svc(name string) identity.Service { return identity.Service{Name: name} }

func rpc(service string) identity.RPC {
	return identity.RPC{Service: svc(service), Operation: "op"}
}

func edge(caller, callee string) identity.Edge {
	return identity.Edge{Caller: rpc(caller), Callee: rpc(callee)}
}

// of is the key of a column of an RPC.
func of(k feature.Kind, service string) feature.Key {
	return feature.Key{Kind: k, Edge: identity.Edge{Callee: rpc(service)}}
}

// along is the key of a column of a call.
func along(k feature.Kind, caller, callee string) feature.Key {
	return feature.Key{Kind: k, Edge: edge(caller, callee)}
}

func metric(service, name string) feature.Key {
	return feature.Key{Kind: feature.Metric, Service: svc(service), Name: name}
}

func server(service string, q int) feature.Key {
	return feature.Key{Kind: feature.Latency, Node: cbn.Server(rpc(service)), Quantile: q}
}

func node(class cbn.Class, caller, callee string, q int) feature.Key {
	return feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: class, Edge: edge(caller, callee)}, Quantile: q}
}

// durations is a sketch of n times d.
func durations(n int, d int64) *sketch.Sketch {
	s := new(sketch.Sketch)
	for range n {
		s.Add(d, 1)
	}
	return s
}

// snapshot holds 30 s from start, and services with metrics where given.
func snapshot(start int64, rpcs []window.RPC, edges []window.Edge, metrics map[string]float64) *window.Snapshot {
	s := &window.Snapshot{Start: start * second, End: (start + 30) * second, RPCs: rpcs, Edges: edges}
	for _, name := range []string{"front", "cart", "db"} {
		if v, ok := metrics[name]; ok {
			s.Resources = append(s.Resources, window.Resource{Service: svc(name), Values: []window.Value{{Metric: "cpu", Value: v}}})
		}
	}
	return s
}

// cartWindow is front > cart > db, db being a leaf, and a message from cart to mail.
//
//	front: 60 requests of 80 ms, 20 of them its own, entry, 6 failed
//	cart: 120 requests of 40 ms and 30 streams; its calls overlap, union/sum = 1/2
//	front > cart: 120 calls of 45 ms, 100 of them matched with a gap of 5 ms
//	cart > db: 240 calls of 1 us; 24 failed
func cartWindow(start int64) *window.Snapshot {
	return snapshot(start, []window.RPC{
		{
			Key: rpc("cart"), Count: 120, Stream: 30, Latency: durations(120, 40*ms), Exclusive: durations(120, 10*ms),
			Union: 30, Sum: 60,
		},
		{
			Key: rpc("front"), Count: 60, Entries: 40, Errors: 6, Latency: durations(60, 80*ms), Exclusive: durations(60, 20*ms),
			Union: 60, Sum: 60,
		},
		{Key: rpc("mail"), Count: 4, Async: true, Latency: durations(4, 9*ms), Exclusive: durations(4, 9*ms)},
		{Key: rpc("watch"), Stream: 9, Entries: 9, Latency: durations(0, 0), Exclusive: durations(0, 0)},
	}, []window.Edge{
		{Key: edge("cart", "db"), Leaf: true, Count: 240, Errors: 24, Client: durations(240, 1)},
		{Key: edge("cart", "mail"), Async: true, Count: 4, Matched: 4, Client: durations(4, ms), Queue: durations(4, 300*ms)},
		{Key: edge("front", "cart"), Count: 120, Matched: 100, Client: durations(120, 45*ms), Network: durations(100, 5*ms)},
		{Key: edge("front", "watch"), Stream: 9, Leaf: true},
		{Key: edge("lost", "cart"), Count: 30, Matched: 30, Server: durations(30, 7*ms)},
	}, map[string]float64{"cart": 0.75})
}

func TestHistory_Append(t *testing.T) {
	h := feature.NewHistory(30*time.Second, 10, 100)
	h.Append(cartWindow(0))
	require.Equal(t, 1, h.Len())

	seconds := func(v float64) float64 { return math.Log(v) }
	want := map[feature.Key]float64{
		of(feature.Load, "front"): math.Log1p(2),
		of(feature.Load, "cart"):  math.Log1p(5),
		of(feature.Load, "mail"):  math.Log1p(4. / 30),
		of(feature.Load, "watch"): math.Log1p(9. / 30),

		of(feature.Errors, "front"):                                    0.1,
		of(feature.Errors, "cart"):                                     0,
		of(feature.Errors, "mail"):                                     0,
		along(feature.Errors, "cart", "db"):                            0.1,
		along(feature.Errors, "cart", "mail"):                          0,
		along(feature.Errors, "front", "cart"):                         0,
		along(feature.Errors, "lost", "cart"):                          0,
		of(feature.Overlap, "front"):                                   0,
		of(feature.Overlap, "cart"):                                    math.Log(0.5),
		along(feature.Calls, "front", "cart"):                          math.Log(2),
		along(feature.Calls, "cart", "db"):                             math.Log(2),
		along(feature.Calls, "cart", "mail"):                           math.Log(4. / 120),
		metric("cart", "cpu"):                                          0.75,
		server("mail", 0):                                              seconds(0.009),
		node(cbn.QueueNode, "cart", "mail", 0):                         seconds(0.3),
		node(cbn.ClientNode, "cart", "mail", 0):                        seconds(0.001),
		{Kind: feature.Exclusive, Edge: of(feature.Load, "mail").Edge}: seconds(0.009),
	}
	for q := range feature.D { // mail has 4 requests, enough for a median only
		for k, v := range map[feature.Key]float64{
			server("front", q):                        seconds(0.080),
			server("cart", q):                         seconds(0.040),
			node(cbn.ClientNode, "front", "cart", q):  seconds(0.045),
			node(cbn.NetworkNode, "front", "cart", q): seconds(0.005),
			node(cbn.ClientNode, "cart", "db", q):     seconds(1e-6), // no less is told apart
			{Kind: feature.Exclusive, Edge: of(feature.Load, "front").Edge, Quantile: q}: seconds(0.020),
			{Kind: feature.Exclusive, Edge: of(feature.Load, "cart").Edge, Quantile: q}:  seconds(0.010),
		} {
			want[k] = v
		}
	}
	got := map[feature.Key]float64{}
	for _, k := range h.Keys() {
		got[k] = h.Value(k, 0)
	}
	for k, v := range want {
		assert.InDelta(t, v, got[k], 0.012, "%+v", k) // sketches are 1.1 % off
		delete(got, k)
	}
	assert.Empty(t, got, "nothing else")
	assert.True(t, math.IsNaN(h.Value(server("nobody", 0), 0)))
}

func TestHistory_fewRequests(t *testing.T) {
	for n, want := range map[int][]int{2: nil, 3: {0}, 4: {0}, 5: {0, 1, 2}} {
		h := feature.NewHistory(time.Second, 1, 100)
		h.Append(snapshot(0, []window.RPC{{Key: rpc("a"), Count: float64(n), Latency: durations(n, ms)}}, nil, nil))
		var got []int
		for _, k := range h.Keys() {
			if k.Kind == feature.Latency {
				got = append(got, k.Quantile)
			}
		}
		assert.Equal(t, want, got, "%d requests", n)
	}
}

func TestStructure(t *testing.T) {
	s := cartWindow(0)
	s.Edges = append(s.Edges, window.Edge{ // a load generator
		Key: identity.Edge{Caller: identity.RPC{Service: svc("load")}, Callee: rpc("mail")}, Count: 2, Client: durations(2, ms),
	})
	assert.Equal(t, cbn.Observation{
		RPCs:    []identity.RPC{rpc("cart"), rpc("front"), rpc("mail")},
		Entries: []identity.RPC{rpc("front"), rpc("mail")},
		Calls: []cbn.Call{
			{Edge: edge("cart", "db"), Leaf: true},
			{Edge: edge("cart", "mail"), Async: true, Network: true},
			{Edge: edge("front", "cart"), Network: true},
			{Edge: edge("lost", "cart"), Network: true, Unseen: true},
			{Edge: identity.Edge{Caller: identity.RPC{Service: svc("load")}, Callee: rpc("mail")}},
		},
	}, feature.Structure(s))
}

func TestEntry(t *testing.T) {
	for want, rs := range map[bool][]window.RPC{
		true:  {{Entries: 1, Count: 2}, {Entries: 3, Count: 3}, {Entries: 3, Torn: 1, Count: 4}},
		false: {{Entries: 1, Count: 3}, {}, {Stream: 5}, {Entries: 3, Torn: 2, Count: 3}},
	} {
		for _, r := range rs {
			assert.Equal(t, want, feature.Entry(&r), "%+v", r)
		}
	}
}

// values appends one row per value, of the metric "cpu" of cart; NaN is missing.
func values(h *feature.History, from int64, vs ...float64) {
	for i, v := range vs {
		m := map[string]float64{}
		if !math.IsNaN(v) {
			m["cart"] = v
		}
		h.Append(snapshot(30*(from+int64(i)), nil, nil, m))
	}
}

func TestHistory_ringAndPruning(t *testing.T) {
	h := feature.NewHistory(30*time.Second, 3, 1)
	cpu, none := metric("cart", "cpu"), math.NaN()
	row := func() (out []float64) { return h.Column(cpu, nil) }

	values(h, 0, 1, none, 3)
	h.SetHealth(2, feature.Violated)
	assert.Equal(t, "[1 NaN 3]", fmt.Sprint(row()))
	values(h, 3, 4)
	assert.Equal(t, "[NaN 3 4]", fmt.Sprint(row()))
	assert.Equal(t, []feature.Health{feature.Unknown, feature.Violated, feature.Unknown},
		[]feature.Health{h.Health(0), h.Health(1), h.Health(2)})
	assert.Equal(t, []int64{30 * second, 60 * second, 90 * second}, []int64{h.Start(0), h.Start(1), h.Start(2)})

	h.Append(snapshot(120, nil, nil, map[string]float64{"db": 7}))
	assert.Equal(t, 1, h.Refused(), "one column is the bound")
	values(h, 5, none)
	require.Equal(t, []feature.Key{cpu}, h.Keys())
	values(h, 6, none)
	assert.Empty(t, h.Keys(), "a column that holds nothing is dropped")
	h.Append(snapshot(210, nil, nil, map[string]float64{"db": 7}))
	assert.Equal(t, []feature.Key{metric("db", "cpu")}, h.Keys(), "which frees its place")
	assert.Equal(t, 3, h.Len())
	assert.Panics(t, func() { h.Start(3) })
	assert.Panics(t, func() { h.Value(cpu, -1) })
}

func TestHistory_whatIsNoNumberOf32BitsIsMissing(t *testing.T) {
	h := feature.NewHistory(time.Second, 3, 10)
	values(h, 0, 1e300, math.Inf(1), -1e39)
	assert.Empty(t, h.Keys())
	assert.Equal(t, 3, h.Len())
}

// A second replay into the same record.
func TestHistory_timeSetBack(t *testing.T) {
	h := feature.NewHistory(30*time.Second, 4, 10)
	values(h, 0, 1, 2, 3, 4, 5)
	values(h, 3, 40)
	assert.Equal(t, "[2 3 40]", fmt.Sprint(h.Column(metric("cart", "cpu"), nil)))
	values(h, 0, 10)
	assert.Equal(t, "[10]", fmt.Sprint(h.Column(metric("cart", "cpu"), nil)))
	values(h, 1, 11, 12, 13, 14)
	assert.Equal(t, "[11 12 13 14]", fmt.Sprint(h.Column(metric("cart", "cpu"), nil)))
}

func TestHistory_CloneSharesNothing(t *testing.T) {
	h := feature.NewHistory(30*time.Second, 2, 10)
	values(h, 0, 1, 2)
	c := h.Clone()
	values(h, 2, 3)
	h.SetHealth(0, feature.Violated)
	values(c, 2, 30, 40)
	assert.Equal(t, "[2 3]", fmt.Sprint(h.Column(metric("cart", "cpu"), nil)))
	assert.Equal(t, "[30 40]", fmt.Sprint(c.Column(metric("cart", "cpu"), nil)))
	assert.Equal(t, feature.Unknown, c.Health(0))
}

// Ten values with quartiles 2.25 and 6.75: spread (6.75-2.25)/1.349.
func TestHistory_Baseline(t *testing.T) {
	h := feature.NewHistory(30*time.Second, 100, 10)
	cpu := metric("cart", "cpu")
	values(h, 0, 9, 0, math.NaN(), 8, 1, 7, 2, 1000, 6, 3, 5, 4, 2000)
	h.SetHealth(7, feature.Violated) // 1000
	h.SetHealth(1, feature.Healthy)
	assert.Equal(t, feature.Robust{Median: 4.5, Spread: 4.5 / 1.349, N: 10}, h.Baseline(cpu, 360*second))
	assert.Equal(t, feature.Robust{Median: 9, Spread: 0.18, N: 1}, h.Baseline(cpu, 1), "2 % at least")
	assert.InDelta(t, 9, h.Normal(cpu, 360*second, 1), 0, "the violated 1000 is not normal, 2000 came later")
	assert.InDelta(t, 8.1, h.Normal(cpu, 360*second, 0.9), 1e-9)
	assert.True(t, math.IsNaN(h.Normal(cpu, 0, 0.5)) && math.IsNaN(h.Normal(metric("x", "y"), 360*second, 0.5)))
	for _, none := range []feature.Robust{h.Baseline(cpu, 0), h.Baseline(metric("x", "y"), 360*second)} {
		assert.Zero(t, none.N)
		assert.True(t, math.IsNaN(none.Median) && math.IsNaN(none.Spread))
	}

	zero := feature.NewHistory(30*time.Second, 100, 100)
	zero.Append(cartWindow(0))
	assert.Equal(t, 1e-9, zero.Baseline(of(feature.Errors, "cart"), second).Spread)
	assert.Equal(t, 0.02, zero.Baseline(server("cart", 2), second).Spread)
}

// Law: Baseline is the interpolated quantiles of the sorted values.
func TestHistory_BaselineAgainstSorting(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 40; n++ {
		h := feature.NewHistory(time.Second, n, 10)
		var vs []float64
		for i := range n + 5 { // the ring wraps
			v := float64(rng.IntN(20))
			values(h, int64(i), v)
			if i >= 5 {
				vs = append(vs, v)
			}
		}
		slices.Sort(vs)
		q := func(q float64) float64 {
			at := q * float64(n-1)
			low := int(at)
			return vs[low] + (at-float64(low))*(vs[min(low+1, n-1)]-vs[low])
		}
		got := h.Baseline(metric("cart", "cpu"), math.MaxInt64)
		assert.Equal(t, n, got.N)
		assert.InDelta(t, q(0.5), got.Median, 1e-12)
		assert.InDelta(t, max((q(0.75)-q(0.25))/1.349, 0.02*q(0.5), 1e-9), got.Spread, 1e-12)
	}
}

func TestNewHistory_panicsOnMisuse(t *testing.T) {
	assert.Panics(t, func() { feature.NewHistory(0, 1, 1) })
	assert.Panics(t, func() { feature.NewHistory(1, 0, 1) })
	assert.Panics(t, func() { feature.NewHistory(1, 1, 0) })
}

// A day of half minutes.
func BenchmarkHistory_Baseline(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	h := feature.NewHistory(30*time.Second, 2880, 10)
	for i := range int64(2880) {
		values(h, i, rng.Float64())
	}
	b.ReportAllocs()
	for b.Loop() {
		h.Baseline(metric("cart", "cpu"), math.MaxInt64)
	}
}
