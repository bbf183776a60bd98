package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

func graphOf(w *world) *cbn.Graph { return cbn.NewBuilder(10).Update(w.observation()) }

func channelOf(g *cbn.Graph, c cbn.Channel) int {
	for i := range g.Channels {
		if g.Channels[i] == c {
			return i
		}
	}
	return -1
}

func TestReach(t *testing.T) {
	g := graphOf(fanout())
	r := newReach(g, op("front"))
	require.NotNil(t, r)
	for name, want := range map[string]bool{"front": true, "a": true, "b": true, "db": true, "audit": false} {
		assert.Equal(t, want, r.causal(channelOf(g, cbn.Channel{Service: svc(name)})), name)
	}
	assert.Equal(t, op("front"), r.rpcs[0].key, "effects before causes")
	assert.Len(t, r.rpcs, 4)
	assert.Equal(t, []string{"front", "a", "db"}, r.pathTo(channelOf(g, cbn.Channel{Service: svc("db")})))
	assert.Equal(t, []string{"front"}, r.pathTo(channelOf(g, cbn.Channel{Service: svc("front")})))
	assert.Equal(t, []string{"front", "b"}, r.pathTo(channelOf(g, cbn.Channel{Edge: edge("front", "b")})))
	observed, total := r.coverage()
	assert.Equal(t, 4, observed)
	assert.Equal(t, 5, total)

	below := newReach(g, op("a"))
	assert.False(t, below.causal(channelOf(g, cbn.Channel{Service: svc("b")})), "a sibling")
	assert.False(t, below.causal(channelOf(g, cbn.Channel{Service: svc("front")})), "the caller")
	assert.Nil(t, newReach(g, op("nowhere")))
}

// A service calls itself through another one, and again: paths name each hop.
func TestReach_serviceCycle(t *testing.T) {
	inner := identity.RPC{Service: svc("front"), Operation: "GET /inner"}
	w := newWorld().serve("back", 0.02, 1).serve("mid", 0.01, 1).serve("front", 0.01, 1)
	w.rpcs = append([]identity.RPC{w.rpcs[0], inner}, w.rpcs[1:]...)
	e := identity.Edge{Caller: inner, Callee: op("back")}
	f := identity.Edge{Caller: op("mid"), Callee: inner}
	w.edges = append(w.edges, e, f)
	w.call("front", "mid", 1, 0.001)
	g := graphOf(w)
	r := newReach(g, op("front"))
	assert.Equal(t, []string{"front", "mid", "front", "back"}, r.pathTo(channelOf(g, cbn.Channel{Service: svc("back")})))
}

func TestDemand(t *testing.T) {
	w := newWorld().
		serve("c", 0.010, 1).serve("b", 0.010, 1).serve("front", 0.010, 1).
		call("b", "c", 3, 0.001).call("front", "b", 2, 0.001).call("front", "c", 0.05, 0.001)
	in, rec := incident(w, func(*world) {})
	r := newReach(in.Graph, in.Entry)
	v := newView(rec, in.Onset, 3.5)
	d := newDemand(r, v, 0.99)
	node := func(name string) int {
		return in.Graph.Index(cbn.Node{Class: cbn.ServerNode, Edge: identity.Edge{Callee: op(name)}})
	}
	assert.InDelta(t, 1, d.mean[node("front")], 0)
	assert.InDelta(t, 2, d.mean[node("b")], 0.1)
	assert.InDelta(t, 2*3+0.05, d.mean[node("c")], 0.3, "added over paths")
	assert.InDelta(t, 1, d.tail[node("b")], 0.05, "one slow call of two")
	assert.InDelta(t, 1+1, d.tail[node("c")], 0.1, "a twentieth of the requests is enough for a p99")
	assert.InDelta(t, 1+0.5, newDemand(r, v, 0.90).tail[node("c")], 0.1, "for a p90 it is half of it")
}

// What one in twenty of one in twenty requests visits shows in a p99 as a quarter.
func TestDemand_rareBelowRare(t *testing.T) {
	w := newWorld().
		serve("c", 0.010, 1).serve("b", 0.010, 1).serve("front", 0.010, 1).
		call("b", "c", 0.05, 0.001).call("front", "b", 0.05, 0.001)
	in, rec := incident(w, func(*world) {})
	r := newReach(in.Graph, in.Entry)
	d := newDemand(r, newView(rec, in.Onset, 3.5), 0.99)
	node := func(name string) int {
		return in.Graph.Index(cbn.Node{Class: cbn.ServerNode, Edge: identity.Edge{Callee: op(name)}})
	}
	assert.InDelta(t, 1, d.tail[node("b")], 0.05)
	assert.InDelta(t, 0.25, d.tail[node("c")], 0.05)
}
