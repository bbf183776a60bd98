package feature_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// directWindow is front > cart without CLIENT spans: 60 calls, around which as many ms go by.
func directWindow(start, around int64) *window.Snapshot {
	return snapshot(start, []window.RPC{
		{Key: rpc("cart"), Count: 60, Latency: durations(60, 40*ms), Exclusive: durations(60, 40*ms)},
		{Key: rpc("front"), Count: 60, Entries: 60, Latency: durations(60, 80*ms), Exclusive: durations(60, 40*ms)},
	}, []window.Edge{
		{Key: edge("front", "cart"), Count: 60, Client: durations(0, 0), Network: durations(60, around*ms)},
	}, nil)
}

// matchedWindow is the same with them, and gaps of as many ms.
func matchedWindow(start, gap int64) *window.Snapshot {
	s := directWindow(start, gap)
	s.Edges[0].Matched, s.Edges[0].Client, s.Edges[0].Server = 60, durations(60, (40+gap)*ms), durations(60, 40*ms)
	return s
}

// What is around direct calls has columns, which make no node of a network and no column of a
// model, and of which none is refused.
func TestHistory_around(t *testing.T) {
	h := feature.NewHistory(30*time.Second, 10, 100)
	for i := range int64(5) {
		h.Append(directWindow(30*i, 25+i))
	}
	for q := range feature.D {
		assert.InEpsilon(t, math.Log(0.025), h.Value(node(cbn.NetworkNode, "front", "cart", q), 0), 0.01)
		assert.InEpsilon(t, math.Log(0.029), h.Value(node(cbn.NetworkNode, "front", "cart", q), 4), 0.01)
	}
	assert.Zero(t, h.Refused())
	assert.Empty(t, h.UnkeptServices())

	g := cbn.New(1, feature.Structure(directWindow(0, 25)))
	e := edge("front", "cart")
	assert.Equal(t, []int{-1, -1, -1}, []int{
		g.Index(cbn.Node{Class: cbn.NetworkNode, Edge: e}), g.Index(cbn.Node{Class: cbn.ClientNode, Edge: e}), g.NetworkChannel(e),
	})
	server := g.Index(cbn.Server(rpc("cart")))
	assert.Equal(t, []int{server}, g.Parents[g.Index(cbn.Server(rpc("front")))], "right below its caller")
	for _, k := range feature.NewLayout(g, h).XKeys {
		assert.NotEqual(t, feature.Latency, k.Kind)
	}
}

// Times around calls and gaps of matched ones are never in one column: the former are on
// record only while no caller's side is.
func TestHistory_aroundOrGaps(t *testing.T) {
	column := node(cbn.NetworkNode, "front", "cart", 0)
	for name, c := range map[string]struct {
		windows []*window.Snapshot
		want    []float64 // ms of each row, 0 where there is none
	}{
		"CLIENT spans come":      {[]*window.Snapshot{directWindow(0, 25), directWindow(30, 25), matchedWindow(60, 1), matchedWindow(90, 2)}, []float64{0, 0, 1, 2}},
		"CLIENT spans go":        {[]*window.Snapshot{matchedWindow(0, 1), directWindow(30, 25), matchedWindow(60, 2)}, []float64{1, 0, 2}},
		"there never are any":    {[]*window.Snapshot{directWindow(0, 25), directWindow(30, 26)}, []float64{25, 26}},
		"there always are":       {[]*window.Snapshot{matchedWindow(0, 1), matchedWindow(30, 2)}, []float64{1, 2}},
		"none is left of before": {[]*window.Snapshot{matchedWindow(0, 1), directWindow(30, 25), directWindow(60, 25), directWindow(90, 25), directWindow(120, 25), directWindow(150, 26)}, []float64{0, 0, 25, 26}},
	} {
		t.Run(name, func(t *testing.T) {
			h := feature.NewHistory(30*time.Second, 4, 100)
			for _, s := range c.windows {
				edges := append([]window.Edge(nil), s.Edges...)
				h.Append(s)
				assert.Equal(t, edges, s.Edges, "a snapshot is not changed")
			}
			assert.Equal(t, len(c.want), h.Len())
			for row, ms := range c.want {
				if got := h.Value(column, row); ms == 0 {
					assert.True(t, math.IsNaN(got), "row %d: %v", row, got)
				} else {
					assert.InEpsilon(t, math.Log(ms/1e3), got, 0.01, "row %d", row)
				}
			}
		})
	}

	h := feature.NewHistory(30*time.Second, 4, 100)
	h.Append(matchedWindow(0, 1))
	assert.InEpsilon(t, math.Log(0.001), h.Instead(directWindow(0, 25)).Value(column, 0), 0.01, "nor in a row that stands for others")
	assert.InEpsilon(t, math.Log(0.002), h.Instead(matchedWindow(0, 2)).Value(column, 0), 0.01)
}
