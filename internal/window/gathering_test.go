package window_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

func TestGathering_isOfOneWindow(t *testing.T) {
	g := window.NewGathering(size)
	assert.Panics(t, func() { g.Add(window.NewGathering(0)) })
	assert.Panics(t, func() { g.AddPart(&window.Part{Start: 0}) })
}

// What exemplars go by may come before or after what callers saw, of which it is no
// part: a message that waited 9 ms, and was sent in 1 ms.
func TestGathering_piecesComeInAnyOrder(t *testing.T) {
	key := identity.Edge{Caller: identity.RPC{Operation: "send"}, Callee: identity.RPC{Operation: "receive"}}
	of := func(ns int64) *sketch.Sketch {
		s := new(sketch.Sketch)
		s.Add(ns, 1)
		return s
	}
	spans := []window.Exemplar{{Span: identity.Span{ID: identity.SpanID{1}}, Duration: 1e6}, {Span: identity.Span{ID: identity.SpanID{2}}, Duration: 9e6}}
	pieces := []window.EdgeShare{
		{Key: key, Client: of(1e6)},
		{Key: key, Shown: of(9e6), Exemplars: window.Exemplars{Slowest: spans[1], Sample: spans}},
		{Key: key, Count: 1, Answered: true},
	}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}} {
		g := window.NewGathering(0)
		for _, k := range order {
			g.AddEdge(&pieces[k])
		}
		e := g.Snapshot(size, nil).Edges[0]
		assert.Equal(t, spans[1], e.Typical, "the median of what is shown is 9 ms")
		assert.Equal(t, spans[1], e.Exemplar)
		assert.Equal(t, 1.0, e.Client.Count())
		assert.True(t, e.Async && !e.Leaf)

		// And once more in the sum of two sources.
		sum := window.NewGathering(0)
		sum.Add(g)
		sum.Add(g)
		both := sum.Snapshot(size, nil).Edges[0]
		assert.Equal(t, spans[1], both.Typical)
		assert.Equal(t, 2.0, both.Count)
	}
}
