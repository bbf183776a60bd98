package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// Requests of the entry by window, usually 20 a second in 1 s; the onset is the third from the end.
func TestView_askedLater(t *testing.T) {
	load := feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: op("front")}}
	tail := feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: cbn.ServerNode, Edge: identity.Edge{Callee: op("front")}}, Quantile: 2}
	for name, c := range map[string]struct {
		asked, slow [3]float64
		want        bool
	}{
		"users ask again once it is slow":   {[3]float64{20, 21, 60}, [3]float64{3, 3, 3}, true},
		"more is asked, and it slows down":  {[3]float64{60, 60, 60}, [3]float64{1, 2, 3}, false},
		"more is asked since half a window": {[3]float64{30, 60, 60}, [3]float64{3, 3, 3}, false},
		"it was hardly slow before":         {[3]float64{20, 21, 60}, [3]float64{1.2, 1.2, 3}, false},
	} {
		rec := constant(map[feature.Key][2]float64{load: {math.Log1p(20), math.Log1p(20)}, tail: {0, 0}})
		before := int64(len(rec) - 3)
		for i := range 3 {
			row := map[feature.Key]float64{load: math.Log1p(c.asked[i]), tail: math.Log(c.slow[i])}
			rec[len(rec)-3+i] = row
		}
		assert.Equal(t, c.want, newView(rec, before, 3.5).askedLater(op("front"), load, 2), name)
	}
	rec := constant(map[feature.Key][2]float64{load: {math.Log1p(20), math.Log1p(60)}, tail: {0, 2}})
	assert.False(t, newView(rec, int64(len(rec)-1), 3.5).askedLater(op("front"), load, 2), "one window is too few")
}

// Three times as many requests, of which one service is 70 times as slow: for want of CPU, or with two
// thirds of it to spare.
func TestDiagnose_atEase(t *testing.T) {
	limit := hostMetric("back", "container.cpu.limit_utilization")
	for used, want := range map[float64]Kind{0.3: KindService, 0.9: KindTraffic} {
		w := chain()
		w.metric[limit] = used / 3
		in, rec := incident(w, func(w *world) { w.load, w.own[op("back")], w.metric[limit] = 60, 1.5, used })
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		assert.Equal(t, want, v.Culprits[0].Kind, "%v of its limit", used)
	}
}
