package foreign

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// held is the working set of a container in MiB.
func (r *replica) held() float64 { return 1.1*r.live + r.taken }

// cadvisorIO is what cAdvisor tells besides CPU and working set.
func (m *meter) cadvisorIO(w *points, r *replica) {
	labels := []string{"namespace", m.plant.Name, "pod", r.pod, "container", r.service.Name, "node", r.host.name}
	sockets := 8 + float64(r.active)
	if r.connect > 0 {
		sockets += 4000
	}
	w.gauge("container_memory_usage_bytes", "", (r.held()+40)*mib, labels...)
	w.gauge("container_spec_memory_limit_bytes", "", 1.2*r.heap*mib, labels...)
	w.sum("container_memory_failures_total", "", float64(r.faults), true, append(labels[:len(labels):len(labels)], "failure_type", "pgmajfault", "scope", "container")...)
	w.gauge("container_sockets", "", sockets, labels...)
	if r.service.Quota > 0 {
		w.sum("container_cpu_cfs_throttled_periods_total", "", float64(r.group.periods), true, labels...)
	}
}

// nodeExporter tells of a host by address; a label has been added that names it.
func (m *meter) nodeExporter(w *points, h *host, i int) {
	instance := fmt.Sprintf("192.168.0.%d:9100", 10+i)
	w.resource(map[string]any{"service.name": "node-exporter", "service.instance.id": instance, "server.address": instance[:len(instance)-5], "server.port": "9100"})
	labels := func(more ...string) []string { return append([]string{"node", h.name}, more...) }
	busy := float64(h.cpuTime) / 1e9
	w.sum("node_cpu_seconds_total", "", busy, true, labels("cpu", "0", "mode", "user")...)
	w.sum("node_cpu_seconds_total", "", float64(h.cores)*float64(m.plant.clock.now)/1e9-busy, true, labels("cpu", "0", "mode", "idle")...)
	w.gauge("node_load1", "", busy/(float64(m.plant.clock.now)/1e9), labels()...)
	w.sum("node_disk_io_time_seconds_total", "", float64(h.diskTime)/1e9, true, labels("device", "sda")...)
	w.sum("node_disk_reads_completed_total", "", float64(h.diskOps), true, labels("device", "sda")...)
	w.gauge("node_memory_MemAvailable_bytes", "", 9000*mib, labels()...)
	w.gauge("node_memory_MemTotal_bytes", "", 16000*mib, labels()...)
}

// oldRuntime is what the Java agent told until 2024, with the resource of its spans;
// of others what SDKs tell.
func (m *meter) oldRuntime(w *points, r *replica, was reading) {
	if r.service.Language != Java {
		m.runtime(w, r, was)
		return
	}
	attrs := pcommon.NewMap()
	m.plant.resource(r, attrs)
	w.resource(attrs.AsRaw())
	heap := []string{"type", "heap", "pool", "PS Old Gen"}
	w.gauge("process.runtime.jvm.cpu.utilization", "1", min(m.used(r.group.cpuTime, was.cpu)/float64(r.host.cores), 1))
	w.gauge("process.runtime.jvm.system.cpu.utilization", "1", min(m.used(r.host.cpuTime, m.hosts[r.host].cpu)/float64(r.host.cores), 1))
	w.sum("process.runtime.jvm.memory.usage", "By", (r.live+r.young)*mib, false, heap...)
	w.sum("process.runtime.jvm.memory.limit", "By", r.heap*mib, false, heap...)
	w.sum("process.runtime.jvm.memory.usage_after_last_gc", "By", r.live*mib, false, heap...)
	w.sum("process.runtime.jvm.threads.count", "{thread}", float64(20+r.active), false, "daemon", "true")
	hist := w.find("process.runtime.jvm.gc.duration", "ms").SetEmptyHistogram()
	hist.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	d := hist.DataPoints().AppendEmpty()
	d.SetStartTimestamp(pcommon.Timestamp(Epoch))
	d.SetTimestamp(pcommon.Timestamp(w.at))
	d.Attributes().PutStr("gc", "PS Scavenge")
	d.Attributes().PutStr("action", "end of minor GC")
	d.SetCount(uint64(r.pauses))
	d.SetSum(float64(r.pauseTime) / 1e6)
	d.ExplicitBounds().FromRaw([]float64{10, 100, 1000})
	d.BucketCounts().FromRaw([]uint64{0, uint64(r.pauses), 0, 0})
	m.pools(w, r)
}
