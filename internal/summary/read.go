package summary

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/datapoint"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// Reason says why points of Scope were refused.
type Reason string

// The reasons.
const (
	OtherVersion Reason = "summary_version"   // of a Collector that is older or newer
	Malformed    Reason = "summary_malformed" // what Metrics does not write
)

// Is reports whether metrics of a scope are those of this package.
func Is(scope string) bool { return scope == Scope }

// Pieces appends what the metrics of Scope in md say to dst, in order. It reports
// how many points it refuses. Nothing of md is kept but strings.
func Pieces(dst []window.Piece, md pmetric.Metrics, refused func(Reason, int)) []window.Piece {
	for k := range md.ResourceMetrics().Len() {
		rm := md.ResourceMetrics().At(k)
		for n := range rm.ScopeMetrics().Len() {
			sm := rm.ScopeMetrics().At(n)
			if !Is(sm.Scope().Name()) {
				continue
			}
			if sm.Scope().Version() != Version {
				refused(OtherVersion, datapoint.CountAll(sm))
				continue
			}
			r := reader{pieces: dst, whole: true}
			r.source = r.text(sm.Scope().Attributes(), attrSource)
			r.service = identity.Service{
				Namespace: r.text(rm.Resource().Attributes(), attrNamespace),
				Name:      r.text(rm.Resource().Attributes(), attrService),
			}
			if r.source == "" || !r.whole {
				refused(Malformed, datapoint.CountAll(sm))
				continue
			}
			for m := range sm.Metrics().Len() {
				r.metric(sm.Metrics().At(m))
			}
			if r.refused > 0 {
				refused(Malformed, r.refused)
			}
			dst = r.pieces
		}
	}
	return dst
}

// reader reads the metrics of one service from one source.
type reader struct {
	source  string
	service identity.Service
	pieces  []window.Piece
	refused int
	whole   bool // of the point that is read: nothing was wrong so far
}

func (r *reader) metric(m pmetric.Metric) {
	q, known := byName[m.Name()]
	switch {
	case known && quantities[q].histogram && m.Type() == pmetric.MetricTypeExponentialHistogram &&
		m.ExponentialHistogram().AggregationTemporality() == pmetric.AggregationTemporalityDelta:
		for k := range m.ExponentialHistogram().DataPoints().Len() {
			p := m.ExponentialHistogram().DataPoints().At(k)
			s, ok := sketchOf(p)
			r.begin(ok)
			x := r.exemplars(p.Exemplars())
			r.point(q, p.StartTimestamp(), p.Timestamp(), p.Attributes(), value{sketch: s, exemplars: x})
		}
	case known && !quantities[q].histogram && m.Type() == pmetric.MetricTypeSum &&
		m.Sum().AggregationTemporality() == pmetric.AggregationTemporalityDelta:
		for k := range m.Sum().DataPoints().Len() {
			p := m.Sum().DataPoints().At(k)
			v := p.DoubleValue()
			r.begin(p.ValueType() == pmetric.NumberDataPointValueTypeDouble && v >= 0 && v <= maxNumber)
			r.point(q, p.StartTimestamp(), p.Timestamp(), p.Attributes(), value{number: v})
		}
	default:
		r.refused += datapoint.Count(m)
	}
}

// maxNumber is what a weight, or a sum of weighted nanoseconds, may be: more than that of
// 2^40 requests each of which stands for 2^56 and takes 2^63 ns. However many such numbers
// come, what they add up to is finite.
const maxNumber = 1 << 160

// begin begins a point, of which may be known already that something is wrong.
func (r *reader) begin(ok bool) { r.whole = ok }

// value is what a point says, besides of what.
type value struct {
	number    float64
	sketch    *sketch.Sketch
	exemplars window.Exemplars
}

// point appends the piece that a point is.
func (r *reader) point(q quantity, start, end pcommon.Timestamp, of pcommon.Map, v value) {
	p := window.Piece{Source: r.source, Start: int64(start), End: int64(end)}
	id := newID(q).add(r.service.Namespace).add(r.service.Name)
	switch {
	case q == windows:
		p.Sampled = &window.Sampled{Weighted: isTrue(of, attrWeighted), Kept: isTrue(of, attrKept)}
	case q == replicaResource:
		p.Replica, id = r.replica(of, id)
	case q < calls:
		p.RPC, id = r.rpc(q, of, v, id)
	default:
		p.Edge, id = r.edge(q, of, v, id)
	}
	if !r.whole || p.Start >= p.End {
		r.refused++
		return
	}
	p.ID = uint64(id)
	r.pieces = append(r.pieces, p)
}

func (r *reader) exemplars(from pmetric.ExemplarSlice) window.Exemplars {
	n := from.Len()
	if n == 0 {
		return window.Exemplars{}
	}
	if n == 1 || n > 1+window.MaxSample {
		r.whole = false
		return window.Exemplars{}
	}
	all := make([]window.Exemplar, n)
	for k := range n {
		x := from.At(k)
		all[k] = window.Exemplar{
			Span:     identity.Span{Trace: identity.TraceID(x.TraceID()), ID: identity.SpanID(x.SpanID())},
			Duration: x.IntValue(),
		}
		r.whole = r.whole && x.ValueType() == pmetric.ExemplarValueTypeInt && x.IntValue() >= 0
	}
	return window.Exemplars{Slowest: all[0], Sample: all[1:]}
}
