package ingest

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Metrics takes in metric points, as Traces does spans.
func (i *Ingester) Metrics(md pmetric.Metrics, now time.Time) {
	if i.closing.closed.Load() {
		return
	}
	s := i.scratch.Get().(*scratch)
	b := batch{i: i, s: s, now: now.UnixNano(), mark: i.mark.load()}
	for k := range md.ResourceMetrics().Len() {
		b.take(md.ResourceMetrics().At(k))
	}
	if i.fold(s) {
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
	resource   uint64      // hash of attributes
	looked     bool        // owners are known
	host       bool        // the owners share a host that the resource is about
	refused    reason      // why there are no owners
}

func (b *batch) take(rm pmetric.ResourceMetrics) {
	b.attributes, b.looked = rm.Resource().Attributes(), false
	for k := range rm.ScopeMetrics().Len() {
		sm := rm.ScopeMetrics().At(k)
		for n := range sm.Metrics().Len() {
			m := sm.Metrics().At(n)
			b.s.rows = b.i.cfg.Metrics.rowsFor(b.s.rows[:0], m)
			if len(b.s.rows) == 0 {
				b.s.add(notSelected, pointCount(m))
				continue
			}
			b.scale(m)
			b.read(m, hashString(fnvOffset, sm.Scope().Name()))
		}
	}
}

// scale sets the factors by which the features of m come to base units.
func (b *batch) scale(m pmetric.Metric) {
	b.s.factors = b.s.factors[:0]
	for k := range b.s.rows {
		r := &b.s.rows[k]
		b.s.factors = append(b.s.factors, factorOf(r.metric, m.Unit(), r.unit))
	}
}

// read takes the points of one selected metric, whatever their type.
func (b *batch) read(m pmetric.Metric, scope uint64) {
	id := mix(hashString(scope, m.Name()))
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		b.numbers(id, m.Gauge().DataPoints(), sample{})
	case pmetric.MetricTypeSum:
		b.numbers(id, m.Sum().DataPoints(), sample{
			counter: true, delta: m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityDelta,
		})
	case pmetric.MetricTypeHistogram:
		h := m.Histogram()
		delta := h.AggregationTemporality() == pmetric.AggregationTemporalityDelta
		for k := range h.DataPoints().Len() {
			p := h.DataPoints().At(k)
			b.point(id, p.Attributes(), p.Timestamp(), p.StartTimestamp(), p.Flags(), sample{
				counter: true, delta: delta, counted: true, invalid: !p.HasSum(), value: p.Sum(), count: float64(p.Count()),
			})
		}
	case pmetric.MetricTypeExponentialHistogram:
		h := m.ExponentialHistogram()
		delta := h.AggregationTemporality() == pmetric.AggregationTemporalityDelta
		for k := range h.DataPoints().Len() {
			p := h.DataPoints().At(k)
			b.point(id, p.Attributes(), p.Timestamp(), p.StartTimestamp(), p.Flags(), sample{
				counter: true, delta: delta, counted: true, invalid: !p.HasSum(), value: p.Sum(), count: float64(p.Count()),
			})
		}
	case pmetric.MetricTypeSummary:
		for k := range m.Summary().DataPoints().Len() {
			p := m.Summary().DataPoints().At(k)
			b.point(id, p.Attributes(), p.Timestamp(), p.StartTimestamp(), p.Flags(), sample{
				counter: true, counted: true, value: p.Sum(), count: float64(p.Count()),
			})
		}
	case pmetric.MetricTypeEmpty:
	}
}

func (b *batch) numbers(id uint64, points pmetric.NumberDataPointSlice, s sample) {
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
		b.point(id, p.Attributes(), p.Timestamp(), p.StartTimestamp(), p.Flags(), s)
	}
}

// point joins one point and appends it, once per feature and replica.
func (b *batch) point(id uint64, attributes pcommon.Map, at, start pcommon.Timestamp,
	flags pmetric.DataPointFlags, s sample,
) {
	if flags.NoRecordedValue() {
		b.s.add(noValue, 1)
		return
	}
	if r, ok := b.i.cfg.Guard.inTime(uint64(at), b.now); !ok {
		b.s.add(r, 1)
		return
	}
	t := int64(at)
	b.mark = max(b.mark, t)
	b.look()
	if len(b.s.owners) == 0 {
		b.s.add(b.refused, 1)
		return
	}
	stream := mix(b.resource ^ mix(id+hashMap(attributes)))
	for k := range b.s.rows {
		r := &b.s.rows[k]
		if !r.filter.passes(attributes) {
			continue
		}
		p, ok := s.as(r.reading)
		if !ok {
			b.s.add(unsupported, 1)
			continue
		}
		p.Metric, p.Fold, p.Stream, p.Time = r.feature, r.fold, stream, t
		if s.counter && start < at { // of a gauge it means nothing
			p.Start = int64(start)
		}
		p.Value *= b.s.factors[k]
		if b.host {
			p.Metric = hostFeature(r.feature, &b.s.in)
		}
		for _, owner := range b.s.owners {
			p.Instance = owner
			b.s.points = append(b.s.points, p)
		}
	}
}

// look finds, once per resource, the replicas that it is about.
func (b *batch) look() {
	if b.looked {
		return
	}
	b.looked, b.host = true, false
	b.resource = hashMap(b.attributes)
	b.s.owners = b.s.owners[:0]
	r := resourceOf(b.attributes, &b.s.in)
	if r.service.Name == "" {
		b.refused = noService
		b.s.owners, b.host = b.i.joins.find(b.s.owners, b.attributes, identity.Service{}, b.mark)
		return
	}
	if !b.i.served.Service(r.service, b.mark) {
		b.refused = serviceLimit
		return
	}
	if b.s.owners, _ = b.i.joins.find(b.s.owners, b.attributes, r.service, b.mark); len(b.s.owners) > 0 {
		return
	}
	owner := identity.Instance{Service: r.service, ID: r.instance}
	owner.ID, _ = b.i.admitInstance(owner, b.mark)
	b.s.owners = append(b.s.owners, owner)
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

// as returns the sample as a feature is read from it, and false where its type
// does not have that.
func (s sample) as(how reading) (window.Point, bool) {
	p := window.Point{Value: s.value, Weight: s.count}
	running := window.Cumulative
	if s.delta {
		running = window.Delta
	}
	switch how {
	case level:
		p.Kind = window.Gauge
		return p, !s.counted && !s.delta
	case rate:
		p.Kind = running // of a gauge too: some exporters do not say that a total is one
		return p, !s.counted
	case mean:
		p.Kind = window.Ratio
		if s.delta {
			p.Kind = window.DeltaRatio
		}
		return p, s.counted && !s.invalid
	case total:
		p.Kind = running
		return p, s.counter && !s.invalid
	}
	return p, false
}

// hostFeature marks a feature as one of the host.
func hostFeature(feature string, in *interner) string {
	const prefix = "host."
	if len(feature) >= len(prefix) && feature[:len(prefix)] == prefix {
		return feature
	}
	return in.join("host", '.', feature)
}

func pointCount(m pmetric.Metric) int {
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
