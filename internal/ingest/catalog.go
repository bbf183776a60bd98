package ingest

import (
	"strings"

	"github.com/sage-rca/sage/internal/window"
)

// reading says what of a metric is the feature.
type reading uint8

const (
	level reading = iota // the value as it stands
	rate                 // increase per second of a counter
	mean                 // mean of a histogram's or summary's values
	total                // increase per second of a histogram's or summary's sum
)

// row is one line of the catalogue.
type row struct {
	metric  string
	unit    string // assumed where the metric names none that is known; "": values stay as they come
	feature string
	reading reading
	fold    window.Fold
	filter  filter
}

// filter selects the points of a metric by one attribute, whose name changed
// over time; points without it pass, where it need not be told.
type filter struct {
	keys   []string
	only   []string
	except []string
	told   bool
}

var (
	working = filter{
		keys:   []string{"state", "cpu.mode", "process.cpu.state", "system.cpu.state", "mode", "cpu.state"},
		except: []string{"idle", "wait", "iowait"},
	}
	used = filter{
		keys: []string{"state", "system.memory.state", "system.paging.state", "system.filesystem.state"},
		only: []string{"used"},
	}
	major = filter{
		keys: []string{"type", "system.paging.type", "process.paging.fault_type", "system.paging.fault.type"},
		only: []string{"major"},
	}
	majorFailure = filter{keys: []string{"failure_type"}, only: []string{"pgmajfault"}, told: true}
	anyFailure   = filter{keys: []string{"failure_type"}, only: []string{""}} // of all types together
	ofMemories   = filter{keys: []string{"resource"}, only: []string{"memory"}, told: true}

	heap = filter{keys: []string{"jvm.memory.type", "type", "area"}, only: []string{"heap"}}
	busy = filter{keys: []string{"db.client.connection.state", "state"}, only: []string{"used"}}
)

const (
	sum     = window.FoldSum
	average = window.FoldMean
	largest = window.FoldMax
)

// catalogue lists the metrics that are features by default: what receivers and
// instrumentation of OpenTelemetry, and the most common Prometheus exporters,
// report of processes, containers, pods, hosts and runtimes. Features are named
// scope.mechanism.aspect and are in seconds, bytes, or 1 (per second for rates;
// CPU time per second is cores).
//
// Two rows have the same feature only where one metric is another name of the
// other, and then its points are averaged or the larger is taken, so that who
// sends both is not counted twice.
var catalogue = []row{
	// A process: hostmetrics' process scraper, SDK instrumentation.
	{"process.cpu.time", "s", "process.cpu.usage", rate, sum, working},
	{"process.cpu.utilization", "1", "process.cpu.utilization", level, sum, working},
	{"process.memory.usage", "By", "process.memory.usage", level, sum, filter{}},
	{"process.memory.utilization", "1", "process.memory.utilization", level, sum, filter{}},
	{"process.disk.io", "By", "process.disk.io", rate, sum, filter{}},
	{"process.disk.operations", "1", "process.disk.operations", rate, sum, filter{}},
	{"process.network.io", "By", "process.network.io", rate, sum, filter{}},
	{"process.paging.faults", "1", "process.memory.faults", rate, sum, filter{}},
	{"process.paging.faults", "1", "process.memory.major_faults", rate, sum, major},
	{"process.context_switches", "1", "process.cpu.context_switches", rate, sum, filter{}},
	{"process.threads", "1", "process.threads", level, sum, filter{}},
	{"process.thread.count", "1", "process.thread.count", level, sum, filter{}},
	{"process.open_file_descriptors", "1", "process.files.open", level, largest, filter{}},
	{"process.unix.file_descriptor.count", "1", "process.files.open", level, largest, filter{}},
	{"process_cpu_seconds_total", "s", "process.cpu.self", rate, largest, filter{}},
	{"process_cpu_seconds", "s", "process.cpu.self", rate, largest, filter{}},
	{"process_resident_memory_bytes", "By", "process.memory.self", level, largest, filter{}},
	{"process_open_fds", "1", "process.files.open", level, largest, filter{}},
	{"process.cpu.usage", "1", "process.cpu.micrometer", level, largest, filter{}},

	// A container: kubeletstats, docker stats, cAdvisor.
	{"container.cpu.usage", "1", "container.cpu.usage", level, average, filter{}},
	{"container.cpu.time", "s", "container.cpu.time", rate, sum, working},
	{"container.cpu.utilization", "1", "container.cpu.utilization", level, average, filter{}},
	{"container.cpu.usage.total", "ns", "container.cpu.total", rate, sum, filter{}},
	{"k8s.container.cpu_limit_utilization", "1", "container.cpu.limit_utilization", level, largest, filter{}},
	{"k8s.container.cpu_request_utilization", "1", "container.cpu.request_utilization", level, largest, filter{}},
	{"k8s.container.memory_limit_utilization", "1", "container.memory.limit_utilization", level, largest, filter{}},
	{"k8s.container.memory_request_utilization", "1", "container.memory.request_utilization", level, largest, filter{}},
	{"container.cpu.throttling_data.throttled_time", "ns", "container.cpu.throttled", rate, largest, filter{}},
	{"container.cpu.throttling_data.throttled_periods", "1", "container.cpu.throttled_periods", rate, largest, filter{}},
	{"container.memory.usage", "By", "container.memory.usage", level, largest, filter{}},
	{"container.memory.working_set", "By", "container.memory.working_set", level, largest, filter{}},
	{"container.memory.rss", "By", "container.memory.rss", level, largest, filter{}},
	{"container.memory.usage.total", "By", "container.memory.total", level, largest, filter{}},
	{"container.memory.percent", "%", "container.memory.utilization", level, largest, filter{}},
	{"container.memory.page_faults", "1", "container.memory.faults", rate, largest, filter{}},
	{"container.memory.major_page_faults", "1", "container.memory.major_faults", rate, largest, filter{}},
	{"container.disk.io", "By", "container.disk.io", rate, sum, filter{}},
	{"container.blockio.io_service_bytes_recursive", "By", "container.disk.block_io", rate, sum, filter{}},
	{"container.filesystem.usage", "By", "container.disk.usage", level, largest, filter{}},
	{"container.network.io", "By", "container.network.io", rate, sum, filter{}},
	{"container.network.io.usage.rx_bytes", "By", "container.network.received", rate, sum, filter{}},
	{"container.network.io.usage.tx_bytes", "By", "container.network.sent", rate, sum, filter{}},
	{"container.network.io.usage.rx_dropped", "1", "container.network.received_dropped", rate, sum, filter{}},
	{"container.network.io.usage.tx_dropped", "1", "container.network.sent_dropped", rate, sum, filter{}},
	{"container.restarts", "1", "container.restarts", level, largest, filter{}},
	{"k8s.container.restarts", "1", "container.restarts", level, largest, filter{}},
	{"k8s.container.restart.count", "1", "container.restarts", level, largest, filter{}},
	{"container_cpu_usage_seconds_total", "s", "container.cpu.cadvisor", rate, largest, filter{}}, // of a pod as a whole too
	{"container_cpu_cfs_throttled_seconds_total", "s", "container.cpu.throttled", rate, largest, filter{}},
	{"container_cpu_cfs_throttled_periods_total", "1", "container.cpu.throttled_periods", rate, largest, filter{}},
	{"container_memory_working_set_bytes", "By", "container.memory.working_set", level, largest, filter{}},
	{"container_memory_rss", "By", "container.memory.rss", level, largest, filter{}},
	{"container_memory_usage_bytes", "By", "container.memory.usage", level, largest, filter{}},
	{"container_memory_failures_total", "1", "container.memory.major_faults", rate, largest, majorFailure},
	{"container_memory_failures_total", "1", "container.memory.faults", rate, largest, anyFailure},
	{"container_spec_memory_limit_bytes", "By", "container.memory.limit", level, largest, filter{}},
	{"container.memory.usage.limit", "By", "container.memory.limit", level, largest, filter{}},
	{"k8s.container.memory_limit", "By", "container.memory.limit", level, largest, filter{}},
	{"kube_pod_container_resource_limits", "By", "container.memory.limit", level, largest, ofMemories},
	{"container_oom_events_total", "1", "container.memory.oom_kills", rate, largest, filter{}},
	{"container_pressure_cpu_waiting_seconds_total", "s", "container.cpu.pressure", rate, largest, filter{}},
	{"container_pressure_memory_waiting_seconds_total", "s", "container.memory.pressure", rate, largest, filter{}},
	{"container_pressure_io_waiting_seconds_total", "s", "container.disk.io_pressure", rate, largest, filter{}},
	{"container_fs_reads_bytes_total", "By", "container.disk.io_read", rate, largest, filter{}},
	{"container_fs_writes_bytes_total", "By", "container.disk.io_written", rate, largest, filter{}},
	{"container_fs_usage_bytes", "By", "container.disk.usage", level, largest, filter{}},
	{"container_threads", "1", "container.threads", level, largest, filter{}},
	{"container_file_descriptors", "1", "container.files.open", level, largest, filter{}},
	{"container_sockets", "1", "container.network.sockets", level, largest, filter{}},
	{"container_network_receive_bytes_total", "By", "container.network.cadvisor_received", rate, sum, filter{}},
	{"container_network_transmit_bytes_total", "By", "container.network.cadvisor_sent", rate, sum, filter{}},
	{"container_network_receive_packets_dropped_total", "1", "container.network.cadvisor_received_dropped", rate, sum, filter{}},
	{"container_network_transmit_packets_dropped_total", "1", "container.network.cadvisor_sent_dropped", rate, sum, filter{}},
	{"kube_pod_container_status_restarts_total", "1", "container.restarts", level, largest, filter{}},

	// A pod: kubeletstats.
	{"k8s.pod.cpu.usage", "1", "pod.cpu.usage", level, average, filter{}},
	{"k8s.pod.cpu.utilization", "1", "pod.cpu.usage", level, average, filter{}},
	{"k8s.pod.cpu.time", "s", "pod.cpu.time", rate, sum, filter{}},
	{"k8s.pod.cpu_limit_utilization", "1", "pod.cpu.limit_utilization", level, largest, filter{}},
	{"k8s.pod.cpu_request_utilization", "1", "pod.cpu.request_utilization", level, largest, filter{}},
	{"k8s.pod.memory.usage", "By", "pod.memory.usage", level, largest, filter{}},
	{"k8s.pod.memory.working_set", "By", "pod.memory.working_set", level, largest, filter{}},
	{"k8s.pod.memory.rss", "By", "pod.memory.rss", level, largest, filter{}},
	{"k8s.pod.memory_limit_utilization", "1", "pod.memory.limit_utilization", level, largest, filter{}},
	{"k8s.pod.memory_request_utilization", "1", "pod.memory.request_utilization", level, largest, filter{}},
	{"k8s.pod.memory.page_faults", "1", "pod.memory.faults", rate, largest, filter{}},
	{"k8s.pod.memory.major_page_faults", "1", "pod.memory.major_faults", rate, largest, filter{}},
	{"k8s.pod.network.io", "By", "pod.network.io", rate, sum, filter{}},
	{"k8s.pod.network.errors", "1", "pod.network.errors", rate, sum, filter{}},
	{"k8s.pod.filesystem.usage", "By", "pod.disk.usage", level, largest, filter{}},

	// A host or node: hostmetrics, kubeletstats.
	{"system.cpu.time", "s", "host.cpu.usage", rate, sum, working},
	{"system.cpu.time", "s", "host.cpu.time_count", rate, sum, filter{}}, // of all states: its cores
	{"system.cpu.logical.count", "1", "host.cpu.count", level, largest, filter{}},
	{"system.cpu.utilization", "1", "host.cpu.utilization", level, sum, working},
	{"system.cpu.load_average.1m", "1", "host.cpu.load", level, largest, filter{}},
	{"system.memory.usage", "By", "host.memory.usage", level, sum, used},
	{"system.memory.utilization", "1", "host.memory.utilization", level, sum, used},
	{"system.paging.operations", "1", "host.memory.paging", rate, sum, filter{}},
	{"system.paging.faults", "1", "host.memory.major_faults", rate, sum, major},
	{"system.paging.usage", "By", "host.memory.swap", level, sum, used},
	{"system.paging.utilization", "1", "host.memory.swap_utilization", level, largest, used},
	{"system.disk.io", "By", "host.disk.io", rate, sum, filter{}},
	{"system.disk.operations", "1", "host.disk.operations", rate, sum, filter{}},
	{"system.disk.io_time", "s", "host.disk.busy", rate, largest, filter{}},
	{"system.disk.operation_time", "s", "host.disk.wait", rate, sum, filter{}},
	{"system.disk.pending_operations", "1", "host.disk.pending", level, sum, filter{}},
	{"system.filesystem.utilization", "1", "host.disk.utilization", level, largest, filter{}},
	{"system.network.io", "By", "host.network.io", rate, sum, filter{}},
	{"system.network.packets", "1", "host.network.packets", rate, sum, filter{}},
	{"system.network.errors", "1", "host.network.errors", rate, sum, filter{}},
	{"system.network.dropped", "1", "host.network.dropped", rate, sum, filter{}},
	{"system.network.packet.dropped", "1", "host.network.packet_dropped", rate, sum, filter{}},
	{"system.network.connections", "1", "host.network.connections", level, sum, filter{}},
	{"system.network.connection.count", "1", "host.network.connection_count", level, sum, filter{}},
	{"k8s.node.cpu.usage", "1", "host.cpu.node_usage", level, average, filter{}},
	{"k8s.node.cpu.utilization", "1", "host.cpu.node_usage", level, average, filter{}},
	{"k8s.node.cpu.time", "s", "host.cpu.node_time", rate, sum, filter{}},
	{"k8s.node.memory.usage", "By", "host.memory.node_usage", level, largest, filter{}},
	{"k8s.node.memory.working_set", "By", "host.memory.working_set", level, largest, filter{}},
	{"k8s.node.memory.available", "By", "host.memory.available", level, largest, filter{}},
	{"k8s.node.memory.major_page_faults", "1", "host.memory.node_major_faults", rate, largest, filter{}},
	{"k8s.node.network.io", "By", "host.network.node_io", rate, sum, filter{}},
	{"k8s.node.network.errors", "1", "host.network.node_errors", rate, sum, filter{}},
	{"k8s.node.filesystem.usage", "By", "host.disk.usage", level, largest, filter{}},
	{"node_cpu_seconds_total", "s", "host.cpu.exporter_usage", rate, sum, working},
	{"node_cpu_seconds_total", "s", "host.cpu.exporter_count", rate, sum, filter{}}, // likewise
	{"node_load1", "1", "host.cpu.load", level, largest, filter{}},
	{"node_pressure_cpu_waiting_seconds_total", "s", "host.cpu.pressure", rate, largest, filter{}},
	{"node_pressure_memory_waiting_seconds_total", "s", "host.memory.pressure", rate, largest, filter{}},
	{"node_pressure_io_waiting_seconds_total", "s", "host.disk.io_pressure", rate, largest, filter{}},
	{"node_memory_MemAvailable_bytes", "By", "host.memory.available", level, largest, filter{}},
	{"node_vmstat_pgmajfault", "1", "host.memory.node_major_faults", rate, largest, filter{}},
	{"node_disk_read_bytes_total", "By", "host.disk.io_read", rate, sum, filter{}},
	{"node_disk_written_bytes_total", "By", "host.disk.io_written", rate, sum, filter{}},
	{"node_disk_io_time_seconds_total", "s", "host.disk.busy", rate, largest, filter{}},
	{"node_network_receive_bytes_total", "By", "host.network.received", rate, sum, filter{}},
	{"node_network_transmit_bytes_total", "By", "host.network.sent", rate, sum, filter{}},
	{"node_network_receive_errs_total", "1", "host.network.received_errors", rate, sum, filter{}},
	{"node_network_transmit_errs_total", "1", "host.network.sent_errors", rate, sum, filter{}},
	{"node_network_receive_drop_total", "1", "host.network.received_dropped", rate, sum, filter{}},
	{"node_network_transmit_drop_total", "1", "host.network.sent_dropped", rate, sum, filter{}},

	// The JVM.
	{"jvm.gc.duration", "s", "runtime.gc.time", total, sum, filter{}},
	{"process.runtime.jvm.gc.duration", "ms", "runtime.gc.jvm_time", total, sum, filter{}},
	{"jvm.gc.pause", "s", "runtime.gc.pause_time", total, sum, filter{}}, // Micrometer
	{"jvm.memory.used", "By", "runtime.memory.heap", level, sum, heap},
	{"process.runtime.jvm.memory.usage", "By", "runtime.memory.jvm_heap", level, sum, heap},
	{"jvm.memory.used_after_last_gc", "By", "runtime.memory.live", level, sum, heap},
	{"process.runtime.jvm.memory.usage_after_last_gc", "By", "runtime.memory.jvm_live", level, sum, heap},
	{"jvm.thread.count", "1", "runtime.threads", level, sum, filter{}},
	{"process.runtime.jvm.threads.count", "1", "runtime.jvm_threads", level, sum, filter{}},
	{"jvm.cpu.time", "s", "runtime.cpu.usage", rate, largest, filter{}},
	{"jvm.cpu.recent_utilization", "1", "runtime.cpu.utilization", level, largest, filter{}},
	{"process.runtime.jvm.cpu.utilization", "1", "runtime.cpu.utilization", level, largest, filter{}},
	{"jvm.system.cpu.utilization", "1", "host.cpu.jvm_utilization", level, largest, filter{}},
	{"process.runtime.jvm.system.cpu.utilization", "1", "host.cpu.jvm_utilization", level, largest, filter{}},
	{"system.cpu.usage", "1", "host.cpu.micrometer", level, largest, filter{}},
	{"jvm.class.count", "1", "runtime.classes", level, largest, filter{}},

	// Go.
	{"go.goroutine.count", "1", "runtime.goroutines", level, largest, filter{}},
	{"process.runtime.go.goroutines", "1", "runtime.goroutines", level, largest, filter{}},
	{"go_goroutines", "1", "runtime.goroutines", level, largest, filter{}},
	{"go.memory.used", "By", "runtime.memory.used", level, sum, filter{}},
	{"process.runtime.go.mem.heap_alloc", "By", "runtime.memory.go_heap", level, largest, filter{}},
	{"go_memstats_heap_alloc_bytes", "By", "runtime.memory.go_heap", level, largest, filter{}},
	{"go.memory.allocated", "By", "runtime.memory.allocation", rate, largest, filter{}},
	{"go_memstats_alloc_bytes_total", "By", "runtime.memory.allocation", rate, largest, filter{}},
	{"go.memory.gc.goal", "By", "runtime.gc.goal", level, largest, filter{}},
	{"go.schedule.duration", "s", "runtime.cpu.schedule_wait", mean, average, filter{}},
	{"process.runtime.go.gc.pause_ns", "ns", "runtime.gc.pause", total, largest, filter{}},
	{"go_gc_duration_seconds", "s", "runtime.gc.pause", total, largest, filter{}},
	{"process.runtime.go.gc.count", "1", "runtime.gc.count", rate, largest, filter{}},

	// Node.js, Python, .NET, Ruby.
	{"nodejs.eventloop.utilization", "1", "runtime.eventloop.utilization", level, largest, filter{}},
	{"nodejs.eventloop.delay.mean", "s", "runtime.eventloop.delay", level, largest, filter{}},
	{"nodejs.eventloop.delay.p99", "s", "runtime.eventloop.delay_p99", level, largest, filter{}},
	{"v8js.gc.duration", "s", "runtime.gc.v8_time", total, sum, filter{}},
	{"v8js.memory.heap.used", "By", "runtime.memory.v8_heap", level, sum, filter{}},
	{"nodejs_eventloop_lag_seconds", "s", "runtime.eventloop.delay", level, largest, filter{}},
	{"process.runtime.cpython.gc_count", "1", "runtime.gc.cpython_count", rate, sum, filter{}},
	{"process.runtime.cpython.cpu.utilization", "1", "runtime.cpu.cpython_utilization", level, sum, filter{}},
	{"cpython.gc.collections", "1", "runtime.gc.collections", rate, sum, filter{}},
	{"dotnet.gc.pause.time", "s", "runtime.gc.dotnet_pause", rate, largest, filter{}},
	{"dotnet.gc.last_collection.heap.size", "By", "runtime.memory.dotnet_heap", level, sum, filter{}},
	{"dotnet.thread_pool.queue.length", "1", "pool.threads.pending", level, largest, filter{}},
	{"dotnet.thread_pool.thread.count", "1", "pool.threads.count", level, largest, filter{}},
	{"dotnet.monitor.lock_contentions", "1", "runtime.lock_contentions", rate, largest, filter{}},

	// Pools and queues in front of work.
	{"db.client.connection.count", "1", "pool.db.used", level, sum, busy},
	{"db.client.connections.usage", "1", "pool.db.usage", level, sum, busy},
	{"db.client.connection.pending_requests", "1", "pool.db.pending", level, sum, filter{}},
	{"db.client.connections.pending_requests", "1", "pool.db.pending_requests", level, sum, filter{}},
	{"db.client.connection.wait_time", "s", "pool.db.wait", mean, average, filter{}},
	{"db.client.connections.wait_time", "ms", "pool.db.wait", mean, average, filter{}},
	{"db.client.connection.timeouts", "1", "pool.db.timeouts", rate, sum, filter{}},
	{"db.client.connections.timeouts", "1", "pool.db.timeout_count", rate, sum, filter{}},
	{"http.client.open_connections", "1", "pool.http.connections", level, sum, filter{}},
	{"http.server.active_requests", "1", "requests.active", level, sum, filter{}},
	{"hikaricp.connections.pending", "1", "pool.hikari.pending", level, sum, filter{}},
	{"hikaricp_connections_pending", "1", "pool.hikari.pending_connections", level, sum, filter{}},
	{"hikaricp.connections.active", "1", "pool.hikari.active", level, sum, filter{}},
	{"hikaricp.connections.acquire", "s", "pool.hikari.wait", mean, average, filter{}},
	{"hikaricp.connections.timeout", "1", "pool.hikari.timeouts", rate, sum, filter{}},
	{"tomcat.threads.busy", "1", "pool.tomcat.busy", level, sum, filter{}},
	{"executor.queued", "1", "pool.executor.queued", level, sum, filter{}},
}

// rowsOf indexes catalogue by metric. Where an exporter would write one metric as another
// is called, it is the other.
var rowsOf = func() map[string][]row {
	m := exported(catalogue)
	for _, r := range catalogue {
		if !strings.Contains(r.metric, ".") {
			delete(m, r.metric)
		}
	}
	for _, r := range catalogue {
		m[r.metric] = append(m[r.metric], r)
	}
	return m
}()
