package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// habitual is a window of 10 requests to user, of which replicas serve so many, and of direct calls of order,
// of which so many others began before each.
func habitual(start int64, replicas map[string]float64, ahead map[string]float64) *window.Snapshot {
	s := &window.Snapshot{Start: start, End: start + 1}
	r := window.RPC{Key: op("user"), Count: 10}
	for _, id := range []string{"u1", "u2", "u3"} {
		if n := replicas[id]; n > 0 {
			r.Instances = append(r.Instances, window.Instance{ID: id, Count: n})
		}
	}
	s.RPCs = append(s.RPCs, r)
	for _, to := range []string{"stock", "user"} {
		if n, ok := ahead[to]; ok {
			e := window.Edge{Key: edge("order", to), Count: 2, Ahead: 2 * n, Client: new(sketch.Sketch), Network: new(sketch.Sketch)}
			e.Network.Add(1e6, 2)
			s.Edges = append(s.Edges, e)
		}
	}
	return s
}

func TestHabits(t *testing.T) {
	g := graphOf(spanless())
	var h Habits
	even := map[string]float64{"u1": 5, "u2": 5}
	for w := range int64(3) {
		h.Learn(habitual(w, even, map[string]float64{"user": 0, "stock": 2}), g)
	}
	h.Learn(habitual(3, map[string]float64{"u1": 10}, map[string]float64{"user": 1}), g)

	at, known := h.before(edge("order", "user"))
	assert.True(t, known)
	assert.InDelta(t, 0.1, at, 1e-9, "0 + (1 - 0)/10")
	at, known = h.before(edge("order", "stock"))
	assert.True(t, known, "not seen any more")
	assert.InDelta(t, 2, at, 1e-9)
	_, known = h.before(edge("stock", "ads"))
	assert.False(t, known)

	for name, c := range map[string]struct {
		from, before int64
		least        float64
		want         string
	}{
		"served until the onset":             {3, 0, 0.05, "u2"},
		"had gone long before":               {3, 3, 0.05, ""},
		"serves too little":                  {3, 0, 0.6, ""},
		"served in the window, so it is not": {2, 0, 0.05, ""},
	} {
		id, _ := h.away(svc("user"), c.from, c.before, c.least)
		assert.Equal(t, c.want, id, name)
	}
	id, _ := h.away(svc("stock"), 3, 0, 0.05)
	assert.Empty(t, id)
	var none *Habits
	id, _ = none.away(svc("user"), 3, 0, 0.05)
	assert.Empty(t, id)
	_, known = none.before(edge("order", "user"))
	assert.False(t, known)

	h.Learn(habitual(4, even, nil), graphOf(chain()))
	_, known = h.before(edge("order", "user"))
	assert.False(t, known, "no longer in the graph")
}

// Replicas that do not serve any more are forgotten, and more than can be told apart not learned.
func TestHabits_bounded(t *testing.T) {
	g := graphOf(spanless())
	var h Habits
	for w := range int64(3) {
		h.Learn(habitual(w, map[string]float64{"u1": 5, "u2": 5}, nil), g)
	}
	for w := range int64(attendedFor) {
		h.Learn(habitual(3+w, map[string]float64{"u3": 10}, nil), g)
	}
	assert.Len(t, h.attending[svc("user")], 1)
	s := habitual(10000, nil, nil)
	for i := range 2 * maxAttending {
		s.RPCs[0].Instances = append(s.RPCs[0].Instances, window.Instance{ID: string(rune('a' + i)), Count: 1})
	}
	h.Learn(s, g)
	assert.Len(t, h.attending[svc("user")], maxAttending)
}
