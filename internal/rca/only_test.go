package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Calls to a store usually take 2 to 30 ms. From one of two replicas they take 20 ms more, of
// which none is longer than the longest usually are, and from the other they are as always.
func TestDiagnosis_only(t *testing.T) {
	e := edge("mid", "db")
	ms := func(v int64) int { return window.Octave(v * 1e6) }
	gap := func(id string, calls map[int]float64) window.Gap {
		g := window.Gap{ID: id}
		for o, n := range calls {
			g.Calls[o] += n
		}
		return g
	}
	asUsual := map[int]float64{ms(2): 60, ms(30): 20}
	longer := map[int]float64{ms(22): 60, ms(40): 20}
	at := whose{service: svc("mid"), id: "a"}
	for name, c := range map[string]struct {
		callers []window.Gap
		want    bool
	}{
		"longer from a alone":        {[]window.Gap{gap("a", longer), gap("b", asUsual)}, true},
		"longer from both":           {[]window.Gap{gap("a", longer), gap("b", longer)}, false},
		"from b":                     {[]window.Gap{gap("a", asUsual), gap("b", longer)}, false},
		"there is one replica":       {[]window.Gap{gap("a", longer)}, false},
		"hardly any calls elsewhere": {[]window.Gap{gap("a", longer), gap("b", map[int]float64{ms(2): 4})}, false},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := incident(chain(), func(*world) {})
			d := &diagnosis{in: in, r: newReach(in.Graph, in.Entry), v: newView(rec, in.Snapshot.Start, 3.5)}
			d.v.edges = map[identity.Edge]*window.Edge{e: {Key: e, Leaf: true, Count: 160, Callers: c.callers}}
			for q := range feature.D {
				k := feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: cbn.ClientNode, Edge: e}, Quantile: q}
				d.v.seen[k] = level{usual: feature.LogSeconds([...]float64{2e6, 28e6, 30e6}[q]), n: 40}
			}
			assert.Equal(t, c.want, d.only(e, at))
		})
	}
}
