package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
)

// A busy service that is asked for a fifth more has none of its CPU left, and takes ever longer,
// which is no doing of its own. It is where it takes more CPU for each request, where there is
// CPU left, and where no more requests come.
func TestDiagnose_aFifthMoreIsTooMuch(t *testing.T) {
	cpu := feature.Key{Kind: feature.Metric, Service: svc("back"), Name: "container.cpu.utilization"}
	for _, c := range []struct {
		name             string
		load, usual, now float64
		traffic          bool
	}{
		{"swamped", 1.2, 0.8, 0.96, true},
		{"in percent", 1.2, 80, 96, true},
		{"takes more CPU for each request", 1.2, 0.5, 0.96, false},
		{"has CPU left", 1.2, 0.4, 0.48, false},
		{"no more requests", 1.02, 0.94, 0.96, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := chain()
			w.metric[cpu] = c.usual
			busy := func(w *world) {
				w.load *= c.load
				w.metric[cpu] = c.now
				w.own[op("back")] = 0.400
			}
			for _, v := range both(w, busy) {
				require.Len(t, v.Culprits, 1)
				assert.Equal(t, c.traffic, v.Culprits[0].Kind == KindTraffic, "%+v", v.Culprits[0])
				sound(t, v)
			}
		})
	}
}
