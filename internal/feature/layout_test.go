package feature_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// chainWindow is row i of front > cart > db, db being a leaf. All that may vary
// does: load, calls per request (2+i and 3+i), overlap, cpu of front and cart.
func chainWindow(i int) *window.Snapshot {
	n := float64(30 + i)
	server := func(name string, d int64) window.RPC {
		r := window.RPC{Key: rpc(name), Count: n, Union: 1, Sum: 2 + float64(i), Latency: durations(30, d), Exclusive: durations(30, d/2)}
		if name == "front" {
			r.Entries = n
		}
		return r
	}
	return snapshot(int64(30*i), []window.RPC{server("cart", 40*ms), server("front", 80*ms)}, []window.Edge{
		{Key: edge("cart", "db"), Leaf: true, Count: n * float64(3+i), Client: durations(30, 20*ms)},
		{Key: edge("front", "cart"), Count: n * float64(2+i), Matched: n, Client: durations(30, 45*ms), Network: durations(30, 5*ms)},
	}, map[string]float64{"front": float64(i), "cart": float64(10 * i), "db": 1})
}

func chain(rows int) (*cbn.Graph, *feature.History) {
	h := feature.NewHistory(30*time.Second, 100, 1000)
	b := cbn.NewBuilder(5)
	var g *cbn.Graph
	for i := range rows {
		h.Append(chainWindow(i))
		g = b.Update(feature.Structure(chainWindow(i)))
	}
	return g, h
}

// The chain's graph and columns:
//
//	node                    parents  channels       |  channel            columns
//	0 client(cart > db)     -        cart, db       |  0 cart             cpu, load, overlap, calls(cart > db)
//	1 network(front > cart) -        net            |  1 db               - (its cpu is constant)
//	2 server(cart)          0        cart           |  2 front            cpu, load, overlap
//	3 client(front > cart)  1, 2     front          |  3 net(front>cart)  calls(front > cart)
//	4 server(front)         3        front          |
func TestNewLayout_chain(t *testing.T) {
	g, h := chain(4)
	l := feature.NewLayout(g, h)

	assert.Equal(t, []feature.Key{
		metric("cart", "cpu"),                 // 0
		metric("front", "cpu"),                // 1
		of(feature.Load, "cart"),              // 2
		of(feature.Load, "front"),             // 3
		of(feature.Overlap, "cart"),           // 4
		of(feature.Overlap, "front"),          // 5
		along(feature.Calls, "cart", "db"),    // 6
		along(feature.Calls, "front", "cart"), // 7
	}, l.XKeys)
	assert.Equal(t, []cbn.Channel{
		{Service: svc("cart")}, {Service: svc("db")}, {Service: svc("front")}, {Edge: edge("front", "cart")},
	}, g.Channels)
	assert.Equal(t, [][]int{{0, 2, 4, 6}, nil, {1, 3, 5}, {7}}, l.XOf)
	assert.Equal(t, gvae.Spec{
		NX: 8, D: 3,
		Latents: []gvae.Latent{
			{X: []int{0, 2, 4, 6}, Y: []int{0, 2}},
			{Y: []int{0}},
			{X: []int{1, 3, 5}, Y: []int{3, 4, 1, 2}},
			{X: []int{7}, Y: []int{1}},
		},
		Nodes: []gvae.Node{
			{X: []int{0, 2, 4, 6}, Latents: []int{0, 1}, Overlap: -1},
			{X: []int{7}, Latents: []int{3}, Overlap: -1},
			{Parents: []int{0}, X: []int{0, 2, 4, 6}, Latents: []int{0}, Terms: []gvae.Term{{Parent: 0, Calls: 6, Overlap: -1}}, Overlap: 4},
			{
				Parents: []int{1, 2}, X: []int{1, 3, 5}, Latents: []int{2},
				Terms: []gvae.Term{{Parent: 1, Calls: -1, Overlap: -1}, {Parent: 2, Calls: -1, Overlap: -1}}, Overlap: -1,
			},
			{Parents: []int{3}, X: []int{1, 3, 5, 7}, Latents: []int{2}, Terms: []gvae.Term{{Parent: 3, Calls: 7, Overlap: -1}}, Overlap: 5},
		},
	}, l.Spec)

	x, y := l.Row(h, 1)
	assert.InDeltaSlice(t, []float64{
		10, 1, math.Log1p(31. / 30), math.Log1p(31. / 30), math.Log(1. / 3), math.Log(1. / 3), math.Log(4), math.Log(3),
	}, x, 1e-6)
	for n, d := range []float64{0.020, 0.005, 0.040, 0.045, 0.080} {
		for q := range feature.D {
			assert.InDelta(t, math.Log(d), y[n*feature.D+q], 0.012)
		}
	}

	rows := []int{2, 0, 3}
	data, view := l.Data(h, rows), l.View(h, rows)
	assert.Equal(t, 3, data.N)
	assert.Equal(t, 3, view.N)
	column := make([]float64, 3)
	for c := range l.XKeys {
		view.Source.X(column, c)
		assert.Equal(t, data.X[c*3:c*3+3], column)
	}
	for c := range 5 * feature.D {
		view.Source.Y(column, c)
		assert.Equal(t, data.Y[c*3:c*3+3], column)
	}
	require.Len(t, data.X, 8*3)
	require.Len(t, data.Y, 5*feature.D*3)
	for w, row := range rows {
		x, y := l.Row(h, row)
		for i, v := range x {
			assert.Equal(t, v, data.X[i*3+w])
		}
		for i, v := range y {
			assert.Equal(t, v, data.Y[i*3+w])
		}
	}
}

func TestNewLayout_callsSeenByTheCalleeOnly(t *testing.T) {
	h := feature.NewHistory(30*time.Second, 100, 1000)
	g := cbn.New(1, cbn.Observation{
		RPCs: []identity.RPC{rpc("front"), rpc("cart")}, Calls: []cbn.Call{{Edge: edge("front", "cart"), Unseen: true}},
	})
	for i := range 3 {
		h.Append(chainWindow(i))
	}
	l := feature.NewLayout(g, h)
	require.Equal(t, along(feature.Calls, "front", "cart"), l.XKeys[6])
	assert.Equal(t, []gvae.Term{{Parent: 0, Calls: 6, Overlap: -1}}, l.Spec.Nodes[1].Terms)
	assert.Contains(t, l.Spec.Nodes[1].X, 6)
	assert.Contains(t, l.XOf[g.ServiceChannel(svc("front"))], 6)
}

// Of 9 rows, cart is seen in the last 4 and its cpu in so many of these.
func TestNewLayout_columnsOftenMissing(t *testing.T) {
	for there, want := range map[int]bool{0: false, 1: false, 2: true, 4: true} {
		h := feature.NewHistory(30*time.Second, 100, 1000)
		var g *cbn.Graph
		b := cbn.NewBuilder(5)
		for i := range 9 {
			s := chainWindow(i)
			s.Resources = nil
			switch {
			case i < 5:
				s.RPCs, s.Edges = s.RPCs[1:], nil
			case i < 5+there:
				s.Resources = []window.Resource{{Service: svc("cart"), Values: []window.Value{{Metric: "cpu", Value: float64(i)}}}}
			}
			h.Append(s)
			g = b.Update(feature.Structure(s))
		}
		keys := feature.NewLayout(g, h).XKeys
		assert.Equal(t, want, slices.Contains(keys, metric("cart", "cpu")), "%d of 4", there)
		assert.True(t, slices.Contains(keys, of(feature.Load, "cart")))
		assert.True(t, slices.Contains(keys, along(feature.Calls, "cart", "db")))
		assert.False(t, slices.Contains(keys, along(feature.Calls, "front", "cart")), "front was seen in all of 9")
	}
}

func TestNewLayout_ofNothing(t *testing.T) {
	h := feature.NewHistory(30*time.Second, 100, 1000)
	l := feature.NewLayout(cbn.New(0, cbn.Observation{}), h)
	assert.Zero(t, l.Spec.NX)
	assert.Empty(t, l.Spec.Nodes)

	g, _ := chain(1) // a graph, but no history of it
	l = feature.NewLayout(g, h)
	assert.Zero(t, l.Spec.NX)
	h.Append(snapshot(0, nil, nil, nil))
	_, y := l.Row(h, 0)
	require.Len(t, y, 5*feature.D)
	assert.True(t, math.IsNaN(y[0]), "missing is not zero")
}

// Calls that have always been two a request are a column, which the arithmetic of
// the decoder needs and which no network sees.
func TestLayout_constantCallsAreFixed(t *testing.T) {
	h := feature.NewHistory(time.Second, 20, 100)
	b := cbn.NewBuilder(10)
	a, c := identity.RPC{Service: identity.Service{Name: "a"}, Operation: "r"}, identity.RPC{Service: identity.Service{Name: "c"}, Operation: "r"}
	var g *cbn.Graph
	for i := range 10 {
		sketchOf := func(ns int64, n int) *sketch.Sketch {
			s := &sketch.Sketch{}
			for range n {
				s.Add(ns+int64(i), 1)
			}
			return s
		}
		s := &window.Snapshot{
			Start: int64(i) * 1e9, End: int64(i+1) * 1e9,
			RPCs: []window.RPC{
				{Key: a, Entries: 10, Count: 10, Latency: sketchOf(5e6, 10), Exclusive: sketchOf(1e6, 10), Union: 4e7, Sum: 4e7},
				{Key: c, Count: 20, Latency: sketchOf(2e6, 20), Exclusive: sketchOf(2e6, 20)},
			},
			Edges: []window.Edge{{
				Key: identity.Edge{Caller: a, Callee: c}, Count: 20, Matched: 20, Within: 4e7, Share: 4e7,
				Client: sketchOf(2e6, 20), Server: sketchOf(2e6, 20), Network: sketchOf(1e4, 20), Queue: &sketch.Sketch{},
			}},
		}
		h.Append(s)
		g = b.Update(feature.Structure(s))
	}
	l := feature.NewLayout(g, h)
	calls := slices.Index(l.XKeys, feature.Key{Kind: feature.Calls, Edge: identity.Edge{Caller: a, Callee: c}})
	require.GreaterOrEqual(t, calls, 0)
	assert.True(t, l.Fixed[calls])
	server := l.Spec.Nodes[g.Index(cbn.Server(a))]
	require.Len(t, server.Terms, 1)
	assert.Equal(t, calls, server.Terms[0].Calls)
	assert.NotContains(t, server.X, calls)
	for _, lat := range l.Spec.Latents {
		assert.NotContains(t, lat.X, calls)
	}
	x, _ := l.Row(h, 9)
	assert.InDelta(t, math.Log(2), x[calls], 1e-6)
}
