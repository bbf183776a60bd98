package rca

import (
	"maps"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
)

// constant is a record of windows that alternate around a value by 1 %, the last
// of which differs.
func constant(values map[feature.Key][2]float64) table {
	var t table
	for i := range 11 {
		row := map[feature.Key]float64{}
		for k, v := range values {
			row[k] = v[0] * (1 + 0.01*float64(i%3-1))
			if i == 10 {
				row[k] = v[1]
			}
		}
		t = append(t, row)
	}
	return t
}

func metricOf(name string) feature.Key {
	return feature.Key{Kind: feature.Metric, Service: svc("s"), Name: name}
}

func TestMetrics_moved(t *testing.T) {
	for _, c := range []struct {
		name string
		now  map[string][2]float64 // usual, now
		work work
		want []string
	}{
		{"rises out of its range", map[string][2]float64{"process.cpu.utilization": {0.4, 0.9}}, work{1, 1}, []string{"process.cpu.utilization"}},
		{"falls", map[string][2]float64{"process.cpu.utilization": {0.4, 0.1}}, work{1, 1}, nil},
		{"rises by less than a fifth", map[string][2]float64{"process.cpu.utilization": {0.8, 0.92}}, work{1, 1}, nil},
		{"rises by few points of a share", map[string][2]float64{"process.cpu.utilization": {0.01, 0.05}}, work{1, 1}, nil},
		{"is explained by load", map[string][2]float64{"process.cpu.utilization": {0.3, 0.6}}, work{2, 2}, nil},
		{"exceeds what load explains", map[string][2]float64{"process.cpu.utilization": {0.3, 0.9}}, work{2, 2}, []string{"process.cpu.utilization"}},
		{"threads of requests that wait", map[string][2]float64{"jvm.thread.count": {20, 60}}, work{1, 3}, nil},
		{"less is worse", map[string][2]float64{"system.memory.available": {4e9, 2e8}}, work{1, 1}, []string{"system.memory.available"}},
		{"a loop that mostly waits", map[string][2]float64{"runtime.eventloop.utilization": {0.03, 0.05}}, work{1, 1}, nil},
		{"a loop that is busy", map[string][2]float64{"runtime.eventloop.utilization": {0.03, 0.6}}, work{1, 1}, []string{"runtime.eventloop.utilization"}},
		{"is not known", map[string][2]float64{"orders.placed": {1, 50}}, work{1, 1}, nil},
		{"saturation before use before the host's", map[string][2]float64{
			"host.cpu.utilization": {0.2, 0.9}, "process.memory.usage": {1e8, 9e8}, "process.cpu.utilization": {0.2, 0.9},
		}, work{1, 1}, []string{"process.cpu.utilization", "host.cpu.utilization", "process.memory.usage"}},
		{
			"ties by cause before effect",
			map[string][2]float64{"jvm.gc.duration": {0.01, 0.9}, "process.cpu.utilization": {0.01, 0.9}},
			work{1, 1},
			[]string{"process.cpu.utilization", "jvm.gc.duration"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			values := map[feature.Key][2]float64{}
			for name, v := range c.now {
				values[metricOf(name)] = v
			}
			rec := constant(values)
			var got []string
			for _, m := range newMetrics(rec).moved(newView(rec, 10, 3.5), svc("s"), c.work, false) {
				got = append(got, m.key.Name)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestWorkOf(t *testing.T) {
	in, rec := incident(chain(), func(w *world) { w.load, w.own[op("back")] = 60, 0.300 })
	w := workOf(newView(rec, in.Onset, 3.5), newReach(in.Graph, in.Entry), svc("back"))
	assert.InEpsilon(t, 3, w.load, 0.05)
	assert.InEpsilon(t, 3*0.330/0.050, w.running, 0.1)
	assert.Equal(t, work{1, 1}, workOf(newView(rec, in.Onset, 3.5), newReach(in.Graph, in.Entry), svc("db")), "no requests known")
}

func TestMetrics_missingIsNotNormal(t *testing.T) {
	k := metricOf("process.cpu.utilization")
	rec := constant(map[feature.Key][2]float64{k: {0.4, math.NaN()}})
	m, v := newMetrics(rec), newView(rec, 10, 3.5)
	require.Len(t, m[svc("s")], 1)
	assert.Empty(t, m.moved(v, svc("s"), work{1, 1}, false))
	assert.Empty(t, m.has(v, svc("s")), "nothing is ruled out by a metric that did not report")
}

// A host that was as busy every so often, and nobody suffered, is not what hurts.
func TestMetrics_whatDidNoHarmBefore(t *testing.T) {
	host := metricOf("host.cpu.utilization")
	record := func(busy int, now float64) table {
		var rec table
		for i := range 40 {
			row := map[feature.Key]float64{host: 0.2}
			if i < busy {
				row[host] = 1.9
			}
			rec = append(rec, row)
		}
		return append(rec, map[feature.Key]float64{host: now})
	}
	moved := func(rec table) []movedMetric {
		v := newView(rec, int64(len(rec)-1), 3.5)
		return newMetrics(rec).moved(v, svc("s"), work{1, 1}, false)
	}
	assert.Len(t, moved(record(0, 1.8)), 1)
	assert.Len(t, moved(record(1, 1.8)), 1, "once is no habit")
	assert.Empty(t, moved(record(4, 1.8)))
	assert.Len(t, moved(record(4, 6)), 1, "far more than ever")
}

// A metric that comes every third window is what it was in the latest one since the onset.
func TestView_latest(t *testing.T) {
	in, rec := incident(chain(), func(w *world) { w.metric[cpu("back")] = 0.95 })
	want := rec[healthyRows][cpu("back")]
	bad := rec[healthyRows]
	for range 12 {
		row := maps.Clone(bad)
		delete(row, cpu("back"))
		row[ownTime("back")] = math.NaN()
		rec = append(rec, row)
	}
	for rows, w := range map[int]float64{1: want, 2: want, maxPooled: want, maxPooled + 1: math.NaN()} {
		v := newView(rec[:healthyRows+rows], in.Onset, 3.5)
		if now := v.at(cpu("back")).now; math.IsNaN(w) {
			assert.True(t, math.IsNaN(now), "of %d windows", rows)
		} else {
			assert.Equal(t, w, now, "of %d windows", rows)
		}
		if rows > 1 {
			assert.True(t, math.IsNaN(v.at(ownTime("back")).now), "spans say what they say in each window")
		}
	}
	v := newView(rec[:healthyRows+2], healthyRows+1, 3.5)
	assert.True(t, math.IsNaN(v.at(cpu("back")).now), "from before the onset")
}

// Of a service that has just appeared nobody knows what is usual: what is all that it has is
// short, and what is not is not.
func TestMetrics_moved_young(t *testing.T) {
	for metric, c := range map[string]struct {
		now  float64
		want bool
	}{
		"container.cpu.limit_utilization":    {0.95, true},
		"container.cpu.utilization":          {0.5, false},
		"process.cpu.utilization":            {93, true}, // percent
		"container.memory.limit_utilization": {0.97, true},
		"host.cpu.utilization":               {0.97, false},
		"container.cpu.usage":                {0.95, false}, // cores
	} {
		for seen := range minBaseline + 1 {
			var rec table
			for i := range 11 {
				row := map[feature.Key]float64{}
				if i >= 10-seen {
					row[metricOf(metric)] = c.now
				}
				rec = append(rec, row)
			}
			got := newMetrics(rec).moved(newView(rec, 10, 3.5), svc("s"), work{1, 1}, false)
			assert.Equal(t, c.want && seen < minBaseline, len(got) == 1, "%s, seen in %d windows", metric, seen)
			if len(got) == 1 {
				assert.Contains(t, got[0].text(), "not seen before")
			}
		}
	}
}
