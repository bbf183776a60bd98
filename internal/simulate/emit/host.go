package emit

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/simulate"
)

// hostMeter measures a host.
type hostMeter struct {
	meter
	last map[instance]totals // of the replicas on it
	all  totals
	idle float64 // CPU seconds
}

// systemShare is the part of the CPU time that the kernel takes.
const systemShare = 0.15

// host writes what the hostmetrics receiver reports of a host.
func (s *scrape) host(md pmetric.Metrics, at time.Duration, h *simulate.HostState, replicas []simulate.ReplicaState) {
	host := &s.e.app.Hosts[h.Host]
	m := &s.hosts[h.Host]
	m.begin()
	w := newWriter(md, "hostmetrics", s.e.stamp(at, h.Host), s.e.stamp(0, h.Host), func(a pcommon.Map) {
		a.PutStr("host.name", host.Name)
		a.PutStr("os.type", "linux")
	})

	busy := m.total(h.CPUSeconds, 0)
	// What is counted of a slice that is under way may be ahead of the time.
	m.idle = max(m.idle, host.Cores*at.Seconds()-h.CPUSeconds)
	w.total("system.cpu.time", "s").
		add(busy*(1-systemShare), "state", "user").
		add(busy*systemShare, "state", "system").
		add(m.total(m.idle, 0), "state", "idle")

	used := m.level(h.MemoryMiB) * mib
	w.upDown("system.memory.usage", "By").
		add(used, "state", "used").
		add(max(0, host.MemoryMiB*mib-used), "state", "free")

	// What only the replicas know, and a host adds up. A replica that is restarted
	// takes its part with it, so totals follow the increases.
	add := m.sums(replicas, s.onHost[h.Host])
	w.total("system.disk.io_time", "s").add(m.total(h.DiskSeconds, 0), "device", "sda")
	w.total("system.disk.operations", "{operations}").add(m.count(add.ops), "device", "sda", "direction", "read")
	w.total("system.disk.operation_time", "s").add(m.total(add.disk, 0), "device", "sda", "direction", "read")
	w.total("system.network.io", "By").
		add(m.total(h.SentMiB*mib, 0), "device", "eth0", "direction", "transmit").
		add(m.total(add.received*mib, 0), "device", "eth0", "direction", "receive")
	w.total("system.network.dropped", "{packets}").add(m.count(h.Retransmits), "device", "eth0", "direction", "transmit")
	w.total("system.paging.faults", "{faults}").add(m.count(add.faults), "type", "major")
}
