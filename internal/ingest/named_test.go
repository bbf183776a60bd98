package ingest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

func byName() Config {
	cfg := testConfig()
	cfg.Metrics.ByName = true
	return cfg
}

// sendGauges sends a point of each of some gauges of web.
func (r *rig) sendGauges(when time.Duration, values map[string]float64) {
	for name, v := range values { // one message each: the order does not matter
		r.Metrics(gaugeOf(r.t, attrs{"service.name": "web"}, name, when, v), now())
	}
}

// What comes of names, in four windows of 10 s.
func TestByName(t *testing.T) {
	r := newRig(t, byName())
	for k := range 8 {
		r.sendGauges(time.Duration(1+5*k)*time.Second, map[string]float64{
			"CpuUsageRate(%)": 20 + float64(k%2), "mem_used_mb": float64(300 + k), "my_cpu_seconds_total": 100 + 2*float64(k),
			"container-cpu-usage-seconds-total": 5 - float64(k%2), "request_count": 7, "memory_limit": 1, "heap_percent": 40,
		})
	}
	snaps := r.end()
	require.Len(t, snaps, 4)
	require.Len(t, snaps[3].Resources, 1)
	assert.Equal(t, []window.Value{
		{Metric: "container.cpu.cadvisor", Value: 4.5},                 // a rate that is written as one
		{Metric: "named.cpu.CpuUsageRate(%)", Value: 20.5},             // as it comes
		{Metric: "named.cpu.my_cpu_seconds_total", Value: 2. / 5},      // nobody says that it is a counter
		{Metric: "named.memory.mem_used_mb", Value: (306. + 307.) / 2}, // leaks rise, too
		{Metric: "named.memory_percent.heap_percent", Value: 40},
	}, snaps[3].Resources[0].Values)
	assert.Equal(t, map[string]int{"not_selected": 16}, r.lost)

	off := newRig(t, testConfig())
	off.sendGauges(time.Second, map[string]float64{"cpu": 1})
	assert.Empty(t, off.end())
	assert.Equal(t, map[string]int{"not_selected": 1}, off.lost)
}

func TestByName_types(t *testing.T) {
	rules := MetricRules{ByName: true, Include: []string{"shop.*"}, Exclude: []string{"cpu.secret"}}
	sum := func(monotonic bool) func(pmetric.Metric) {
		return func(m pmetric.Metric) { m.SetEmptySum().SetIsMonotonic(monotonic) }
	}
	gauge := func(m pmetric.Metric) { m.SetEmptyGauge() }
	histogram := func(m pmetric.Metric) { m.SetEmptyHistogram() }
	for _, c := range []struct {
		name    string
		of      func(pmetric.Metric)
		feature string // "" none
		reading reading
		fold    window.Fold
	}{
		{"cpu", gauge, "named.cpu.cpu", rate, window.FoldMean},
		{"cpu", sum(true), "named.cpu.cpu", rate, window.FoldSum},
		{"cpu", sum(false), "named.cpu.cpu", level, window.FoldMean},
		{"memory", gauge, "named.memory.memory", level, window.FoldMean},
		{"memory", sum(true), "", 0, 0}, // what adds up is no level
		{"queue_length", sum(true), "", 0, 0},
		{"gc_pause_ms", histogram, "named.gc.gc_pause_ms", total, window.FoldSum},
		{"pool_wait_ms", histogram, "named.pool_wait.pool_wait_ms", mean, window.FoldMean},
		{"cpu", func(pmetric.Metric) {}, "", 0, 0},
		{"node_memory_active", gauge, "host.named.memory.node_memory_active", level, window.FoldMean},
		{"cpu.secret", gauge, "", 0, 0},
	} {
		m := pmetric.NewMetric()
		m.SetName(c.name)
		c.of(m)
		got := rules.choose(m)
		if c.feature == "" {
			assert.Empty(t, got.rows, c.name)
			continue
		}
		require.Len(t, got.rows, 1, c.name)
		assert.Equal(t, []any{c.feature, c.reading, c.fold}, []any{got.rows[0].feature, got.rows[0].reading, got.rows[0].fold}, c.name)
		assert.NotNil(t, got.named, c.name)
	}
}

// Every row of the catalogue is found in other spellings, and a spelling is of one row's metric.
func TestRespelt(t *testing.T) {
	for name, rows := range rowsOf {
		got, ok := respelt[underscored(name)]
		require.True(t, ok, name)
		if _, exact := rowsOf[underscored(name)]; !exact || underscored(name) == name {
			assert.Equal(t, rows[0].feature, got[0].feature, name)
		}
	}
	for spelt, feature := range map[string]string{
		"container-cpu-usage-seconds-total": "container.cpu.cadvisor",
		"container.memory.working.set":      "container.memory.working_set",
		"Node-Memory-MemAvailable-Bytes":    "host.memory.available",
		"container-spec-memory-limit-bytes": "container.memory.limit",
	} {
		rules := MetricRules{}
		m := pmetric.NewMetric()
		m.SetName(spelt)
		m.SetEmptyGauge()
		got := rules.choose(m)
		require.Len(t, got.rows, 1, spelt)
		assert.Equal(t, feature, got.rows[0].feature)
		assert.Nil(t, got.named)
	}
}

// Of hundreds of metrics of one resource the same few are used in whatever order they come,
// and none of the catalogue gives way.
func TestByName_bound(t *testing.T) {
	const metrics, scrapes = 60, 12
	run := func(seed uint64) *window.Snapshot {
		r := newRig(t, byName())
		rng := rand.New(rand.NewPCG(seed, 1))
		for k := range scrapes {
			when := time.Duration(1+2*k) * time.Second
			for _, n := range rng.Perm(metrics) {
				r.Metrics(gaugeOf(t, attrs{"service.name": "web"}, fmt.Sprintf("cpu_core_usage.%02d", n), when, float64(n)), now())
			}
			r.sendGauges(when, map[string]float64{"cpu": 1, "cpu_idle": 2, "process.cpu.utilization": 3, "mem": 4})
		}
		snaps := r.end()
		assert.Positive(t, r.lost["name_limit"])
		assert.Len(t, r.lost, 1)
		return snaps[len(snaps)-1]
	}
	want := run(1)
	var names []string
	for _, v := range want.Resources[0].Values {
		names = append(names, v.Metric)
	}
	assert.Equal(t, []string{
		"named.cpu.cpu", "named.cpu.cpu_core_usage.00", "named.cpu.cpu_core_usage.01", "named.cpu.cpu_core_usage.02",
		"named.memory.mem", "process.cpu.utilization",
	}, names, "what is short before what is used, fewer words first")
	for seed := range uint64(4) {
		assert.Equal(t, want.Resources, run(seed+2).Resources)
	}
}

func TestNamed_forgets(t *testing.T) {
	n := newNamed(1, 100)
	key := func(service string) namedKey { return namedKey{service: identity.Service{Name: service}} }
	at := func(name string) *standing { return &standing{words: 1, name: name} }
	for _, name := range []string{"a", "b", "c", "d"} {
		assert.True(t, n.admit(key("web"), at(name), 0))
	}
	assert.False(t, n.admit(key("web"), at("e"), 50))
	assert.True(t, n.admit(key("web"), at("Z"), 50), "stands before d")
	assert.False(t, n.admit(key("web"), at("d"), 50))
	for _, name := range []string{"b", "c", "Z"} {
		assert.True(t, n.admit(key("web"), at(name), 60))
	}
	assert.True(t, n.admit(key("web"), at("e"), 120), "a was not seen for as long")
	assert.False(t, n.admit(key("web"), at("f"), 120))

	for k := range n.max {
		n.admit(key(fmt.Sprint(k)), at("a"), 120)
	}
	assert.Len(t, n.of, n.max)
	assert.False(t, n.admit(key("late"), at("a"), 130), "no service gives way")
	assert.True(t, n.admit(key("late"), at("a"), 300))
	assert.Len(t, n.of, 1)
}

// Whose metrics come, none of which is used, is noted, with names that may be of something.
func TestUnread(t *testing.T) {
	r := newRig(t, byName())
	r.Traces(batchOf(t, root(1, time.Second)), now())
	send := func(service string, names ...string) {
		md := pmetric.NewMetrics()
		rm := md.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr("service.name", service)
		ms := rm.ScopeMetrics().AppendEmpty().Metrics()
		for _, name := range names {
			m := ms.AppendEmpty()
			m.SetName(name)
			p := m.SetEmptyGauge().DataPoints().AppendEmpty()
			p.SetTimestamp(pcommon.NewTimestampFromTime(at(2 * time.Second)))
		}
		r.Metrics(md, now())
	}
	send("web", "http.server.duration", "orders.placed", "cart.size")
	send("web", "cart.size", "latency-90")
	send("used", "orders.placed", "cpu")
	send("idle", "http.server.duration", "memory_limit")
	snaps := r.end()
	require.Len(t, snaps, 1)
	assert.Equal(t, []window.Unread{{Service: identity.Service{Name: "web"}, Names: []string{"cart.size", "orders.placed"}}}, snaps[0].Unread)
}
