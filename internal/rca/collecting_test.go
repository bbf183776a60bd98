package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
)

func TestCauses(t *testing.T) {
	for name, c := range map[string]struct {
		moved map[string]float64
		order []string // as given
		want  []string
	}{
		"CPU alone": {
			order: []string{"process.cpu.utilization"}, want: []string{"process.cpu.utilization"},
		},
		"memory below its limit is no reason": {
			map[string]float64{"container.memory.limit_utilization": 0.8},
			[]string{"process.cpu.utilization", "container.memory.limit_utilization"},
			[]string{"process.cpu.utilization", "container.memory.limit_utilization"},
		},
		"memory at its limit is": {
			map[string]float64{"container.memory.limit_utilization": 0.95},
			[]string{"process.cpu.utilization", "container.memory.limit_utilization", "process.threads"},
			[]string{"container.memory.limit_utilization", "process.threads"},
		},
		"so is one that comes alone": {
			map[string]float64{"container.memory.working_set": 90},
			[]string{"process.cpu.utilization", "container.memory.working_set"},
			[]string{"container.memory.working_set"},
		},
		"but files that were read are not in the way": {
			map[string]float64{"container.memory.usage": 99},
			[]string{"process.cpu.utilization", "container.memory.usage"},
			[]string{"process.cpu.utilization", "container.memory.usage"},
		},
		"a name that says per cent": {
			map[string]float64{"named.memory_percent.MemoryUsageRate(%)": 97},
			[]string{"named.cpu.CpuUsage(m)", "named.memory_percent.MemoryUsageRate(%)"},
			[]string{"named.memory_percent.MemoryUsageRate(%)"},
		},
		"hardly any per cent": {
			map[string]float64{"named.memory_percent.MemoryUsageRate(%)": 0.97},
			[]string{"named.cpu.CpuUsage(m)", "named.memory_percent.MemoryUsageRate(%)"},
			[]string{"named.cpu.CpuUsage(m)", "named.memory_percent.MemoryUsageRate(%)"},
		},
		"a share in one, or in per cent": {
			map[string]float64{"named.memory_share.a_util": 0.95, "named.memory_share.b_util": 95},
			[]string{"named.cpu.cpu", "named.memory_share.a_util", "named.memory_share.b_util"},
			[]string{"named.memory_share.a_util", "named.memory_share.b_util"},
		},
		"who writes a lot": {
			map[string]float64{"process.cpu.utilization": 5, "container.disk.io_written": 50},
			[]string{"process.cpu.utilization", "container.disk.io_written"},
			[]string{"container.disk.io_written"},
		},
		"but not by so much more than it computes": {
			map[string]float64{"process.cpu.utilization": 5, "container.disk.io_written": 49},
			[]string{"process.cpu.utilization", "container.disk.io_written"},
			[]string{"process.cpu.utilization", "container.disk.io_written"},
		},
		"nor what others write on the host": {
			map[string]float64{"process.cpu.utilization": 5, "host.disk.io": 500},
			[]string{"process.cpu.utilization", "host.disk.io"},
			[]string{"process.cpu.utilization", "host.disk.io"},
		},
		"nor who is kept from its CPU": {
			map[string]float64{"process.cpu.utilization": 5, "container.cpu.throttled": 5, "named.disk.diskio": 500},
			[]string{"process.cpu.utilization", "container.cpu.throttled", "named.disk.diskio"},
			[]string{"process.cpu.utilization", "container.cpu.throttled", "named.disk.diskio"},
		},
		"what was asked for is no limit": {
			map[string]float64{"container.memory.request_utilization": 2},
			[]string{"process.cpu.utilization", "container.memory.request_utilization"},
			[]string{"process.cpu.utilization", "container.memory.request_utilization"},
		},
		"nor is the host's memory the service's": {
			map[string]float64{"host.memory.utilization": 0.95},
			[]string{"process.cpu.utilization", "host.memory.utilization"},
			[]string{"process.cpu.utilization", "host.memory.utilization"},
		},
		"more is kept, and more is collected": {
			order: []string{"process.cpu.utilization", "runtime.gc.time", "process.memory.usage"},
			want:  []string{"runtime.gc.time", "process.memory.usage"},
		},
		"by who is kept from its CPU": { // requests in line keep memory
			order: []string{"container.cpu.throttled_time", "runtime.gc.time", "process.memory.usage"},
			want:  []string{"container.cpu.throttled_time", "runtime.gc.time", "process.memory.usage"},
		},
		"but for memory at its limit": {
			map[string]float64{"container.memory.limit_utilization": 0.99},
			[]string{"container.cpu.throttled_time", "runtime.gc.time", "container.memory.limit_utilization"},
			[]string{"runtime.gc.time", "container.memory.limit_utilization"},
		},
		"more is collected, and no more kept": { // it is slower to collect, too
			order: []string{"process.cpu.utilization", "runtime.gc.time"},
			want:  []string{"process.cpu.utilization", "runtime.gc.time"},
		},
		"waiting for a core stays": {
			order: []string{"container.cpu.pressure", "runtime.gc.time", "process.memory.usage"},
			want:  []string{"runtime.gc.time", "process.memory.usage", "container.cpu.pressure"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var moved []movedMetric
			for _, n := range c.order {
				m, _ := meaningOf(n)
				moved = append(moved, movedMetric{key: feature.Key{Kind: feature.Metric, Name: n}, mechanism: m.mechanism, now: c.moved[n], usual: 1, filled: filled(n, c.moved[n], 100)})
			}
			var got []string
			for _, m := range causes(moved) {
				got = append(got, m.key.Name)
			}
			assert.Equal(t, c.want, got)
		})
	}
}
