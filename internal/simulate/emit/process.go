package emit

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/simulate"
)

// process writes what the SDK of a replica reports: its runtime, its connection
// pools, and the requests that it serves.
func (s *scrape) process(md pmetric.Metrics, at time.Duration, r *simulate.ReplicaState, who *replica) {
	m := &s.replicas[r.Service][r.Replica]
	m.process.begin()
	w := newWriter(md, "runtime", s.e.stamp(at, r.Host), s.e.stamp(r.Started, r.Host), func(a pcommon.Map) {
		who.describe(a, s.e.opts.Namespace, r.Deploys)
	})
	w.upDown("http.server.active_requests", "{request}").
		add(float64(r.Active), "http.request.method", "_OTHER", "url.scheme", "http")
	if s.e.durations != nil {
		w.durations(&s.e.durations[r.Service][r.Replica], r.Started)
	}
	w.pools(&m.process, r, who.service)
	switch who.service.Runtime {
	case "jvm":
		w.jvm(&m.process, r)
	case "go":
		w.golang(&m.process, r)
	case "nodejs":
		own, ok := m.own.of(r.CPUSeconds-r.Hogged, at, r.Started)
		w.node(&m.process, r, own, ok)
	}
}

// pools writes the metrics of the replica's connection pools.
func (w *writer) pools(m *meter, r *simulate.ReplicaState, svc *simulate.Service) {
	if len(svc.Pools) == 0 {
		return
	}
	const name, state = "db.client.connection.pool.name", "db.client.connection.state"
	connections := w.upDown("db.client.connection.count", "{connection}")
	for p := range svc.Pools {
		connections.add(float64(r.PoolUsed[p]), name, svc.Pools[p].Name, state, "used")
		connections.add(float64(max(0, svc.Pools[p].Size-r.PoolUsed[p])), name, svc.Pools[p].Name, state, "idle")
	}
	pending := w.upDown("db.client.connection.pending_requests", "{request}")
	for p := range svc.Pools {
		pending.add(float64(r.PoolWaiting[p]), name, svc.Pools[p].Name)
	}
	waits := w.distribution("db.client.connection.wait_time", "s")
	for p := range svc.Pools {
		w.sum(waits, m.count(r.PoolAcquired[p]), m.total(r.PoolWait[p], r.Started), name, svc.Pools[p].Name)
	}
}

// The parts of a process's memory that its runtime manages, and its threads or
// the like at rest and per request.
const (
	heapShare      = 0.6
	nonHeapMiB     = 96
	jvmThreads     = 32
	goroutines     = 14
	perRequest     = 1
	goroutinesEach = 3
)

func (w *writer) jvm(m *meter, r *simulate.ReplicaState) {
	const collector, action = "jvm.gc.name", "jvm.gc.action"
	w.sum(w.distribution("jvm.gc.duration", "s"), m.count(r.GCCount), m.total(r.GCSeconds, r.Started),
		collector, "G1 Young Generation", action, "end of minor GC")
	const kind, pool = "jvm.memory.type", "jvm.memory.pool.name"
	w.upDown("jvm.memory.used", "By").
		add(m.level(heapShare*r.MemoryMiB)*mib, kind, "heap", pool, "G1 Old Gen").
		add(m.level(nonHeapMiB)*mib, kind, "non_heap", pool, "Metaspace")
	w.upDown("jvm.thread.count", "{thread}").
		add(float64(jvmThreads+perRequest*r.Active), "jvm.thread.daemon", "true")
}

func (w *writer) golang(m *meter, r *simulate.ReplicaState) {
	w.upDown("go.goroutine.count", "{goroutine}").add(float64(goroutines + goroutinesEach*r.Active))
	w.upDown("go.memory.used", "By").add(m.level(heapShare*r.MemoryMiB)*mib, "go.memory.type", "other")
}

// node writes the metrics of Node.js; own is the CPU use of the process in cores,
// where it is known: the event loop is busy for as long.
func (w *writer) node(m *meter, r *simulate.ReplicaState, own float64, known bool) {
	w.sum(w.distribution("v8js.gc.duration", "s"), m.count(r.GCCount), m.total(r.GCSeconds, r.Started),
		"v8js.gc.type", "minor")
	w.upDown("v8js.memory.heap.used", "By").
		add(m.level(heapShare*r.MemoryMiB)*mib, "v8js.heap.space.name", "old_space")
	if known {
		w.gauge("nodejs.eventloop.utilization", "1").add(min(1, m.level(own)))
	}
}
