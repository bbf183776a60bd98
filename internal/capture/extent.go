package capture

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Extent sums up requests: how many, of what, and which stretch of event time
// they cover. The zero value is empty.
type Extent struct {
	Requests, Spans, Points, Records int
	// First and Last are the earliest and latest event time seen: ends of spans,
	// times of points, timestamps of log records. Zero when nothing had a time.
	First, Last time.Time
}

// Add includes r.
func (e *Extent) Add(r Request) {
	e.Requests++
	switch {
	case r.Traces != nil:
		e.Spans += r.Traces.SpanCount()
		for _, rs := range r.Traces.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					e.see(int64(s.EndTimestamp()))
				}
			}
		}
	case r.Metrics != nil:
		e.Points += r.Metrics.DataPointCount()
		for _, rm := range r.Metrics.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					e.see(pointTime(m))
				}
			}
		}
	case r.Logs != nil:
		e.Records += r.Logs.LogRecordCount()
		for _, rl := range r.Logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					e.see(int64(lr.Timestamp()))
				}
			}
		}
	}
}

// Covers is the event time from First to Last.
func (e *Extent) Covers() time.Duration { return e.Last.Sub(e.First) }

// see includes one event time in ns; 0 is no time.
func (e *Extent) see(ns int64) {
	if ns <= 0 {
		return
	}
	t := time.Unix(0, ns).UTC()
	if e.First.IsZero() || t.Before(e.First) {
		e.First = t
	}
	if t.After(e.Last) {
		e.Last = t
	}
}

// pointTime is the time of m's first point, which stands for the others: one
// scrape reads them all. It is 0 where m has none.
func pointTime(m pmetric.Metric) int64 {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return firstTime(m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		return firstTime(m.Sum().DataPoints())
	default: // distributions are timed by the requests around them
		return 0
	}
}

func firstTime(points pmetric.NumberDataPointSlice) int64 {
	if points.Len() == 0 {
		return 0
	}
	return int64(points.At(0).Timestamp())
}
