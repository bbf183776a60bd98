package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
)

// mid is slow for nothing that is measured. The load of its host is no reason where back, which
// runs there, takes the CPU, and mid uses as much as ever.
func TestDiagnose_loadOfANeighbour(t *testing.T) {
	const load, used, pressure = "host.cpu.load", "container.cpu.usage", "container.cpu.pressure"
	of := hostMetric
	for name, c := range map[string]struct {
		host  string // of back
		moved map[feature.Key]float64
		want  Mechanism
	}{
		"the neighbour takes it":    {"node-1", map[feature.Key]float64{of("back", used): 3}, Latent},
		"or queues for it":          {"node-1", map[feature.Key]float64{of("back", pressure): 0.9}, Latent},
		"nobody does":               {"node-1", nil, CPU},
		"one on another host does":  {"node-2", map[feature.Key]float64{of("back", used): 3}, CPU},
		"it waits for it, too":      {"node-1", map[feature.Key]float64{of("back", used): 3, of("mid", pressure): 0.9}, CPU},
		"the host says it is short": {"node-1", map[feature.Key]float64{of("back", used): 3, of("mid", hostCPU): 0.97}, CPU},
	} {
		t.Run(name, func(t *testing.T) {
			w := chain()
			w.metric[of("mid", hostCPU)], w.metric[of("mid", load)] = 0.2, 1
			for _, s := range []string{"mid", "back"} {
				w.metric[of(s, used)], w.metric[of(s, pressure)] = 0.3, 0.05
			}
			in, rec := incident(w, func(w *world) {
				w.own[op("mid")], w.metric[of("mid", load)] = 0.200, 8
				for k, v := range c.moved {
					w.metric[k] = v
				}
			})
			placed(&in, load, map[string]string{"back": c.host, "mid": "node-1"}, map[string]float64{"node-1": 8, "node-2": 8})
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			assert.Equal(t, svc("mid"), v.Culprits[0].Service)
			assert.Equal(t, c.want, v.Culprits[0].Mechanism, v.Culprits[0].Metric)
			sound(t, v)
		})
	}
}
