package foreign

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// meter reads the states of replicas and hosts at intervals.
type meter struct {
	plant *plant
	every int64
	last  map[*replica]reading
	hosts map[*host]reading
}

// reading is what sums were at the last reading.
type reading struct {
	cpu, pauses, throttled int64
	disk                   int64
}

func newMeter(p *plant) *meter {
	m := &meter{plant: p, every: int64(p.Every), last: make(map[*replica]reading), hosts: make(map[*host]reading)}
	if m.every == 0 {
		m.every = int64(10 * time.Second)
	}
	if len(p.Meters) > 0 {
		p.clock.after(m.every/3, m.tick)
	}
	return m
}

func (m *meter) tick() {
	p := m.plant
	p.clock.after(m.every, m.tick)
	if p.silent || p.over {
		return
	}
	for _, source := range p.Meters {
		w := &points{md: pmetric.NewMetrics(), at: Epoch + p.clock.now}
		switch source {
		case Kubelet:
			m.each(func(r *replica, was reading) { m.kubelet(w, r, was) })
			for _, h := range p.hosts {
				m.node(w, h)
			}
		case DockerAPI:
			m.each(func(r *replica, was reading) { m.docker(w, r, was) })
		case Hosts:
			for _, h := range p.hosts {
				m.system(w, h)
			}
		case Runtime:
			m.each(func(r *replica, was reading) { m.runtime(w, r, was) })
		case Cadvisor:
			w.resource(map[string]any{"service.name": "kubernetes-cadvisor", "service.instance.id": "kubernetes.default.svc:443", "server.address": "kubernetes.default.svc"})
			m.each(func(r *replica, was reading) { m.cadvisor(w, r, was) })
		case CadvisorIO:
			w.resource(map[string]any{"service.name": "kubernetes-cadvisor", "service.instance.id": "kubernetes.default.svc:443", "server.address": "kubernetes.default.svc"})
			m.each(func(r *replica, _ reading) { m.cadvisorIO(w, r) })
		case NodeExporter:
			for i, h := range p.hosts {
				m.nodeExporter(w, h, i)
			}
		case OldRuntime:
			m.each(func(r *replica, was reading) { m.oldRuntime(w, r, was) })
		}
		md := w.md
		p.clock.after(int64(p.post.Float64()*float64(arrival)), func() { p.sink.Metrics(md, p.clock.now) })
	}
	for _, s := range p.order {
		for _, r := range s.replicas {
			m.last[r] = reading{cpu: r.group.cpuTime, pauses: r.pauseTime, throttled: r.group.throttled}
			r.pauseLog = r.pauseLog[:0]
		}
	}
	for _, h := range p.hosts {
		m.hosts[h] = reading{cpu: h.cpuTime, disk: h.diskTime}
	}
}

func (m *meter) each(do func(r *replica, was reading)) {
	for _, s := range m.plant.order {
		for _, r := range s.replicas {
			if !r.down {
				do(r, m.last[r])
			}
		}
	}
}

// points writes metrics of a resource after another.
type points struct {
	md   pmetric.Metrics
	at   int64
	into pmetric.MetricSlice
}

func (w *points) resource(attrs map[string]any) {
	rm := w.md.ResourceMetrics().AppendEmpty()
	must(rm.Resource().Attributes().FromRaw(attrs))
	w.into = rm.ScopeMetrics().AppendEmpty().Metrics()
}

func (w *points) gauge(name, unit string, v float64, attrs ...string) {
	m := w.find(name, unit)
	if m.Type() == pmetric.MetricTypeEmpty {
		m.SetEmptyGauge()
	}
	w.set(m.Gauge().DataPoints().AppendEmpty(), attrs).SetDoubleValue(v)
}

func (w *points) sum(name, unit string, v float64, monotonic bool, attrs ...string) {
	m := w.find(name, unit)
	if m.Type() == pmetric.MetricTypeEmpty {
		s := m.SetEmptySum()
		s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		s.SetIsMonotonic(monotonic)
	}
	d := w.set(m.Sum().DataPoints().AppendEmpty(), attrs)
	d.SetStartTimestamp(pcommon.Timestamp(Epoch))
	d.SetDoubleValue(v)
}

func (w *points) find(name, unit string) pmetric.Metric {
	for _, m := range w.into.All() {
		if m.Name() == name {
			return m
		}
	}
	m := w.into.AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	return m
}

func (w *points) set(d pmetric.NumberDataPoint, attrs []string) pmetric.NumberDataPoint {
	d.SetTimestamp(pcommon.Timestamp(w.at))
	for i := 0; i+1 < len(attrs); i += 2 {
		d.Attributes().PutStr(attrs[i], attrs[i+1])
	}
	return d
}

const mib = 1 << 20

// used is the share of cores that were busy since the last reading.
func (m *meter) used(now, was int64) float64 { return float64(now-was) / float64(m.every) }

func (m *meter) kubelet(w *points, r *replica, was reading) {
	w.resource(map[string]any{
		"k8s.pod.name": r.pod, "k8s.pod.uid": r.uid, "k8s.namespace.name": m.plant.Name, "k8s.node.name": r.host.name,
	})
	w.gauge("k8s.pod.cpu.usage", "{cpu}", m.used(r.group.cpuTime, was.cpu))
	w.gauge("k8s.pod.memory.working_set", "By", r.held()*mib)
	w.gauge("k8s.pod.memory.major_page_faults", "1", float64(r.faults))
	w.sum("k8s.pod.network.io", "By", float64(r.sent), true, "interface", "eth0", "direction", "transmit")
	w.sum("k8s.pod.network.io", "By", float64(r.received), true, "interface", "eth0", "direction", "receive")
	w.resource(map[string]any{
		"k8s.pod.name": r.pod, "k8s.pod.uid": r.uid, "k8s.namespace.name": m.plant.Name, "k8s.node.name": r.host.name,
		"k8s.container.name": r.service.Name, "container.id": r.uid,
	})
	w.gauge("container.cpu.usage", "{cpu}", m.used(r.group.cpuTime, was.cpu))
	w.sum("container.cpu.time", "s", float64(r.group.cpuTime)/1e9, true)
	w.gauge("container.memory.working_set", "By", r.held()*mib)
	w.gauge("k8s.container.memory_limit_utilization", "1", r.live/r.heap)
	if r.service.Quota > 0 {
		w.gauge("k8s.container.cpu_limit_utilization", "1", m.used(r.group.cpuTime, was.cpu)/r.service.Quota)
	}
}

func (m *meter) node(w *points, h *host) {
	was := m.hosts[h]
	w.resource(map[string]any{"k8s.node.name": h.name})
	w.gauge("k8s.node.cpu.usage", "{cpu}", m.used(h.cpuTime, was.cpu))
	w.gauge("k8s.node.memory.working_set", "By", 3000*mib)
}

func (m *meter) docker(w *points, r *replica, was reading) {
	id := ""
	for _, c := range r.uid + r.uid {
		if c != '-' {
			id += string(c)
		}
	}
	w.resource(map[string]any{
		"container.id": id, "container.name": r.service.Name + "-1", "container.hostname": r.uid[:12],
		"container.image.name": r.service.Name, "container.runtime": "docker",
	})
	w.sum("container.cpu.usage.total", "ns", float64(r.group.cpuTime), true)
	w.gauge("container.cpu.utilization", "1", 100*m.used(r.group.cpuTime, was.cpu))
	w.sum("container.memory.usage.total", "By", r.held()*mib, false)
	w.gauge("container.memory.percent", "1", 100*r.live/r.heap)
	w.sum("container.network.io.usage.rx_bytes", "By", float64(r.received), true, "interface", "eth0")
	w.sum("container.network.io.usage.tx_bytes", "By", float64(r.sent), true, "interface", "eth0")
	if r.service.Quota > 0 {
		w.sum("container.cpu.throttling_data.throttled_time", "ns", float64(r.group.throttled), true)
		w.sum("container.cpu.throttling_data.throttled_periods", "{periods}", float64(r.group.periods), true)
	}
}

func (m *meter) system(w *points, h *host) {
	was := m.hosts[h]
	used := min(m.used(h.cpuTime, was.cpu)/float64(h.cores), 1)
	w.resource(map[string]any{"host.name": h.name, "os.type": "linux"})
	w.gauge("system.cpu.utilization", "1", used, "state", "user", "cpu", "cpu0")
	w.gauge("system.cpu.utilization", "1", 1-used, "state", "idle", "cpu", "cpu0")
	w.gauge("system.memory.utilization", "1", 0.4, "state", "used")
	w.gauge("system.cpu.load_average.1m", "{thread}", used*float64(h.cores))
	w.sum("system.disk.io_time", "s", float64(h.diskTime)/1e9, true, "device", "nvme0n1")
	w.sum("system.disk.operations", "{operations}", float64(h.diskOps), true, "device", "nvme0n1", "direction", "read")
}

func (m *meter) cadvisor(w *points, r *replica, _ reading) {
	labels := []string{"namespace", m.plant.Name, "pod", r.pod, "container", r.service.Name, "node", r.host.name}
	w.sum("container_cpu_usage_seconds_total", "", float64(r.group.cpuTime)/1e9, true, labels...)
	w.gauge("container_memory_working_set_bytes", "", r.held()*mib, labels...)
	w.sum("container_cpu_cfs_throttled_seconds_total", "", float64(r.group.throttled)/1e9, true, labels...)
	w.sum("container_network_receive_bytes_total", "", float64(r.received), true, labels...)
	w.sum("container_network_transmit_bytes_total", "", float64(r.sent), true, labels...)
}

// runtime is what SDKs tell of the process, with the resource of its spans.
func (m *meter) runtime(w *points, r *replica, was reading) {
	attrs := pcommon.NewMap()
	m.plant.resource(r, attrs)
	w.resource(attrs.AsRaw())
	cpu := m.used(r.group.cpuTime, was.cpu)
	switch r.service.Language {
	case Java:
		m.jvm(w, r, cpu)
	case Node:
		w.gauge("nodejs.eventloop.utilization", "1", min(cpu, 1))
		w.gauge("process.cpu.utilization", "1", cpu, "process.cpu.state", "user")
		w.sum("process.memory.usage", "By", r.live*mib, false)
	case Python:
		w.gauge("process.cpu.utilization", "1", cpu, "type", "user")
		w.sum("process.memory.usage", "By", r.live*mib, false)
	case Go:
		w.sum("process.cpu.time", "s", float64(r.group.cpuTime)/1e9, true, "cpu.mode", "user")
		w.sum("go.memory.used", "By", r.live*mib, false, "go.memory.type", "other")
		w.sum("go.goroutine.count", "{goroutine}", float64(12+r.active), false)
	}
	m.pools(w, r)
}

func (m *meter) jvm(w *points, r *replica, cpu float64) {
	w.gauge("jvm.cpu.recent_utilization", "1", min(cpu/float64(r.host.cores), 1))
	w.sum("jvm.cpu.time", "s", float64(r.group.cpuTime)/1e9, true)
	w.sum("jvm.memory.used", "By", (r.live+r.young)*mib, false, "jvm.memory.type", "heap", "jvm.memory.pool.name", "G1 Old Gen")
	w.sum("jvm.memory.limit", "By", r.heap*mib, false, "jvm.memory.type", "heap", "jvm.memory.pool.name", "G1 Old Gen")
	w.sum("jvm.memory.used_after_last_gc", "By", r.live*mib, false, "jvm.memory.type", "heap", "jvm.memory.pool.name", "G1 Old Gen")
	w.sum("jvm.thread.count", "{thread}", float64(20+r.active), false, "jvm.thread.state", "runnable")
	h := w.find("jvm.gc.duration", "s")
	hist := h.SetEmptyHistogram()
	hist.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	d := hist.DataPoints().AppendEmpty()
	d.SetStartTimestamp(pcommon.Timestamp(Epoch))
	d.SetTimestamp(pcommon.Timestamp(w.at))
	d.Attributes().PutStr("jvm.gc.name", "G1 Young Generation")
	d.SetCount(uint64(r.pauses))
	d.SetSum(float64(r.pauseTime) / 1e9)
	d.ExplicitBounds().FromRaw([]float64{0.01, 0.1, 1, 10})
	d.BucketCounts().FromRaw([]uint64{0, uint64(r.pauses), 0, 0, 0})
}

// pools tells of connection pools, by the names of three generations.
func (m *meter) pools(w *points, r *replica) {
	for _, name := range m.plant.storeNames {
		g := r.pools[name]
		if g == nil || m.plant.stores[name].System == "redis" {
			continue
		}
		in, waiting, most := float64(g.in), float64(len(g.line)), float64(max(g.room, 1))
		switch {
		case r.service.Language == Java && m.plant.Old:
			w.sum("db.client.connections.usage", "{connection}", in, false, "state", "used", "pool.name", "HikariPool-"+name)
			w.sum("db.client.connections.usage", "{connection}", max(most-in, 0), false, "state", "idle", "pool.name", "HikariPool-"+name)
			w.sum("db.client.connections.pending_requests", "{request}", waiting, false, "pool.name", "HikariPool-"+name)
			w.sum("db.client.connections.max", "{connection}", most, false, "pool.name", "HikariPool-"+name)
		case r.service.Language == Java:
			w.gauge("hikaricp.connections.active", "", in, "pool", name)
			w.gauge("hikaricp.connections.pending", "", waiting, "pool", name)
			w.gauge("hikaricp.connections.max", "", most, "pool", name)
		default:
			w.sum("db.client.connection.count", "{connection}", in, false, "db.client.connection.state", "used", "db.client.connection.pool.name", name)
			w.sum("db.client.connection.count", "{connection}", max(most-in, 0), false, "db.client.connection.state", "idle", "db.client.connection.pool.name", name)
			w.sum("db.client.connection.pending_requests", "{request}", waiting, false, "db.client.connection.pool.name", name)
			w.sum("db.client.connection.max", "{connection}", most, false, "db.client.connection.pool.name", name)
		}
	}
}

func must(err error) {
	if err != nil {
		panic(err) // of values that this package chose
	}
}
