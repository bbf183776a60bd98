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
		{"process.cpu.context_switches", CPU, indirect, false},
		{"container.cpu.throttled", CPU, direct, false},
		{"runtime.cpu.schedule_wait", CPU, direct, false},
		{"runtime.eventloop.delay", CPU, direct, false},
		{"host.cpu.usage", CPU, direct, true},
		{"host.cpu.load", CPU, indirect, true},
		{"system.cpu.utilization", CPU, direct, true},
		{"container.cpu.throttling_data.throttled_time", CPU, direct, false},
		{"k8s.pod.cpu.usage", CPU, direct, false},
		{"k8s.pod.cpu_limit_utilization", CPU, direct, false},
		{"k8s.container.cpu_limit", "", ignored, false},
		{"k8s.container.memory_request", "", ignored, false},
		{"process.memory.utilization", Memory, indirect, false},
		{"process.memory.virtual", "", ignored, false},
		{"process.paging.faults", Memory, indirect, false},
		{"k8s.pod.memory.major_page_faults", Memory, direct, false},
		{"host.memory.major_faults", Memory, direct, true},
		{"host.memory.swap", Memory, direct, true},
		{"host.memory.paging", Memory, direct, true},
		{"process.disk.io", Disk, indirect, false},
		{"system.disk.io_time", Disk, direct, true},
		{"container.blockio.io_service_bytes_recursive", Disk, indirect, false},
		{"host.network.io", Network, indirect, true},
		{"k8s.pod.network.errors", Network, direct, false},
		{"system.network.dropped", Network, direct, true},
		{"tcp.retransmits", Network, direct, false},
		{"jvm.gc.duration", GC, direct, false},
		{"runtime.gc.pause", GC, direct, false},
		{"runtime.gc.goal", "", ignored, false},
		{"runtime.threads", Pool, indirect, false},
		{"runtime.goroutines", Pool, indirect, false},
		{"process.files.open", Pool, indirect, false},
		{"pool.db.pending", Pool, direct, false},
		{"pool.db.used", Pool, indirect, false},
		{"runtime.memory.heap", Memory, indirect, false},
		{"host.disk.busy", Disk, direct, true},
		{"host.network.packet_dropped", Network, direct, true},
		{"container.restarts", "", ignored, false},
		{"requests.active", "", ignored, false},
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
