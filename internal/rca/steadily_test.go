package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// Three times as many requests, and one service of which nobody knows the CPU takes 1.5 s where it took
// 20 ms: all requests alike, or some of them at once, or none while they pile up.
func TestDiagnose_steadilySlow(t *testing.T) {
	for name, c := range map[string]struct {
		fastest float64 // seconds
		longer  float64 // by how much the last request of the entry takes longer than the first
		want    Kind
	}{
		"all alike":          {1.4, 0, KindService},
		"some wait for none": {0.02, 0, KindTraffic},
		"they pile up":       {1.4, 3, KindTraffic},
	} {
		w := chain()
		delete(w.metric, cpu("back"))
		in, rec := incident(w, func(w *world) { w.load, w.own[op("back")] = 60, 1.5 })
		own, all, ending := new(sketch.Sketch), new(sketch.Sketch), new(sketch.Sketch)
		own.Add(int64(c.fastest*1e9), 100)
		own.Add(1.5e9, 300)
		for i := range 450 { // in the order in which they end
			took := int64((1.5 + c.longer*float64(i)/450) * 1e9)
			if all.Add(took, 1); i >= 300 {
				ending.Add(took, 1)
			}
		}
		in.Snapshot.End = in.Snapshot.Start + 10e9
		in.Snapshot.RPCs = []window.RPC{
			{Key: op("back"), Count: 400, Exclusive: own},
			{Key: op("front"), Count: 450, Entries: 450, Latency: all, Ending: ending},
		}
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		assert.Equal(t, c.want, v.Culprits[0].Kind, name)
	}
}
