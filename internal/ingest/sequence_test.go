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

	"github.com/sage-rca/sage/internal/window"
)

// In which order resources and their metrics come, the same every time or another one
// each time, changes nothing: what is expected to come next is compared.
func TestSequence_changesNothing(t *testing.T) {
	const services, scrapes = 5, 24
	metrics := [...]string{"process.memory.usage", "jvm.thread.count", "app.not.selected", "container.cpu.usage"}
	run := func(order func(n int) []int) []*window.Snapshot {
		r := newRig(t, testConfig())
		for k := range scrapes {
			md := pmetric.NewMetrics()
			for _, service := range order(services) {
				rm := md.ResourceMetrics().AppendEmpty()
				rm.Resource().Attributes().PutStr("service.name", fmt.Sprint("service-", service))
				ms := rm.ScopeMetrics().AppendEmpty().Metrics()
				for _, n := range order(len(metrics)) {
					m := ms.AppendEmpty()
					m.SetName(metrics[n])
					p := m.SetEmptyGauge().DataPoints().AppendEmpty()
					p.SetTimestamp(pcommon.NewTimestampFromTime(at(time.Duration(k) * time.Second)))
					p.SetDoubleValue(float64(100*service + 10*n + k))
				}
			}
			r.Metrics(md, now())
		}
		assert.Equal(t, services*scrapes, r.lost["not_selected"])
		return r.end()
	}
	want := run(func(n int) []int {
		all := make([]int, n)
		for k := range all {
			all[k] = k
		}
		return all
	})
	require.Len(t, want, 3)
	require.Len(t, want[0].Resources, services)
	require.Len(t, want[0].Resources[0].Values, len(metrics)-1)
	assert.Equal(t, want, run(rand.New(rand.NewPCG(1, 2)).Perm))
}
