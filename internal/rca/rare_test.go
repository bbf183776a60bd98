package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// The entry's p99 rose from 50 to 250 ms. Of 1000 calls of each link some take 220 ms longer on
// the way, the others 1 ms: 1 % of the requests must have one for that to be why.
func TestDiagnosis_rare(t *testing.T) {
	in, toA, toB := edge("front", "hub"), edge("hub", "a"), edge("hub", "b")
	for name, c := range map[string]struct {
		late      map[identity.Edge]int
		quantile  float64
		visits    float64 // of each link, by a request
		explained float64 // seconds, by what moved a quantile
		want      map[identity.Edge]float64
	}{
		"two links together":         {map[identity.Edge]int{in: 8, toA: 4}, 0.99, 1, 0, map[identity.Edge]float64{in: 2. / 3, toA: 1. / 3}},
		"one alone":                  {map[identity.Edge]int{toB: 15}, 0.99, 1, 0.03, map[identity.Edge]float64{toB: 1}},
		"too few for the tail":       {map[identity.Edge]int{in: 5, toA: 4}, 0.99, 1, 0, nil},
		"enough for that of p99.9":   {map[identity.Edge]int{in: 4}, 0.999, 1, 0, map[identity.Edge]float64{in: 1}},
		"but those are strays":       {map[identity.Edge]int{in: 2}, 0.999, 1, 0, nil},
		"few requests come by":       {map[identity.Edge]int{in: 8, toA: 8}, 0.99, 0.5, 0, nil},
		"quantiles explain it":       {map[identity.Edge]int{in: 8, toA: 8}, 0.99, 1, 0.05, nil},
		"nothing is late on its way": {nil, 0.99, 1, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := &diagnosis{in: Input{Quantile: c.quantile}, r: newReach(graphOf(hub()), hub().entry()), factual: 0.250, usual: 0.050}
			d.v = newView(constant(nil), 10, 3.5)
			d.v.edges = map[identity.Edge]*window.Edge{}
			d.d.visits = make([]float64, len(d.r.g.Nodes))
			for i := range d.d.visits {
				d.d.visits[i] = c.visits
			}
			for _, e := range []identity.Edge{in, toA, toB} {
				gaps := new(sketch.Sketch)
				gaps.Add(1e6, float64(1000-c.late[e]))
				if c.late[e] > 0 {
					gaps.Add(220e6, float64(c.late[e]))
				}
				d.v.edges[e] = &window.Edge{Network: gaps}
			}
			var got map[identity.Edge]float64
			for _, p := range d.rare(scores{explained: c.explained}) {
				if got == nil {
					got = map[identity.Edge]float64{}
				}
				got[p.edge] = p.excess / (d.factual - d.usual)
				assert.Equal(t, Network, p.mechanism)
				assert.Equal(t, d.r.g.NetworkChannel(p.edge), p.channel)
			}
			assert.Len(t, got, len(c.want))
			for e, share := range c.want {
				assert.InDelta(t, share, got[e], 1e-9, "%v", e)
			}
		})
	}
}
