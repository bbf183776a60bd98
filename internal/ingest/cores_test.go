package ingest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The time that cores spend in all states is how many there are; that in use leaves out idle.
func TestCatalogue_cores(t *testing.T) {
	for metric, c := range map[string]struct{ attribute, use, count string }{
		"system.cpu.time":        {"state", "host.cpu.usage", "host.cpu.time_count"},
		"node_cpu_seconds_total": {"mode", "host.cpu.exporter_usage", "host.cpu.exporter_count"},
	} {
		for state, uses := range map[string]bool{"user": true, "system": true, "idle": false, "iowait": false} {
			got := map[string]bool{}
			for _, r := range rowsOf[metric] {
				got[r.feature] = r.filter.passes(mapOf(t, attrs{c.attribute: state}))
			}
			assert.Equal(t, map[string]bool{c.use: uses, c.count: true}, got, "%s %s", metric, state)
		}
	}
}
