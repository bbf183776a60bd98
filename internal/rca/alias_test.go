package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
)

// front calls search, which calls a store, and a load balancer before it that a client span names
// here and there: what it tells is what search does, whatever makes that slow.
func TestDiagnose_alias(t *testing.T) {
	for name, c := range map[string]struct {
		balancer, store float64 // seconds now
		usual           float64 // of the balancer; 0: 0.05, as search takes
		metric          bool    // the balancer has metrics
		want            []string
	}{
		"the same calls, seen twice":         {2.05, 2.03, 0, false, []string{"dependency store"}},
		"search is as usual":                 {2.05, 0.03, 0, false, []string{"dependency balancer"}},
		"both are slow, by different times":  {6.0, 2.03, 0, false, []string{"dependency balancer", "dependency store"}},
		"usually they differ":                {2.05, 2.03, 0.3, false, []string{"dependency balancer", "dependency store"}},
		"what has metrics is something else": {2.05, 2.03, 0, true, []string{"dependency balancer", "dependency store"}},
	} {
		base := newWorld().serve("search", 0.020, 1).serve("front", 0.005, 1).query("search", "store", 1, 0.030).
			call("front", "search", 1, 0.0001).query("front", "balancer", 0.5, 0.050)
		if c.usual > 0 {
			base.leaf[edge("front", "balancer")] = c.usual
		}
		if c.metric {
			base.metric[feature.Key{Kind: feature.Metric, Service: svc("balancer"), Name: "container.cpu.utilization"}] = 0.3
		}
		in, rec := incident(base, func(w *world) {
			w.leaf[edge("search", "store")], w.leaf[edge("front", "balancer")] = c.store, c.balancer
		})
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		require.False(t, v.Abstained, v.Reason)
		assert.ElementsMatch(t, c.want, kindsOf(v), name)
		sound(t, v)
	}
}

// Late by less than half of the usual tail, latencies are alike by chance.
func TestAlias_rose(t *testing.T) {
	base := newWorld().serve("search", 0.020, 1).serve("front", 0.005, 1).query("search", "store", 1, 0.030).
		call("front", "search", 1, 0.0001).query("front", "balancer", 0.5, 0.050)
	for _, c := range []struct {
		factor float64
		want   bool
	}{{1.2, false}, {1.45, false}, {1.7, true}, {40, true}} {
		in, rec := incident(base, func(w *world) {
			w.leaf[edge("front", "balancer")] = 0.050 * c.factor
			w.leaf[edge("search", "store")] = 0.050*c.factor - 0.020
		})
		d := &diagnosis{in: in, r: newReach(in.Graph, in.Entry), v: newView(rec, in.Onset, 3.5)}
		d.v.measure(d.r, in.Snapshot)
		front := d.r.rpcs[0]
		require.Len(t, front.calls, 2)
		leaf, other := front.calls[0], front.calls[1]
		if !leaf.leaf {
			leaf, other = other, leaf
		}
		assert.Equal(t, c.want, d.alias(leaf, other), "%g: %g", c.factor, math.Log(c.factor))
	}
}
