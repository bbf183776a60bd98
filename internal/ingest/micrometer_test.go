package ingest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What Spring Boot sends by Micrometer is read under its own names and those that
// Prometheus has for them, in the unit that it says.
func TestCatalogue_micrometer(t *testing.T) {
	for metric, feature := range map[string]string{
		"process.cpu.usage":           "process.cpu.micrometer",
		"process_cpu_usage":           "process.cpu.micrometer",
		"system_cpu_usage":            "host.cpu.micrometer",
		"jvm.gc.pause":                "runtime.gc.pause_time",
		"jvm_gc_pause_seconds":        "runtime.gc.pause_time",
		"hikaricp_connections_active": "pool.hikari.active",
		"tomcat_threads_busy":         "pool.tomcat.busy",
		"executor_queued":             "pool.executor.queued",
	} {
		require.NotEmpty(t, rowsOf[metric], metric)
		assert.Equal(t, feature, rowsOf[metric][0].feature, metric)
	}
	assert.InDelta(t, 1e-3, factorOf("jvm.gc.pause", "milliseconds", "s"), 0)
	assert.InDelta(t, 1, factorOf("jvm_gc_pause_seconds", "", "s"), 0)
}

// Names of JVM and Python metrics of before 2024 say as much as those of today.
func TestCatalogue_oldRuntimes(t *testing.T) {
	for metric, feature := range map[string]string{
		"process.runtime.jvm.memory.usage_after_last_gc": "runtime.memory.jvm_live",
		"process.runtime.jvm.system.cpu.utilization":     "host.cpu.jvm_utilization",
		"process.runtime.cpython.cpu.utilization":        "runtime.cpu.cpython_utilization",
	} {
		require.NotEmpty(t, rowsOf[metric], metric)
		assert.Equal(t, feature, rowsOf[metric][0].feature, metric)
	}
	live := rowsOf["process.runtime.jvm.memory.usage_after_last_gc"][0]
	assert.True(t, live.filter.passes(mapOf(t, attrs{"type": "heap", "pool": "PS Old Gen"})))
	assert.False(t, live.filter.passes(mapOf(t, attrs{"type": "non_heap"})))
}
