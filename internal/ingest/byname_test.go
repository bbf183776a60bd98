package ingest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/rca"
)

// Names as recordings and people write them, and what they are of by hand.
func TestTellName(t *testing.T) {
	for want, names := range map[string][]string{
		"cpu": {
			"cpu", "cpu_usage", "cpu.percent", "service.cpu", "svc_cpu_pct", "cpu_usage_total", "cpu_usage_user", "cpu_usage_system",
			"container_cpu_used", "CPU_util_pct", "CPU_Used_Pct", "CpuUsage(m)", "CpuUsageRate(%)", "CPUUtilization", "Percentage CPU",
			"container-cpu-user-seconds-total", "container-cpu-system-seconds-total", "OSLinux-CPU_CPU_CPUCpuUtil",
			"JVM-Operating System_7778_JVM_JVM_CPULoad", "cpu0", "cpu_user_time", "cpu_usage_max", "cpu_limit_utilization", "kubernetes.cpu.usage.total",
			"compute.googleapis.com/instance/cpu/utilization", "cpupercent", "vcpu_seconds",
		},
		"cpu_throttled":        {"cpu_throttled_seconds", "cfs_throttled_periods", "CpuThrottling"},
		"cpu_idle":             {"CPU_idle_pct", "cpu.idle"},
		"cpu_wait":             {"cpu_steal", "cpu_runqueue", "cpu_pressure_waiting"},
		"cpu_load":             {"load_average", "system.load.15", "loadavg"},
		"cpu_context_switches": {"context_switches", "ctx_switches_per_s", "CpuContextSwitch"},
		"cpu_eventloop":        {"event_loop_lag_ms", "eventloop.delay"},
		"memory":               {"mem", "memory", "mem_used_mb", "heap", "memory_working_set", "MemoryUsage(Mi)", "container_mem_used", "ram", "rss", "JVM-Memory_7778_JVM_Memory_HeapMemoryUsed", "heapUsed", "container-memory-mapped-file-usage", "memory_max_usage"},
		"memory_share":         {"MemoryUtilization", "MEM_real_util", "heap_ratio"},
		"memory_percent":       {"MemoryUsageRate(%)", "Memory_used_pct", "mem.percent", "OSLinux-OSLinux_MEMORY_MEMORY_MEMUsedMemPerc"},
		"memory_free":          {"memory_free", "MemAvailable", "FreeableMemory", "Available Memory Bytes"},
		"memory_alloc":         {"heap_alloc_bytes", "memory.allocations"},
		"memory_swap":          {"swap", "SwapUsage", "Swap_used_pct"},
		"memory_major_faults":  {"major_page_faults", "pgmajfault"},
		"memory_faults":        {"page_faults", "container_memory_failures"},
		"memory_oom":           {"oom_kills"},
		"memory_wait":          {"memory.pressure.waiting"},
		"gc":                   {"gc", "gc_pause_ms", "GcTime", "container_fgc", "gc.duration", "Garbage Collection"},
		"disk":                 {"diskio", "disk_write_bytes", "SyscallRead", "SyscallWrite", "Disk_rd_kbs", "container_fs_reads", "WriteIOPS", "blkio", "disk_read_rate", "io_bytes"},
		"disk_wait":            {"Disk_io_util", "iowait", "CPU_iowait_time", "DiskQueueDepth", "disk_await", "disk_busy", "io_pressure", "disk_latency_ms", "OSLinux-OSLinux_LOCALDISK_LOCALDISK-sda_DSKPercentBusy"},
		"disk_space":           {"disk_used_pct", "filesystem_usage"},
		"disk_free":            {"disk_free", "fs_available_bytes"},
		"network":              {"rx_bytes", "tx_bytes", "NetworkReceiveBytes", "NetworkTransmitBytes", "Sent_queue", "container-network-transmit-packets-total", "net.bytes_rcvd", "bandwidth", "received_kb", "NETBandwidthUtil"},
		"network_loss":         {"rx_dropped", "tcp_retransmits", "network_errors", "packet_loss"},
		"network_sockets":      {"socket", "sockets", "container_sockets_used"},
		"pool":                 {"threads_busy", "container_thread_total", "container_session_used", "Sess_Connect", "DatabaseConnections", "pool_size_used", "goroutines", "open_fds", "workers"},
		"pool_wait":            {"db_pool_waiting", "queue_length", "pending_requests", "queued_requests", "connection_wait_ms", "pool.timeouts", "lock_contention", "tasks.pending", "RequestQueueSize", "queue_wait_time", "queue_latency_ms"},
		"queue_wait":           {"kafka.consumer.lag", "topic_lag", "rabbitmq_queue_messages"},

		"symptom": {
			"latency", "latency-50", "latency-90", "latency_Average", "latency_p90", "istio-latency-99", "istio-request-total", "istio-error-total",
			"error", "errors", "PodClientLatencyP90(s)", "PodServerLatencyP99(s)", "PodSuccessRate(%)", "requests_Sum", "request_count", "tps", "qps",
			"http.server.duration", "http_request_duration_seconds", "response_time", "success_rate", "http.server.request.body.size", "cache_hits",
			"memory_cache_hits", "thread_pool_completed", "failed_requests", "rpc.client.duration", "elapsed_ms", "container_fail_percent",
		},
		"": {
			"", "%", "_", "time", "total", "workload", "load", "PodWorkload(Ops)", "availability", "uptime", "up", "start_time", "process_start_time",
			"container-spec-memory-limit-bytes", "container_spec_cpu_quota", "container_spec_cpu_period", "cpu_limit", "memory_limit", "max_connections",
			"memory_total", "MemTotal", "cpu_count", "cpu_cores", "cpu_frequency", "container_cpu_cfs_periods_total", "build_info", "version", "age",
			"container-memory-cache", "jvm.memory.committed", "memory_buffers", "disk_capacity", "orders_placed", "emails_sent", "users", "temperature",
			"discount", "members", "internet", "rooms", "messages_received", "jvm.gc.live.data.size", "idle_connections", strings.Repeat("cpu", 100),
		},
	} {
		for _, name := range names {
			is := tellName(name)
			got := is.aspect.name
			if is.symptom {
				got = "symptom"
			}
			assert.Equal(t, want, got, "%q", name)
			assert.Equal(t, want != "" && want != "symptom", is.known, "%q", name)
		}
	}
	for name, host := range map[string]bool{
		"node_memory_active": true, "host.cpu": true, "system.load.1": true, "jvm.system.cpu.load_1m": true, "machine_disk_io": true,
		"cpu_system": false, "container_cpu_system": false, "nodejs_heap": false, "cpu_node": false, "JVM-Operating System_7778_JVM_JVM_CPULoad": false,
	} {
		assert.Equal(t, host, tellName(name).host, name)
	}
}

// Each aspect is one that package rca knows, of the resource that bounds it, and what is
// short is direct.
func TestNamings(t *testing.T) {
	of := map[scarce]rca.Mechanism{
		cpus: rca.CPU, memories: rca.Memory, collectors: rca.GC, disks: rca.Disk, networks: rca.Network, pools: rca.Pool, queues: rca.QueueWait,
	}
	for _, n := range namings {
		assert.Equal(t, of[n.aspect.of], rca.MechanismOf(feature.NamedMetric(n.aspect.name, "x")), n.aspect.name)
		assert.NotZero(t, n.all, n.aspect.name)
		assert.Zero(t, n.none&(n.all|n.any), n.aspect.name)
	}
}

func TestWordsOf(t *testing.T) {
	for name, want := range map[string][]string{
		"":                   nil,
		"cpu":                {"cpu"},
		"CPUUtilPct":         {"cpu", "util", "pct"},
		"CpuUsageRate(%)":    {"cpu", "usage", "rate", "percent"},
		"k8s.pod_name-P99":   {"k", "s", "pod", "name", "p"},
		"MEMUsedMemPerc":     {"mem", "used", "mem", "perc"},
		"heapUsed":           {"heap", "used"},
		"Größe__ÄÖ.\xff\x00": {"größe", "äö"},
	} {
		assert.Equal(t, want, wordsOf(name), name)
	}
}

// FuzzTellName: no name panics, and what was split comes to the same again.
func FuzzTellName(f *testing.F) {
	for _, s := range []string{"cpu", "CPUUtilPct", "MemoryUsageRate(%)", "ǅ𝐀bİ", "\xff", "a%b", strings.Repeat("x", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		words := wordsOf(name)
		again := wordsOf(strings.Join(words, "_"))
		assert.Equal(t, words, again)
		if is := tellName(name); is.known {
			assert.False(t, is.symptom)
			made := "host." + feature.NamedMetric(is.aspect.name, name)
			assert.LessOrEqual(t, len(made), maxName)
			aspect, metric, ok := feature.SplitNamed(made)
			assert.True(t, ok)
			assert.Equal(t, [2]string{is.aspect.name, name}, [2]string{aspect, metric})
		}
		assert.Equal(t, underscored(name), underscored(underscored(name)))
	})
}
