package ingest

import (
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/datapoint"
	"github.com/sage-rca/sage/internal/window"
)

// Metrics takes in metric points, as Traces does spans.
func (i *Ingester) Metrics(md pmetric.Metrics, now time.Time) {
	if i.closing.closed.Load() {
		return
	}
	i.world.RLock()
	defer i.world.RUnlock()
	s := i.scratch.Get().(*scratch)
	b := batch{i: i, s: s, now: now.UnixNano(), mark: i.mark.load(), afterAbout: &i.first.about, afterMetric: &i.first.metric}
	for k := range md.ResourceMetrics().Len() {
		b.take(md.ResourceMetrics().At(k))
	}
	if i.fold(s, b.now) {
		i.keepAlive(now)
	}
	s.reportPoints(i.obs)
	i.release(s)
}

// batch reads the metrics of one call.
type batch struct {
	i    *Ingester
	s    *scratch
	now  int64
	mark int64

	attributes pcommon.Map // of the resource
	about      *about      // of the resource, once a point was accepted
	metric     *selected

	afterAbout, afterMetric *sequence // what comes next comes after these
}

func (b *batch) take(rm pmetric.ResourceMetrics) {
	b.attributes, b.about = rm.Resource().Attributes(), nil
	unread, read := "", false
	for k := range rm.ScopeMetrics().Len() {
		sm := rm.ScopeMetrics().At(k)
		scope := sm.Scope().Name()
		if scope == b.i.cfg.OtherScope && scope != "" {
			continue
		}
		for n := range sm.Metrics().Len() {
			m := sm.Metrics().At(n)
			b.metric = b.i.selectMetric(b.s, m, scope, b.afterMetric)
			b.afterMetric = &b.metric.sequence
			if b.metric.durations != nil {
				b.durations(m)
				if read = true; len(b.metric.features) == 0 {
					continue
				}
			}
			if len(b.metric.features) == 0 {
				b.s.add(notSelected, datapoint.Count(m))
				if b.metric.unread && unread == "" {
					unread = b.metric.name
				}
				continue
			}
			read = true
			b.read(m)
		}
	}
	if unread != "" && !read {
		b.noteUnread(unread)
	}
}

// read takes the points of one selected metric, whatever their type.
func (b *batch) read(m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		b.numbers(m.Gauge().DataPoints(), sample{})
	case pmetric.MetricTypeSum:
		b.numbers(m.Sum().DataPoints(), sample{
			counter: true, delta: m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityDelta,
		})
	case pmetric.MetricTypeHistogram:
		h := m.Histogram()
		delta := h.AggregationTemporality() == pmetric.AggregationTemporalityDelta
		for k := range h.DataPoints().Len() {
			p := h.DataPoints().At(k)
			b.point(p.Attributes(), p.Timestamp(), p.StartTimestamp(), p.Flags(), sample{
				counter: true, delta: delta, counted: true, invalid: !p.HasSum(), value: p.Sum(), count: float64(p.Count()),
			})
		}
	case pmetric.MetricTypeExponentialHistogram:
		h := m.ExponentialHistogram()
		delta := h.AggregationTemporality() == pmetric.AggregationTemporalityDelta
		for k := range h.DataPoints().Len() {
			p := h.DataPoints().At(k)
			b.point(p.Attributes(), p.Timestamp(), p.StartTimestamp(), p.Flags(), sample{
				counter: true, delta: delta, counted: true, invalid: !p.HasSum(), value: p.Sum(), count: float64(p.Count()),
			})
		}
	case pmetric.MetricTypeSummary:
		for k := range m.Summary().DataPoints().Len() {
			p := m.Summary().DataPoints().At(k)
			b.point(p.Attributes(), p.Timestamp(), p.StartTimestamp(), p.Flags(), sample{
				counter: true, counted: true, value: p.Sum(), count: float64(p.Count()),
			})
		}
	case pmetric.MetricTypeEmpty:
	}
}

func (b *batch) numbers(points pmetric.NumberDataPointSlice, s sample) {
	for k := range points.Len() {
		p := points.At(k)
		switch p.ValueType() {
		case pmetric.NumberDataPointValueTypeInt:
			s.value = float64(p.IntValue())
		case pmetric.NumberDataPointValueTypeDouble:
			s.value = p.DoubleValue()
		case pmetric.NumberDataPointValueTypeEmpty:
			b.s.add(noValue, 1)
			continue
		}
		b.point(p.Attributes(), p.Timestamp(), p.StartTimestamp(), p.Flags(), s)
	}
}

// point joins one point and appends it, once per feature and replica.
func (b *batch) point(attributes pcommon.Map, at, start pcommon.Timestamp, flags pmetric.DataPointFlags, s sample) {
	if flags.NoRecordedValue() {
		b.s.add(noValue, 1)
		return
	}
	if r, ok := b.i.cfg.Guard.inTime(uint64(at), b.i.oldest, b.now); !ok {
		b.s.add(r, 1)
		return
	}
	t := int64(at)
	b.mark = max(b.mark, past(t, b.now))
	about := b.whom(attributes)
	owners := about.of(b.metric)
	if len(owners) == 0 {
		b.s.add(about.refused, 1)
		return
	}
	stream := mix(b.about.stream ^ mix(b.metric.id+hashMap(attributes)))
	began := int64(0)
	if s.counter && start < at { // of a gauge it means nothing
		began = int64(start)
	}
	for k := range b.metric.features {
		f := &b.metric.features[k]
		if !f.row.filter.passes(attributes) {
			continue
		}
		kind, ok := s.as(f.row.reading)
		if !ok {
			b.s.add(unsupported, 1)
			continue
		}
		name, hash := f.name, f.nameHash
		if about.host {
			name, hash = f.ofHost, f.ofHostHash
		}
		for k := range owners {
			owner := &owners[k]
			if b.metric.named != nil && !b.i.named.admit(namedKey{owner.instance.Service, b.metric.of, name == f.ofHost}, b.metric.named, t) {
				b.s.add(nameLimit, 1)
				continue
			}
			p := b.s.point()
			p.Instance, p.Host, p.Metric, p.Stream = owner.instance, owner.place, name, stream
			p.Hash = owner.hash ^ hash ^ stream
			p.Kind, p.Fold, p.Time, p.Start = kind, f.row.fold, t, began
			p.Value, p.Weight, p.Spare = s.value*f.factor, s.count, b.metric.named != nil
		}
	}
}

// point returns a new point, to be filled in whole: it may hold anything. What
// it holds are strings that do not belong to the batch.
func (s *scratch) point() *window.Point {
	n := len(s.points)
	if n == cap(s.points) {
		s.points = slices.Grow(s.points, 1)
	}
	s.points = s.points[:n+1]
	return &s.points[n]
}

// sample is the value of a point of any type.
type sample struct {
	counter bool // adds up over time
	delta   bool // since the point before
	counted bool // value is the sum of count values
	invalid bool // has no value after all
	value   float64
	count   float64
}

// as returns how the sample is to be read as a feature, and false where its type
// does not have that.
func (s *sample) as(how reading) (window.Temporality, bool) {
	running := window.Cumulative
	if s.delta {
		running = window.Delta
	}
	switch how {
	case level:
		return window.Gauge, !s.counted && !s.delta
	case rate: // of a gauge too: some exporters do not say that a total is one
		if !s.counter {
			return window.Untyped, true
		}
		return running, !s.counted
	case mean:
		if s.delta {
			return window.DeltaRatio, s.counted && !s.invalid
		}
		return window.Ratio, s.counted && !s.invalid
	case total:
		return running, s.counter && !s.invalid
	}
	return 0, false
}

// hostPrefix is how features of hosts begin, diskPrefix those of their disks.
const hostPrefix, diskPrefix = "host.", "host.disk."

// hostFeature marks a feature as one of the host.
func hostFeature(feature string, in *interner) string {
	if strings.HasPrefix(feature, hostPrefix) {
		return feature
	}
	return in.join("host", '.', feature)
}
