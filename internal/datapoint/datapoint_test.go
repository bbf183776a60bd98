package datapoint_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/datapoint"
)

// A scope with n points of the n-th type has as many as the library counts.
func TestCount(t *testing.T) {
	md := pmetric.NewMetrics()
	sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	for n, add := range []func(pmetric.Metric) func(){
		func(pmetric.Metric) func() { return nil },
		func(m pmetric.Metric) func() { g := m.SetEmptyGauge(); return func() { g.DataPoints().AppendEmpty() } },
		func(m pmetric.Metric) func() { s := m.SetEmptySum(); return func() { s.DataPoints().AppendEmpty() } },
		func(m pmetric.Metric) func() {
			h := m.SetEmptyHistogram()
			return func() { h.DataPoints().AppendEmpty() }
		},
		func(m pmetric.Metric) func() {
			h := m.SetEmptyExponentialHistogram()
			return func() { h.DataPoints().AppendEmpty() }
		},
		func(m pmetric.Metric) func() {
			s := m.SetEmptySummary()
			return func() { s.DataPoints().AppendEmpty() }
		},
	} {
		m := sm.Metrics().AppendEmpty()
		point := add(m)
		for range n {
			point()
		}
		assert.Equal(t, n, datapoint.Count(m))
	}
	assert.Equal(t, 15, datapoint.CountAll(sm))
	assert.Equal(t, md.DataPointCount(), datapoint.CountAll(sm))
}
