package emit

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/simulate"
)

// replicaMeter measures a replica: from the outside, and by its own SDK.
type replicaMeter struct {
	container, process meter
	cpu, own           rate
}

// blockBytes is what one operation of a disk moves.
const blockBytes = 16 << 10

// kubelet writes what the kubeletstats receiver reports of a replica's container
// and pod, and a runtime of containers of its throttling and disk.
func (s *scrape) kubelet(md pmetric.Metrics, at time.Duration, r *simulate.ReplicaState) {
	who := &s.e.replicas[r.Service][r.Replica]
	m := &s.replicas[r.Service][r.Replica]
	m.container.begin()
	now, since := s.e.stamp(at, r.Host), s.e.stamp(r.Started, r.Host)
	svc := who.service

	w := newWriter(md, "kubeletstats", now, since, func(a pcommon.Map) {
		who.describePod(a, s.e.opts.Namespace)
		a.PutStr("k8s.container.name", svc.Name)
		a.PutStr("container.id", who.container)
	})
	w.total("container.cpu.time", "s").add(m.container.total(r.CPUSeconds, r.Started))
	if cores, ok := m.cpu.of(r.CPUSeconds, at, r.Started); ok && svc.CPULimit > 0 {
		w.gauge("k8s.container.cpu_limit_utilization", "1").add(m.container.level(cores) / svc.CPULimit)
	}
	if svc.CPULimit > 0 {
		w.total("container.cpu.throttling_data.throttled_time", "ns").
			add(m.container.total(r.Throttled*1e9, r.Started))
	}
	w.gauge("container.memory.working_set", "By").add(m.container.level(r.MemoryMiB) * mib)
	w.gauge("container.memory.major_page_faults", "1").add(m.container.count(r.PageFaults))
	if r.DiskOps > 0 { // who never reads has no such metric
		w.total("container.disk.io", "By").
			add(m.container.count(r.DiskOps)*blockBytes, "disk.io.direction", "read", "system.device", "sda")
	}

	w = newWriter(md, "kubeletstats", now, since, func(a pcommon.Map) { who.describePod(a, s.e.opts.Namespace) })
	w.total("k8s.pod.network.io", "By").
		add(m.container.total(r.SentMiB*mib, r.Started), "interface", "eth0", "direction", "transmit").
		add(m.container.total(r.ReceivedMiB*mib, r.Started), "interface", "eth0", "direction", "receive")
	w.total("k8s.pod.network.errors", "1").
		add(m.container.count(r.Retransmits), "interface", "eth0", "direction", "transmit")
}
