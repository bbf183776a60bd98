//go:build !race

// Under the race detector a sync.Pool forgets one in four at random, and so what
// is allocated is random there.

package ingest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/window"
)

// In the steady state spans are taken in without allocation, and so are points.
func TestIngester_doesNotAllocateInTheSteadyState(t *testing.T) {
	cfg := testConfig()
	cfg.Window, cfg.Lateness = time.Hour, time.Second // no window closes
	i, err := New(cfg, nothingCounted{}, func(*window.Snapshot) bool { return true })
	require.NoError(t, err)
	td := benchTraces()
	n := uint64(0)
	spans := func() {
		shift(td, n)
		n++
		i.Traces(td, now())
	}
	md := benchMetrics()
	points := func() {
		later(md)
		i.Metrics(md, now())
	}
	for range 300 {
		spans()
		points()
	}
	// What a garbage collection takes from the pool of scratches is made anew.
	assert.Less(t, testing.AllocsPerRun(100, spans)/float64(td.SpanCount()), 0.01)
	assert.Less(t, testing.AllocsPerRun(100, points)/float64(md.DataPointCount()), 0.1)
	require.NoError(t, i.Close(t.Context()))
}

// So are spans without kinds.
func TestKindless_doesNotAllocateInTheSteadyState(t *testing.T) {
	cfg := testConfig()
	cfg.Window, cfg.Lateness = time.Hour, time.Second // no window closes
	i, err := New(cfg, nothingCounted{}, func(*window.Snapshot) bool { return true })
	require.NoError(t, err)
	td := without(chains(), 1)
	n := uint64(0)
	spans := func() {
		shift(td, n)
		n++
		i.Traces(td, now())
	}
	for range 300 {
		spans()
	}
	assert.Less(t, testing.AllocsPerRun(100, spans)/float64(td.SpanCount()), 0.01)
	require.NoError(t, i.Close(t.Context()))
}

// So are points of metrics whose names alone tell what they are of, those that are refused
// too, and those of which nobody knows anything.
func TestByName_doesNotAllocateInTheSteadyState(t *testing.T) {
	cfg := byName()
	cfg.Window, cfg.Lateness = time.Hour, time.Second // no window closes
	i, err := New(cfg, nothingCounted{}, func(*window.Snapshot) bool { return true })
	require.NoError(t, err)
	md := pmetric.NewMetrics()
	for k := range 10 {
		rm := md.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr("service.name", fmt.Sprint("service-", k))
		ms := rm.ScopeMetrics().AppendEmpty().Metrics()
		for n := range 12 {
			m := ms.AppendEmpty()
			m.SetName(fmt.Sprintf("CpuUsage.core(%d)", n))
			m.SetEmptyGauge().DataPoints().AppendEmpty().SetTimestamp(pcommon.NewTimestampFromTime(epoch))
		}
		rm = md.ResourceMetrics().AppendEmpty()
		rm.Resource().Attributes().PutStr("service.name", fmt.Sprint("shop-", k))
		m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName("orders.placed")
		m.SetEmptyGauge().DataPoints().AppendEmpty().SetTimestamp(pcommon.NewTimestampFromTime(epoch))
	}
	steady(t, i, md)
}

// So are points of stores, by what their resource says and by what they say themselves, and those of
// the disks of their hosts.
func TestStores_doNotAllocateInTheSteadyState(t *testing.T) {
	cfg := testConfig()
	cfg.Window, cfg.Lateness = time.Hour, time.Second // no window closes
	i, err := New(cfg, nothingCounted{}, func(*window.Snapshot) bool { return true })
	require.NoError(t, err)
	md := pmetric.NewMetrics()
	point := func(resource, labels attrs, name string) {
		rm := md.ResourceMetrics().AppendEmpty()
		require.NoError(t, rm.Resource().Attributes().FromRaw(resource))
		m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName(name)
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(epoch))
		require.NoError(t, p.Attributes().FromRaw(labels))
	}
	for k := range 20 {
		name := fmt.Sprint("store-", k)
		i.Traces(batchOf(t, call(uint64(k+1), time.Second, mongo(name))...), now())
		point(pod(name, name+"-0", nil), nil, "container.cpu.usage")
		point(attrs{"service.name": "cadvisor"}, attrs{"namespace": "shop", "pod": name + "-0"}, "container_memory_usage_bytes")
	}
	point(attrs{"host.name": "n2"}, nil, "system.disk.pending_operations")
	point(attrs{"service.name": "node-exporter"}, attrs{"node": "n2"}, "node_disk_io_time_seconds_total")
	steady(t, i, md)
}

// steady takes in points again and again, and demands that each costs no allocation.
func steady(t *testing.T, i *Ingester, md pmetric.Metrics) {
	t.Helper()
	points := func() {
		later(md)
		i.Metrics(md, now())
	}
	for range 100 {
		points()
	}
	assert.Less(t, testing.AllocsPerRun(100, points)/float64(md.DataPointCount()), 0.01)
	require.NoError(t, i.Close(t.Context()))
}
