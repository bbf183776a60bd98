package summary

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// writer adds points of one window to the last of messages.
type writer struct {
	messages   []pmetric.Metrics
	points     int // in the last
	source     string
	start, end pcommon.Timestamp
	services   map[identity.Service]*service // of the last
}

// begin begins a message.
func (w *writer) begin() {
	w.messages = append(w.messages, pmetric.NewMetrics())
	w.points, w.services = 0, make(map[identity.Service]*service)
}

// service are the metrics of one resource. A slice may move what it holds, so they
// are known by their place, and -1 where there are none yet.
type service struct {
	w       *writer
	metrics pmetric.MetricSlice
	at      [numQuantities]int
}

// of returns the metrics of a service, in another message where the last one is full.
func (w *writer) of(name identity.Service) *service {
	if w.points >= MaxPoints {
		w.begin()
	}
	if s := w.services[name]; s != nil {
		return s
	}
	rm := w.messages[len(w.messages)-1].ResourceMetrics().AppendEmpty()
	putText(rm.Resource().Attributes(), attrNamespace, name.Namespace)
	putText(rm.Resource().Attributes(), attrService, name.Name)
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName(Scope)
	sm.Scope().SetVersion(Version)
	sm.Scope().Attributes().PutStr(attrSource, w.source)
	s := &service{w: w, metrics: sm.Metrics()}
	for q := range s.at {
		s.at[q] = -1
	}
	w.services[name] = s
	return s
}

func (s *service) metric(q quantity) pmetric.Metric {
	if s.at[q] < 0 {
		s.at[q] = s.metrics.Len()
		q.describe(s.metrics.AppendEmpty())
	}
	return s.metrics.At(s.at[q])
}

// number adds a point where v is not zero.
func (s *service) number(q quantity, v float64, name func(pcommon.Map)) {
	if v != 0 {
		s.point(q, v, name)
	}
}

func (s *service) point(q quantity, v float64, name func(pcommon.Map)) {
	s.w.points++
	p := s.metric(q).Sum().DataPoints().AppendEmpty()
	p.SetStartTimestamp(s.w.start)
	p.SetTimestamp(s.w.end)
	p.SetDoubleValue(v)
	name(p.Attributes())
}

// histogram adds a point of what k holds, where that is not empty.
func (s *service) histogram(q quantity, k *sketch.Sketch, name func(pcommon.Map), x window.Exemplars) {
	if k.Count() == 0 {
		return
	}
	s.w.points++
	p := s.metric(q).ExponentialHistogram().DataPoints().AppendEmpty()
	p.SetStartTimestamp(s.w.start)
	p.SetTimestamp(s.w.end)
	name(p.Attributes())
	fill(p, k)
	if len(x.Sample) == 0 {
		return
	}
	p.Exemplars().EnsureCapacity(1 + len(x.Sample))
	exemplar(p.Exemplars().AppendEmpty(), &x.Slowest)
	for i := range x.Sample {
		exemplar(p.Exemplars().AppendEmpty(), &x.Sample[i])
	}
}

func exemplar(to pmetric.Exemplar, x *window.Exemplar) {
	to.SetTraceID(pcommon.TraceID(x.Span.Trace))
	to.SetSpanID(pcommon.SpanID(x.Span.ID))
	to.SetIntValue(x.Duration)
}
