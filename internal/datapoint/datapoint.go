// Package datapoint counts the data points of metrics, which are what is used and
// refused, whatever their type.
package datapoint

import "go.opentelemetry.io/collector/pdata/pmetric"

// Count returns the number of data points of m.
func Count(m pmetric.Metric) int {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints().Len()
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().DataPoints().Len()
	case pmetric.MetricTypeSummary:
		return m.Summary().DataPoints().Len()
	case pmetric.MetricTypeEmpty:
	}
	return 0
}

// CountAll returns the number of data points of all metrics of sm.
func CountAll(sm pmetric.ScopeMetrics) int {
	n := 0
	for k := range sm.Metrics().Len() {
		n += Count(sm.Metrics().At(k))
	}
	return n
}
