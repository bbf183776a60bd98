package rootcause

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/rca"
)

// A store sends no spans, and its pod is known to the kubelet alone: whoever calls it names
// its host, which is what the container is called. Then its lack of CPU is why it is slow.
func TestAStoresMetricsAreThoseOfItsPod(t *testing.T) {
	w := newWorld(t, watching(), time.Time{})
	windows := func(n int, store time.Duration, cores float64) {
		for range n {
			w.kubelet("user-mongo", cores*(1+0.03*w.rng.NormFloat64()), 2)
			w.kubelet("cart-redis", 0.2*(1+0.03*w.rng.NormFloat64()), 2)
			for i := range 60 {
				w.callsStores(w.at.Add(time.Duration(i+1)*w.size/61), w.around(store), w.around(5*ms))
			}
			w.at = w.at.Add(w.size)
		}
	}
	windows(40, 50*ms, 0.28)
	windows(6, 800*ms, 1.98)
	windows(1, 50*ms, 0.28)
	events := opened(w.end())
	require.Len(t, events, 1)
	require.Len(t, events[0].Verdict.Culprits, 1)
	c := events[0].Verdict.Culprits[0]
	assert.Equal(t, "mongodb:user-mongo", c.Service.String())
	assert.Equal(t, rca.CPU, c.Mechanism)
	assert.Contains(t, []string{"container.cpu.usage", "container.cpu.limit_utilization"}, c.Metric)
	assert.False(t, c.Unmonitored)
}

// callsStores sends a request to web that ends at end, and what it calls.
func (w *world) callsStores(end time.Time, mongo, redis time.Duration) {
	td := ptrace.NewTraces()
	w.ids++
	trace := w.ids
	own := w.around(10 * ms)
	start := end.Add(-own - mongo - redis)
	root := w.span(td, trace, [8]byte{}, "web", "GET /users", ptrace.SpanKindServer, start, own+mongo+redis, nil)
	at := start.Add(own)
	w.span(td, trace, root.SpanID(), "web", "find", ptrace.SpanKindClient, at, mongo, map[string]any{"db.system": "mongodb", "server.address": "user-mongo"})
	w.span(td, trace, root.SpanID(), "web", "GET", ptrace.SpanKindClient, at.Add(mongo), redis, map[string]any{"db.system": "redis", "server.address": "cart-redis.shop.svc"})
	w.in.Traces(td, end)
}

// kubelet sends what the kubelet tells of a container, in the middle of the window that began
// last: the cores that it takes, of so many that it may.
func (w *world) kubelet(container string, cores, limit float64) {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	require.NoError(w.t, rm.Resource().Attributes().FromRaw(map[string]any{
		"k8s.namespace.name": "shop", "k8s.container.name": container, "k8s.pod.uid": "uid-" + container,
		"k8s.pod.name": container + "-7d9c8b6f5d-x7k2p", "k8s.node.name": "n1",
	}))
	at := w.at.Add(w.size / 2)
	metrics := rm.ScopeMetrics().AppendEmpty().Metrics()
	for _, g := range []struct {
		name  string
		value float64
	}{{"container.cpu.usage", cores}, {"k8s.container.cpu_limit_utilization", cores / limit}} {
		m := metrics.AppendEmpty()
		m.SetName(g.name)
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(at))
		p.SetDoubleValue(g.value)
	}
	w.in.Metrics(md, at)
}
