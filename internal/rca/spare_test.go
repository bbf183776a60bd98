package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
)

// Use of CPU that leaves more than half of its limit gives way to what tells more, and to
// nothing else.
func TestSpared(t *testing.T) {
	const (
		limit   = "container.cpu.limit_utilization"
		cores   = "container.cpu.usage"
		gc      = "runtime.gc.time"
		written = "container.disk.io"
		kept    = "container.memory.working_set"
	)
	for name, c := range map[string]struct {
		values map[string][2]float64 // usual, now
		want   []string
	}{
		"collecting garbage":         {map[string][2]float64{limit: {0.0455, 0.243}, gc: {0.001, 0.2}}, []string{gc}},
		"measured in cores, too":     {map[string][2]float64{limit: {0.0455, 0.243}, cores: {0.1, 0.5}, gc: {0.001, 0.2}}, []string{gc}},
		"with half of its limit":     {map[string][2]float64{limit: {0.1, 0.52}, gc: {0.001, 0.2}}, []string{limit, gc}},
		"without a limit":            {map[string][2]float64{cores: {0.1, 0.5}, gc: {0.001, 0.2}}, []string{cores, gc}},
		"one thread in four cores":   {map[string][2]float64{limit: {0.02, 0.25}, cores: {0.08, 1}}, []string{limit, cores}},
		"of which all wait":          {map[string][2]float64{limit: {0.02, 0.25}, "runtime.eventloop.delay": {0.001, 0.5}, written: {1e6, 5e7}}, []string{"runtime.eventloop.delay", limit, written}},
		"kept from its CPU":          {map[string][2]float64{limit: {0.02, 0.25}, "container.cpu.throttled": {0.001, 0.5}, gc: {0.001, 0.2}}, []string{"container.cpu.throttled", limit, gc}},
		"writes far more":            {map[string][2]float64{limit: {0.02, 0.25}, written: {2e4, 2e7}}, []string{written}},
		"which it seldom did":        {map[string][2]float64{limit: {0.02, 0.25}, written: {0, 2e7}}, []string{written}},
		"writes more, by less":       {map[string][2]float64{limit: {0.02, 0.25}, written: {2e6, 2e7}}, []string{limit, written}},
		"waits for the host's disk":  {map[string][2]float64{limit: {0.02, 0.25}, "host.disk.busy": {0.1, 0.9}}, []string{"host.disk.busy"}},
		"keeps far more":             {map[string][2]float64{limit: {0.04, 0.2}, kept: {1e8, 9e8}}, []string{kept}},
		"keeps more while it works":  {map[string][2]float64{limit: {0.02, 0.25}, kept: {1e8, 1.5e8}}, []string{limit, kept}},
		"pages":                      {map[string][2]float64{limit: {0.02, 0.25}, "container.memory.major_faults": {0, 90}}, []string{"container.memory.major_faults"}},
		"more wait for a connection": {map[string][2]float64{limit: {0.02, 0.25}, "pool.db.pending": {0, 20}}, []string{limit, "pool.db.pending"}},
	} {
		t.Run(name, func(t *testing.T) {
			values := map[feature.Key][2]float64{}
			for name, v := range c.values {
				values[metricOf(name)] = v
			}
			rec := constant(values)
			var got []string
			for _, m := range causes(newMetrics(rec).moved(newView(rec, 10, 3.5), svc("s"), work{1, 1}, false)) {
				got = append(got, m.key.Name)
			}
			assert.ElementsMatch(t, c.want, got)
		})
	}
}

// Threads that collect garbage use a quarter of the CPU that there is: collecting is the reason.
func TestDiagnose_collectingBelowTheLimit(t *testing.T) {
	limit, gc := hostMetric("back", "container.cpu.limit_utilization"), hostMetric("back", "runtime.gc.time")
	for name, c := range map[string]struct {
		collects float64
		want     Mechanism
	}{
		"it collects":  {0.2, GC},
		"as ever":      {0.001, CPU}, // one thread that computes all the time
		"a bit longer": {0.01, CPU},
	} {
		t.Run(name, func(t *testing.T) {
			w := chain()
			w.metric[limit], w.metric[gc] = 0.0455, 0.001
			in, rec := incident(w, func(w *world) {
				w.own[op("back")], w.metric[limit], w.metric[gc] = 0.160, 0.243, c.collects
			})
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			assert.Equal(t, svc("back"), v.Culprits[0].Service)
			assert.Equal(t, c.want, v.Culprits[0].Mechanism, v.Culprits[0].Metric)
			sound(t, v)
		})
	}
}
