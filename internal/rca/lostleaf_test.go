package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

// Only the tail of the hub's calls to its store shows that messages are sent again. Single calls of
// its other links, out of 200 of each, tell whether the store is slow or the hub loses them.
func TestEndpoints_lostOnTheWay(t *testing.T) {
	in, toA, toB, toDB := edge("front", "hub"), edge("hub", "a"), edge("hub", "b"), edge("hub", "db")
	for name, c := range map[string]struct {
		late map[identity.Edge]float64
		want string
	}{
		"of the store alone":                {map[identity.Edge]float64{toDB: 6}, "db"},
		"of one more call elsewhere":        {map[identity.Edge]float64{toDB: 6, toA: 1}, "db"},
		"of all links alike":                {map[identity.Edge]float64{toDB: 6, toA: 2, toB: 3, in: 2}, "hub"},
		"nearly all of the store's, beside": {map[identity.Edge]float64{toDB: 190, toA: 1, toB: 1}, "db"},
		"nobody counted":                    {nil, "db"},
	} {
		t.Run(name, func(t *testing.T) {
			got := settled(hub(), counted{lost: c.late}, late{toDB, 0.2, false})
			assert.Equal(t, map[string]float64{c.want: 0.2}, got)
		})
	}
	t.Run("a delay of all calls", func(t *testing.T) {
		all := counted{lost: map[identity.Edge]float64{toDB: 200, toA: 20, toB: 20, in: 20}}
		assert.Equal(t, map[string]float64{"db": 0.2}, settled(hub(), all, late{toDB, 0.2, true}))
	})
}

// Calls that are late by less than it takes to send a message again are not counted as lost.
func TestEndpoint_outlying(t *testing.T) {
	toA := edge("hub", "a")
	r := newReach(graphOf(hub()), hub().entry())
	c := r.g.NetworkChannel(toA)
	by := make([]suspect, len(r.g.Channels))
	by[c] = suspect{channel: c, excess: 1, parts: []part{{edge: toA}}}
	e := endpoint{r: r, by: by, symptoms: counted{}, left: []int{c}}
	assert.InDelta(t, resent, e.outlying(), 1e-12, "200 ms of what usually takes 1 ms")
	e.symptoms = slowly{}
	assert.InDelta(t, 0.1, e.outlying(), 1e-12, "sqrt(1 s * 10 ms): not sent again")
}

// slowly are links of which the longest gaps are a second, and usually 10 ms, in no steps.
type slowly struct{ counted }

func (slowly) longest(identity.Edge) (now, usual float64) { return 1, 0.010 }

func (slowly) resends(identity.Edge, float64) bool { return false }
