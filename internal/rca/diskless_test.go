package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
)

// Both are on a host whose disk became busy.
func TestMetrics_diskless(t *testing.T) {
	key := func(service, name string) feature.Key {
		return feature.Key{Kind: feature.Metric, Service: svc(service), Name: name}
	}
	busy := map[feature.Key][2]float64{key("s", "host.disk.busy"): {0.05, 0.9}, key("o", "host.disk.busy"): {0.05, 0.9}}
	for name, c := range map[string]struct {
		more     map[feature.Key][2]float64
		diskless bool
	}{
		"nobody's traffic with a disk is known": {map[feature.Key][2]float64{key("s", "container.cpu.usage"): {1, 1}}, false},
		"its own is known":                      {map[feature.Key][2]float64{key("s", "container.disk.io"): {1e5, 1e5}}, false},
		"that of others is, by what measures it as well": {
			map[feature.Key][2]float64{key("s", "container.cpu.usage"): {1, 1}, key("o", "container.disk.io"): {1e5, 1e5}}, true,
		},
		"that of others is, by what does not measure it": {
			map[feature.Key][2]float64{key("s", "process.cpu.time"): {1, 1}, key("o", "container.disk.io"): {1e5, 1e5}}, false,
		},
		"it did nothing in this window": {
			map[feature.Key][2]float64{key("s", "container.disk.io"): {0, 0}, key("o", "container.disk.io"): {1e5, 1e5}}, true,
		},
		"a full disk is no traffic": {
			map[feature.Key][2]float64{key("s", "container.cpu.usage"): {1, 1}, key("o", "container.disk.usage"): {1e9, 1e9}}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			values := map[feature.Key][2]float64{}
			for _, m := range []map[feature.Key][2]float64{busy, c.more} {
				for k, v := range m {
					values[k] = v
				}
			}
			rec := constant(values)
			m, v := newMetrics(rec), newView(rec, 10, 3.5)
			got := m.diskless(v, m.traffic(v), svc("s"))
			assert.Equal(t, c.diskless, got)

			var names []string
			for _, x := range m.moved(v, svc("s"), work{1, 1}, got) {
				names = append(names, x.key.Name)
			}
			if c.diskless {
				assert.NotContains(t, names, "host.disk.busy")
			} else {
				assert.Contains(t, names, "host.disk.busy")
			}
		})
	}
}
