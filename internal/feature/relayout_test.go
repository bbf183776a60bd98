package feature_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// longer is chainWindow with a service that cart calls besides, and then without db.
func longer(i int, db bool) *window.Snapshot {
	s := chainWindow(i)
	n := s.RPCs[0].Count
	s.RPCs = append(s.RPCs, window.RPC{Key: rpc("stock"), Count: n, Latency: durations(30, 10*ms), Exclusive: durations(30, 10*ms)})
	s.Edges = append(s.Edges, window.Edge{Key: edge("cart", "stock"), Count: n, Matched: n, Client: durations(30, 12*ms), Network: durations(30, 2*ms)})
	if !db {
		s.Edges = s.Edges[1:]
	}
	return s
}

func grown(rows int, db bool) (*cbn.Graph, *feature.History) {
	h := feature.NewHistory(30*time.Second, 100, 1000)
	b := cbn.NewBuilder(5)
	var g *cbn.Graph
	for i := range rows {
		s := longer(i+10, db)
		h.Append(s)
		g = b.Update(feature.Structure(s))
	}
	return g, h
}

func TestRelayout_nothingChanged(t *testing.T) {
	g, h := chain(4)
	was := feature.NewLayout(g, h)
	is := feature.Relayout(was, g, h, feature.Changes{})
	assert.Equal(t, was, is)
	// Not even where the windows at hand would tell otherwise: of one row, nothing varies.
	_, one := chain(1)
	assert.Equal(t, was, feature.Relayout(was, g, one, feature.Changes{}))
	o := is.Origin(was, feature.Changes{})
	assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7}, o.X)
	assert.Equal(t, []int{0, 1, 2, 3, 4}, o.Nodes)
	assert.Equal(t, []int{0, 1, 2, 3}, o.Latents)
	assert.NotContains(t, o.ChangedNodes, true)
	assert.NotContains(t, o.ChangedLatents, true)
}

func TestRelayout_added(t *testing.T) {
	g, h := chain(4)
	was := feature.NewLayout(g, h)
	g, h = grown(4, true)
	is := feature.Relayout(was, g, h, feature.Changes{})
	lawful(t, is)
	var fresh []feature.Key
	for i, at := range is.Origin(was, feature.Changes{}).X {
		if at < 0 {
			fresh = append(fresh, is.XKeys[i])
		} else {
			assert.Equal(t, is.XKeys[i], was.XKeys[at])
			assert.Equal(t, is.Fixed[i], was.Fixed[at])
		}
	}
	assert.Equal(t, []feature.Key{of(feature.Load, "stock"), along(feature.Calls, "cart", "stock")}, fresh)
	o := is.Origin(was, feature.Changes{})
	for i, n := range g.Nodes {
		if at := o.Nodes[i]; at >= 0 {
			assert.Equal(t, n, was.Graph.Nodes[at])
		} else {
			assert.Contains(t, n.Edge.Callee.Service.Name, "stock")
		}
	}
	for i, c := range g.Channels {
		if at := o.Latents[i]; at >= 0 {
			assert.Equal(t, c, was.Graph.Channels[at])
		}
	}
}

// What is gone takes its columns along, those of its caller too: how often it was
// called is no column any more.
func TestRelayout_removed(t *testing.T) {
	g, h := chain(4)
	was := feature.NewLayout(g, h)
	g, h = grown(4, false)
	is := feature.Relayout(was, g, h, feature.Changes{})
	lawful(t, is)
	require.Contains(t, was.XKeys, along(feature.Calls, "cart", "db"))
	assert.NotContains(t, is.XKeys, along(feature.Calls, "cart", "db"))
	assert.Contains(t, is.XKeys, metric("cart", "cpu"))
}

// A channel that has changed is laid out anew: of its metrics, those that vary now.
func TestRelayout_changedChannel(t *testing.T) {
	g, h := chain(4)
	was := feature.NewLayout(g, h)
	_, one := chain(1)
	changes := feature.Changes{}
	changes.Add(g, cbn.Server(rpc("cart")))
	assert.Equal(t, []cbn.Channel{{Service: svc("cart")}}, changes.Channels)
	is := feature.Relayout(was, g, one, changes)
	lawful(t, is)
	assert.NotContains(t, is.XKeys, metric("cart", "cpu"), "one row does not vary")
	assert.Contains(t, is.XKeys, metric("front", "cpu"), "of what has not changed it does not matter")
	o := is.Origin(was, changes)
	assert.Equal(t, []bool{true, false, false, false}, o.ChangedLatents)
	assert.Equal(t, []bool{false, false, true, false, false}, o.ChangedNodes)
}

func TestChanges_Add(t *testing.T) {
	g, _ := chain(2)
	for _, c := range []struct {
		node cbn.Node
		want []cbn.Channel
	}{
		{cbn.Server(rpc("cart")), []cbn.Channel{{Service: svc("cart")}}},
		{cbn.Node{Class: cbn.NetworkNode, Edge: edge("front", "cart")}, []cbn.Channel{{Edge: edge("front", "cart")}}},
		{cbn.Node{Class: cbn.ClientNode, Edge: edge("cart", "db")}, []cbn.Channel{{Service: svc("db")}}}, // a leaf
		{cbn.Node{Class: cbn.ClientNode, Edge: edge("front", "cart")}, nil},
	} {
		var got feature.Changes
		got.Add(g, c.node)
		got.Add(g, c.node)
		assert.Equal(t, c.want, got.Channels)
		assert.Equal(t, []cbn.Node{c.node, c.node}, got.Nodes)
	}
}

func TestHistory_Since(t *testing.T) {
	h := feature.NewHistory(time.Nanosecond, 6, 100)
	for i := range 9 { // the ring wraps
		h.Append(chainWindow(i))
		h.SetHealth(h.Len()-1, feature.Health(i%3))
	}
	h.Append(longer(9, true))
	at := h.Start(3)
	got := h.Since(at)
	require.Equal(t, 3, got.Len())
	assert.Equal(t, h.Keys(), got.Keys())
	for row := range got.Len() {
		assert.Equal(t, h.Start(3+row), got.Start(row))
		assert.Equal(t, h.Health(3+row), got.Health(row))
	}
	for _, k := range h.Keys() {
		want := h.Column(k, nil)[3:]
		for i, v := range got.Column(k, nil) {
			assert.InDelta(t, want[i], v, 0) // NaN too
		}
	}
	got.Append(chainWindow(10))
	assert.Equal(t, 6, h.Len(), "it shares nothing")
	assert.Equal(t, 6, h.Since(0).Len())
	assert.Zero(t, h.Since(h.Start(5)+1).Len())
	assert.Empty(t, h.Since(h.Start(5)+1).Keys())
}
