package ingest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/window"
)

// scraped is a point of a metric of a resource, that says itself whom it is about.
func scraped(t testing.TB, resource attrs, metric string, point attrs) pmetric.Metrics {
	return metricOf(t, resource, metric, func(m pmetric.Metric) {
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(at(time.Second)))
		p.SetDoubleValue(7)
		require.NoError(t, p.Attributes().FromRaw(point))
	})
}

const longID = "3f2a77c09e1b3f2a77c09e1b3f2a77c09e1b3f2a77c09e1b3f2a77c09e1b3f2a"

// TestPointsThatSayWhoseTheyAre sends a point beside spans of cart-0 of namespace shop on
// node n1, in container longID, and of web on n2. It lists who has it as what.
func TestPointsThatSayWhoseTheyAre(t *testing.T) {
	job := attrs{"service.name": "kubernetes-cadvisor", "service.instance.id": "10.0.0.9:10250", "server.address": "10.0.0.9"}
	for _, c := range []struct {
		name     string
		resource attrs
		metric   string
		point    attrs
		want     string
	}{
		{"pod", job, "container_memory_working_set_bytes", attrs{"namespace": "shop", "pod": "cart-0", "container": "cart", "node": "n1"}, "cart container.memory.working_set"},
		{"pod without a resource", nil, "container_memory_rss", attrs{"namespace": "shop", "pod": "cart-0"}, "cart container.memory.rss"},
		{"pod, from a node", attrs{"k8s.node.name": "n1"}, "container_memory_rss", attrs{"namespace": "shop", "pod": "cart-0"}, "cart container.memory.rss"},
		{"pod as resources have it", job, "container.memory.rss", attrs{"k8s.namespace.name": "shop", "k8s.pod.name": "cart-0"}, "cart container.memory.rss"},
		{"pod with underscores", job, "k8s_pod_memory_rss_bytes", attrs{"k8s_namespace_name": "shop", "k8s_pod_name": "cart-0"}, "cart pod.memory.rss"},
		{"told of by another pod", job, "kube_pod_container_status_restarts_total", attrs{"pod": "state-0", "exported_pod": "cart-0", "namespace": "monitoring", "exported_namespace": "shop"}, "cart container.restarts"},
		{"another pod", job, "container_memory_rss", attrs{"namespace": "shop", "pod": "cart-1", "node": "n1"}, "no_service"},
		{"a pod of another namespace by rule of both", job, "container_memory_rss", attrs{"namespace": "dev", "pod": "web-0"}, "no_service"},
		{"no pod", job, "container_memory_rss", attrs{"id": "/system.slice", "node": "n1"}, "no_service"},
		{"control group", job, "container_memory_rss", attrs{"id": "/system.slice/docker-" + longID + ".scope", "name": "shop_cart_1"}, "cart container.memory.rss"},
		{"node", attrs{"service.name": "node-exporter"}, "node_load1", attrs{"instance": "n1:9100", "pod": "node-exporter-x", "namespace": "monitoring"}, "cart host.cpu.load"},
		{"node by its name", attrs{"service.name": "node-exporter"}, "node_load1", attrs{"node": "n2", "instance": "10.0.0.9:9100"}, "web host.cpu.load"},
		{"node by where it was scraped", attrs{"service.name": "node-exporter", "service.instance.id": "n2:9100"}, "node_load1", nil, "web host.cpu.load"},
		{"unknown node", attrs{"service.name": "node-exporter", "service.instance.id": "n3:9100"}, "node_load1", nil, "no_service"},
		{"process", job, "process_resident_memory_bytes", attrs{"namespace": "shop", "pod": "cart-0"}, "cart process.memory.self"},
		{"process of a service that nobody else names", attrs{"service.name": "mail"}, "process_resident_memory_bytes", attrs{"pod": "mail-0"}, "mail process.memory.self"},
		{"a replica tells of itself", attrs{"service.name": "web", "k8s.pod.name": "web-0", "k8s.namespace.name": "shop"}, "process_resident_memory_bytes", attrs{"pod": "cart-0"}, "web process.memory.self"},
		{"what instrumentation sends", attrs{"service.name": "mail"}, "jvm.thread.count", attrs{"pod": "cart-0"}, "mail runtime.threads"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, testConfig())
			cart, web := root(1, time.Second), root(2, time.Second)
			cart.service, cart.resource = "cart", attrs{"k8s.namespace.name": "shop", "k8s.pod.name": "cart-0", "k8s.node.name": "n1", "container.id": longID}
			web.resource = attrs{"k8s.namespace.name": "shop", "k8s.pod.name": "web-0", "host.name": "n2"}
			if strings.Contains(c.name, "rule of both") {
				web.resource = attrs{"k8s.namespace.name": "shop", "host.name": "n2"}
			}
			r.Traces(batchOf(t, cart, web), now())
			for range 2 { // the second finds what the first has found
				r.Metrics(scraped(t, c.resource, c.metric, c.point), now())
			}
			var got []string
			for _, res := range r.end()[0].Resources {
				for _, v := range res.Values {
					got = append(got, res.Service.Name+" "+v.Metric)
				}
			}
			for reason := range r.lost {
				if reason == "no_service" {
					got = append(got, reason)
				}
			}
			assert.Equal(t, []string{c.want}, got)
		})
	}
}

// A pod that comes to be known is found from then on.
func TestPointsFindWhoComesLater(t *testing.T) {
	r := newRig(t, testConfig())
	point := scraped(t, nil, "container_memory_rss", attrs{"pod": "cart-0"})
	r.Metrics(point, now())
	s := root(1, time.Second)
	s.service, s.resource = "cart", attrs{"k8s.pod.name": "cart-0"}
	r.Traces(batchOf(t, s), now())
	r.Metrics(point, now())
	assert.Equal(t, "cart", r.end()[0].Resources[0].Service.Name)
	assert.Equal(t, map[string]int{"no_service": 1}, r.lost)
}

func TestLabelling(t *testing.T) {
	assert.Equal(t, "n1", withoutPort("n1:9100"))
	assert.Equal(t, "n1", withoutPort("n1"))
	assert.Equal(t, "fe80::1", withoutPort("fe80::1"))
	assert.Equal(t, longID, containerID("/kubepods/burstable/pod1/cri-containerd-"+longID+".scope"))
	assert.Equal(t, longID, containerID("docker://"+longID))
	assert.Empty(t, containerID("/system.slice/a"+longID), "65 digits")
	assert.Empty(t, containerID("/"))

	named := newLabelling([][]string{{"container.name"}}, 1)
	var docker labels
	named.read(&docker, mapOf(t, attrs{"name": "shop_cart_1", "pod": "nobody asked"}))
	assert.Equal(t, map[string]any{"container.name": "shop_cart_1"}, named.asMap(&docker).AsRaw())

	for range 20 {
		both := newLabelling([][]string{{"pod.id"}, {"pod_id"}}, 2)
		var got labels
		both.read(&got, mapOf(t, attrs{"pod_id": "x"}))
		require.Equal(t, map[string]any{"pod_id": "x"}, both.asMap(&got).AsRaw(), "an attribute of its own")
	}

	many := [][]string{}
	for k := range 2 * maxLabels {
		many = append(many, []string{fmt.Sprint("key.", k)})
	}
	l := newLabelling(many, len(many))
	assert.Len(t, l.names, maxLabels)
	var got labels
	l.read(&got, mapOf(t, attrs{"key_3": "x", "key.4": 5, "key.5": "", "key.6": strings.Repeat("x", maxName+1)}))
	assert.Equal(t, map[string]any{"key.3": "x", "key.4": "5"}, l.asMap(&got).AsRaw())
}

func TestExportedNames(t *testing.T) {
	for metric, feature := range map[string]string{
		"jvm_memory_used_bytes":                                          "runtime.memory.heap",
		"jvm_gc_duration_seconds":                                        "runtime.gc.time",
		"process_runtime_jvm_gc_duration_milliseconds":                   "runtime.gc.jvm_time",
		"process_cpu_time_seconds_total":                                 "process.cpu.usage",
		"system_cpu_utilization_ratio":                                   "host.cpu.utilization",
		"k8s_pod_network_io_bytes_total":                                 "pod.network.io",
		"db_client_connection_pending_requests":                          "pool.db.pending",
		"process_cpu_seconds_total":                                      "process.cpu.self",
		"container_memory_rss":                                           "container.memory.rss",
		"hikaricp_connections_pending":                                   "pool.hikari.pending_connections",
		"container_cpu_throttling_data_throttled_time_nanoseconds_total": "container.cpu.throttled",
	} {
		rows := rowsOf[metric]
		if assert.NotEmpty(t, rows, metric) {
			assert.Equal(t, feature, rows[0].feature, metric)
		}
	}
	rows := rowsOf["jvm_memory_used_bytes"]
	assert.True(t, rows[0].filter.passes(mapOf(t, attrs{"jvm_memory_type": "heap"})))
	assert.False(t, rows[0].filter.passes(mapOf(t, attrs{"jvm_memory_type": "non_heap"})))
	assert.InDelta(t, 1e-3, factorOf("process_runtime_jvm_gc_duration_milliseconds", "", "ms"), 0)
}

// BenchmarkScraped takes in points of 200 pods from one exporter.
func BenchmarkScraped(b *testing.B) {
	cfg := testConfig()
	cfg.Limits.Instances, cfg.Limits.MetricStreams = 1000, 10_000
	i, err := New(cfg, nothingCounted{}, func(*window.Snapshot) bool { return true })
	if err != nil {
		b.Fatal(err)
	}
	i.Start()
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "cadvisor")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("container_memory_rss")
	points := m.SetEmptyGauge().DataPoints()
	for k := range 200 {
		s := root(uint64(k+1), time.Second)
		pod := fmt.Sprint("web-", k)
		s.resource = attrs{"k8s.namespace.name": "shop", "k8s.pod.name": pod}
		i.Traces(batchOf(b, s), now())
		p := points.AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(at(time.Second)))
		p.SetDoubleValue(float64(k))
		for _, label := range [...][2]string{{"namespace", "shop"}, {"pod", pod}, {"container", "web"}, {"image", "registry/web:1"}, {"name", "x"}} {
			p.Attributes().PutStr(label[0], label[1])
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		i.Metrics(md, now())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*md.DataPointCount()), "ns/point")
	if err := i.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}
