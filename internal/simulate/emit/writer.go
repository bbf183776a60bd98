package emit

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// writer appends metrics of one resource and scope, all of one time.
type writer struct {
	to        pmetric.MetricSlice
	at, start pcommon.Timestamp
}

// newWriter returns a writer for a new resource of md, which describe describes.
func newWriter(md pmetric.Metrics, scope string, at, start pcommon.Timestamp, describe func(pcommon.Map)) writer {
	rm := md.ResourceMetrics().AppendEmpty()
	describe(rm.Resource().Attributes())
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName(scope)
	return writer{to: sm.Metrics(), at: at, start: start}
}

func (w *writer) metric(name, unit string) pmetric.Metric {
	m := w.to.AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	return m
}

// series are the points of one metric.
type series struct {
	points    pmetric.NumberDataPointSlice
	at, start pcommon.Timestamp
}

// add appends a point; attributes are keys and values in turn.
func (s series) add(v float64, attributes ...string) series {
	p := s.points.AppendEmpty()
	p.SetTimestamp(s.at)
	if s.start != 0 {
		p.SetStartTimestamp(s.start)
	}
	p.SetDoubleValue(v)
	put(p.Attributes(), attributes)
	return s
}

func put(to pcommon.Map, attributes []string) {
	for i := 0; i+1 < len(attributes); i += 2 {
		to.PutStr(attributes[i], attributes[i+1])
	}
}

// gauge begins a metric of values that stand.
func (w *writer) gauge(name, unit string) series {
	return series{points: w.metric(name, unit).SetEmptyGauge().DataPoints(), at: w.at}
}

// upDown begins a metric of sums that rise and fall.
func (w *writer) upDown(name, unit string) series {
	s := w.metric(name, unit).SetEmptySum()
	s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return series{points: s.DataPoints(), at: w.at, start: w.start}
}

// total begins a metric of running totals.
func (w *writer) total(name, unit string) series {
	s := w.metric(name, unit).SetEmptySum()
	s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	s.SetIsMonotonic(true)
	return series{points: s.DataPoints(), at: w.at, start: w.start}
}

// distribution begins a metric of histograms that add up.
func (w *writer) distribution(name, unit string) pmetric.HistogramDataPointSlice {
	h := w.metric(name, unit).SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return h.DataPoints()
}

// sum appends a histogram of which count and sum are known, and no buckets: the
// conventions let who only has those leave them out.
func (w *writer) sum(to pmetric.HistogramDataPointSlice, count, sum float64, attributes ...string) {
	p := to.AppendEmpty()
	p.SetTimestamp(w.at)
	p.SetStartTimestamp(w.start)
	p.SetCount(uint64(count))
	p.SetSum(sum)
	put(p.Attributes(), attributes)
}
