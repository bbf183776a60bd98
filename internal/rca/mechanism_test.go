package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMeaningOf(t *testing.T) {
	for _, c := range []struct {
		metric    string
		mechanism Mechanism
		grade     grade
		host      bool
	}{
		{"process.cpu.utilization", CPU, direct, false},
		{"process.cpu.time", CPU, direct, false},
		{"host.system.cpu.utilization", CPU, direct, true},
		{"system.cpu.utilization", CPU, direct, true},
		{"container.cpu.throttling_data.throttled_time", CPU, direct, false},
		{"k8s.pod.cpu.usage", CPU, direct, false},
		{"k8s.pod.cpu_limit_utilization", CPU, direct, false},
		{"k8s.container.cpu_limit", "", ignored, false},
		{"k8s.container.memory_request", "", ignored, false},
		{"process.memory.utilization", Memory, indirect, false},
		{"process.memory.virtual", "", ignored, false},
		{"process.paging.faults", Memory, direct, false},
		{"k8s.pod.memory.major_page_faults", Memory, direct, false},
		{"process.disk.io", Disk, indirect, false},
		{"system.disk.io_time", Disk, direct, true},
		{"container.blockio.io_service_bytes_recursive", Disk, indirect, false},
		{"host.system.network.io", Network, indirect, true},
		{"k8s.pod.network.errors", Network, direct, false},
		{"system.network.dropped", Network, direct, true},
		{"tcp.retransmits", Network, direct, false},
		{"jvm.gc.duration", GC, direct, false},
		{"process.runtime.go.gc.pause_ns", GC, direct, false},
		{"go.memory.gc.goal", "", ignored, false},
		{"jvm.thread.count", Pool, indirect, false},
		{"go.goroutine.count", Pool, indirect, false},
		{"db.client.connection.pending_requests", Pool, direct, false},
		{"db.client.connection.count", Pool, indirect, false},
		{"jvm.memory.used", Memory, indirect, false},
		{"process.context_switches", CPU, indirect, false},
		{"messaging.kafka.consumer.lag", QueueWait, direct, false},
		{"orders.placed", "", ignored, false},
	} {
		m, host := meaningOf(c.metric)
		assert.Equal(t, c.mechanism, m.mechanism, c.metric)
		assert.Equal(t, c.grade, m.grade, c.metric)
		assert.Equal(t, c.host, host, c.metric)
	}
	m, _ := meaningOf("system.memory.linux.available")
	assert.True(t, m.falls, "less of it is worse")
}
