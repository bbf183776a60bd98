package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Of three RPCs that are called, two lose a fifth of their callers, the third is an entry
// besides: 20 %, by the lower quartile. What nobody calls, what is too rare and messages
// tell nothing.
func TestLossOf(t *testing.T) {
	calls := func(names ...string) (out []call) {
		for _, n := range names {
			out = append(out, call{edge: identity.Edge{Caller: op("front"), Callee: op(n)}})
		}
		return append(out, call{edge: identity.Edge{Caller: op("front"), Callee: op("db")}, leaf: true})
	}
	r := &reach{rpcs: []rpc{{key: op("front"), calls: calls("a", "b", "c", "rare", "async")}}}
	s := &window.Snapshot{RPCs: []window.RPC{
		{Key: op("front"), Entries: 100, Count: 100},
		{Key: op("a"), Entries: 20, Count: 100},
		{Key: op("b"), Entries: 10, Count: 50},
		{Key: op("c"), Entries: 90, Count: 100},
		{Key: op("rare"), Entries: 0, Count: lostRequests - 1},
		{Key: op("async"), Entries: 0, Count: 100, Async: true},
	}}
	assert.InDelta(t, 0.2, lossOf(r, s), 1e-12)
	for i := range s.RPCs[1:3] {
		s.RPCs[1+i].Entries = 0
	}
	assert.Zero(t, lossOf(r, s), "an entry that is called besides")
	assert.Zero(t, lossOf(&reach{}, s))
}

// Of a call, both spans of which are seen in 0.64 of the requests, and of one to a leaf
// in 0.8 of them, each request makes one; one of both is lost in 1 - 0.8^2.
func TestSite_lost(t *testing.T) {
	p := rpc{calls: []call{{}, {leaf: true}}}
	slow := shift{moved: [feature.D]bool{true}}
	s := site{now: calls{n: []float64{0.64, 0.8}}, latency: []shift{slow, slow}}
	assert.InDelta(t, 1-0.64, s.lost(p, &view{loss: 0.2}), 1e-12)
	assert.Zero(t, s.lost(p, &view{}))
	s.latency[0] = shift{}
	assert.InDelta(t, 0.2, s.lost(p, &view{loss: 0.2}), 1e-12, "that of the leaf, which alone is slower")
}
