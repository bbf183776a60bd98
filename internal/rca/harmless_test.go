package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// Of 40 normal windows the last eight, a fifth, have as much CPU as the violated one. It is
// harmless where the service took no longer in them, and not where it did, as in those of a
// fault that violates its objective late.
func TestMetrics_moved_windowsOfTheFaultAreNotHarmless(t *testing.T) {
	own := feature.Key{Kind: feature.Exclusive, Edge: identity.Edge{Callee: identity.RPC{Service: svc("s"), Operation: "op"}}, Quantile: 1}
	for _, c := range []struct {
		name       string
		metric     string
		usual, now float64
		own        float64 // seconds, in those eight
		more       bool    // whether as much was seen at other times, too
		wanted     bool
	}{
		{"slow in them", "process.cpu.utilization", 0.3, 0.9, 0.100, false, true},
		{"half as slow in them, on the scale of logarithms", "process.cpu.utilization", 0.3, 0.9, 0.033, false, true},
		{"as fast as ever in them", "process.cpu.utilization", 0.3, 0.9, 0.010, false, false},
		{"slow in them, as much CPU before", "process.cpu.utilization", 0.3, 0.9, 0.100, true, false},
		{"less is worse, slow in them", "system.memory.available", 4e9, 2e8, 0.100, false, true},
		{"less is worse, as fast as ever", "system.memory.available", 4e9, 2e8, 0.010, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var rec table
			k := metricOf(c.metric)
			for i := range 41 {
				noise := 1 + 0.01*float64(i%3-1)
				row := map[feature.Key]float64{k: c.usual * noise, own: math.Log(0.010 * noise)}
				switch {
				case i == 40:
					row[k], row[own] = c.now, math.Log(0.100)
				case i >= 32:
					row[k], row[own] = c.now, math.Log(c.own*noise)
				case c.more && i%4 == 0:
					row[k] = c.now
				}
				rec = append(rec, row)
			}
			got := newMetrics(rec).moved(newView(rec, 40, 3.5), svc("s"), work{1, 1}, false)
			assert.Equal(t, c.wanted, len(got) == 1)
		})
	}
}
