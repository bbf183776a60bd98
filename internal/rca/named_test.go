package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
)

func TestMeaningOf_named(t *testing.T) {
	for aspect, want := range ofNames {
		got, host := meaningOf(feature.NamedMetric(aspect, "Any.throttled_max(%)"))
		assert.Equal(t, want, got, aspect)
		assert.False(t, host)
		assert.NotEqual(t, ignored, got.grade, aspect)
		assert.Zero(t, got.least, aspect) // whose unit would it be
		got, host = meaningOf(hostPrefix + feature.NamedMetric(aspect, "x.limit"))
		assert.Equal(t, want, got, aspect)
		assert.True(t, host)
	}
	assert.Empty(t, MechanismOf("named.nothing.cpu"), "the user's own words do not count")
}

// What a named metric is lies in its aspect, not in what else its name says.
func TestSense(t *testing.T) {
	assert.True(t, isUse("named.cpu.cpu_wait_free"))
	assert.False(t, isUse("named.cpu_wait.steal"))
	assert.False(t, isUse("host.named.cpu.node_cpu"))
	assert.False(t, isUse("named.memory_major_faults.x"))
	assert.True(t, isThrottled("named.cpu_throttled.x"))
	assert.False(t, isThrottled("named.cpu.throttled"))
	assert.Equal(t, "disk", source("named.disk.x.y"))
	assert.Equal(t, "container", source("container.disk.io"))
}

// A guess does not count beside what the catalogue knows, where that tells as much.
func TestMoved_named(t *testing.T) {
	const cpu, memory, swap = "named.cpu.CpuUsage(m)", "named.memory.mem", "named.memory_swap.swap"
	for name, c := range map[string]struct {
		values map[string][2]float64 // usual, now
		want   []string
	}{
		"by its name alone":      {map[string][2]float64{cpu: {20, 90}, memory: {300, 301}}, []string{cpu}},
		"less than a fifth more": {map[string][2]float64{cpu: {20, 23}}, nil},
		"beside one that is known": {
			map[string][2]float64{cpu: {20, 90}, "process.cpu.utilization": {0.2, 0.2}}, nil,
		},
		"beside one of another resource": {
			map[string][2]float64{cpu: {20, 90}, "process.memory.usage": {1e9, 1e9}}, []string{cpu},
		},
		"beside one that tells less": { // that memory is used is less than that it is swapped out
			map[string][2]float64{swap: {1, 5}, "process.memory.usage": {1e9, 1e9}}, []string{swap},
		},
		"beside one of the host": {
			map[string][2]float64{cpu: {20, 90}, "host.cpu.utilization": {0.2, 0.2}}, []string{cpu},
		},
		"there are many pools": {
			map[string][2]float64{"named.pool_wait.db": {1, 9}, "pool.db.pending": {0, 0}}, []string{"named.pool_wait.db"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			values := map[feature.Key][2]float64{}
			for name, v := range c.values {
				values[metricOf(name)] = v
			}
			rec := constant(values)
			m := newMetrics(rec)
			var got []string
			for _, x := range m.moved(newView(rec, 10, 3.5), svc("s"), work{1, 1}, false) {
				got = append(got, x.key.Name)
			}
			assert.Equal(t, c.want, got)
			assert.True(t, m.monitors(svc("s")))
			assert.False(t, m.monitors(svc("other")))
		})
	}
	assert.Equal(t, "CpuUsage(m) 90 vs 20 usual", movedMetric{key: metricOf(cpu), now: 90, usual: 20}.text())
}

// What is usually zero must exceed by far what it ever was while all was well: twice 4.
func TestMoved_namedUsuallyZero(t *testing.T) {
	k := metricOf("named.memory_swap.swap")
	for now, want := range map[float64]int{7: 0, 8: 1} {
		rec := constant(map[feature.Key][2]float64{k: {0, now}})
		for i := range 90 { // one in 100 is within what may be
			rec = append(table{{k: float64(4 * (i / 89))}}, rec...)
		}
		got := newMetrics(rec).moved(newView(rec, int64(len(rec)-1), 3.5), svc("s"), work{1, 1}, false)
		assert.Len(t, got, want, now)
	}
}
