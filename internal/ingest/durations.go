package ingest

import (
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/durations"
	"github.com/sage-rca/sage/internal/window"
)

// histograms folds histograms of durations.
type histograms struct {
	mu     sync.Mutex // guards everything below
	folder *durations.Folder

	blender *durations.Blender // used by the one that hands windows on
}

// tellingStreams is of how many streams of metrics one may be of durations.
const tellingStreams = 4

func newHistograms(size int64, streams int) histograms {
	return histograms{folder: durations.NewFolder(size, max(1, streams/tellingStreams)), blender: durations.NewBlender()}
}

// close returns what was told of the windows of others that are closed, by their start, and of
// those that only histograms tell of. It refuses what comes for windows up to bound later.
func (t *histograms) close(bound, size int64, windows []int64) map[int64][]durations.Told {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.folder.CloseUpTo(bound-size, windows)
}

// blend puts what was told of a window into its snapshot.
func (t *histograms) blend(s *window.Snapshot, of []durations.Told) { t.blender.Blend(s, of) }

// durations takes the points of a histogram of durations.
func (b *batch) durations(m pmetric.Metric) {
	t := &b.i.told
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &b.s.told
	switch m.Type() {
	case pmetric.MetricTypeHistogram:
		h := m.Histogram()
		p.Delta, p.Exponential = h.AggregationTemporality() == pmetric.AggregationTemporalityDelta, false
		for k := range h.DataPoints().Len() {
			d := h.DataPoints().At(k)
			b.s.explicit(d, b.metric.nanoseconds)
			b.duration(d.Attributes(), d.Timestamp(), d.StartTimestamp(), d.Flags(), d.HasSum())
		}
	case pmetric.MetricTypeExponentialHistogram:
		h := m.ExponentialHistogram()
		p.Delta, p.Exponential = h.AggregationTemporality() == pmetric.AggregationTemporalityDelta, true
		for k := range h.DataPoints().Len() {
			d := h.DataPoints().At(k)
			b.s.exponential(d, b.metric.nanoseconds)
			b.duration(d.Attributes(), d.Timestamp(), d.StartTimestamp(), d.Flags(), d.HasSum())
		}
	default:
	}
}

// explicit reads the buckets of a point, unit ns each. Durations of zero and less are those of
// the first bucket that ends above.
func (s *scratch) explicit(d pmetric.HistogramDataPoint, unit float64) {
	p := &s.told
	p.Count, p.Sum = float64(d.Count()), d.Sum()*unit
	p.Bounds, p.Counts = p.Bounds[:0], p.Counts[:0]
	bounds, counts := d.ExplicitBounds(), d.BucketCounts()
	below := 0.0
	for k := range counts.Len() {
		n := float64(counts.At(k)) + below
		if below = 0; k < bounds.Len() {
			if bounds.At(k) <= 0 {
				below = n
				continue
			}
			p.Bounds = append(p.Bounds, bounds.At(k)*unit)
		}
		p.Counts = append(p.Counts, n)
	}
}

// exponential reads the buckets of a point.
func (s *scratch) exponential(d pmetric.ExponentialHistogramDataPoint, unit float64) {
	p := &s.told
	p.Count, p.Sum, p.Unit = float64(d.Count()), d.Sum()*unit, unit
	p.Scale, p.Offset, p.Zero = int(d.Scale()), int(d.Positive().Offset()), float64(d.ZeroCount())
	p.Bounds, p.Counts = p.Bounds[:0], p.Counts[:0]
	counts := d.Positive().BucketCounts()
	for k := range counts.Len() {
		p.Counts = append(p.Counts, float64(counts.At(k)))
	}
}

// duration takes one point, of which the scratch has the buckets.
func (b *batch) duration(attributes pcommon.Map, at, start pcommon.Timestamp, flags pmetric.DataPointFlags, summed bool) {
	switch {
	case flags.NoRecordedValue():
		b.s.add(noValue, 1)
		return
	case !summed: // without it there is no mean
		b.s.add(unsupported, 1)
		return
	}
	if r, ok := b.i.cfg.Guard.inTime(uint64(at), b.i.oldest, b.now); !ok {
		b.s.add(r, 1)
		return
	}
	about := b.whom(attributes)
	p, f := &b.s.told, b.i.told.folder
	p.Stream = mix(about.stream ^ mix(b.metric.id+hashMap(attributes)))
	p.Time, p.Start = int64(at), int64(start)
	if !f.Knows(p.Stream) {
		of, ok := b.seriesOf(about, attributes)
		if !ok {
			b.s.add(noService, 1)
			return
		}
		f.Know(p.Stream, mix(about.stream^b.metric.id), of) // where there is no room Add says so
	}
	switch f.Add(p) {
	case durations.Used:
		b.s.durations++
	case durations.Invalid:
		b.s.add(unsupported, 1)
	case durations.Late:
		b.s.add(latePiece, 1)
	case durations.OutOfOrder:
		b.s.add(durationOrder, 1)
	case durations.StreamLimit:
		b.s.add(durationLimit, 1)
	}
}

// seriesOf says what a stream of durations is of, as spans with such attributes would.
func (b *batch) seriesOf(about *about, m pcommon.Map) (of durations.Series, ok bool) {
	kind, name := b.metric.durations.kind, ""
	if kind == callgraph.Unspecified { // of spans
		switch strings.TrimPrefix(textOf(m, "span.kind"), "SPAN_KIND_") {
		case "SERVER":
			kind = callgraph.Server
		case "CLIENT":
			kind = callgraph.Client
		default:
			return of, false
		}
		name = textOf(m, "span.name")
	}
	switch {
	case len(about.owners) == 1 && !about.host:
		of.Service, of.Instance = about.owners[0].instance.Service, about.owners[0].instance.ID
	default:
		r := resourceOf(b.attributes, &b.s.in)
		of.Service = r.service
	}
	if of.Service.Name == "" {
		of.Service.Name = textOf(m, "service.name")
	}
	a := &b.s.attributes
	a.read(m, wanted[kind])
	b.s.in.templates(a, namingSlots[kind], &name)
	of.Rank = b.metric.durations.rank
	of.Failed, of.ErrorType = failureTold(kind, m, a)
	if kind == callgraph.Server {
		if name == "" { // without a route a span is named by its method
			name = a.or(httpMethod, httpMethodOld)
		}
		of.Operation, _ = operationOf(kind, a, name, &b.s.in)
	} else {
		of.Operation = firstOf(dbOperationName(a, &b.s.in), rpcOperation(a, &b.s.in))
		of.Peer = peerOf(kind, a, &b.s.in).Name
		of.Address = clean(a.get(peerHost))
		if of.Peer == "" {
			return of, false
		}
	}
	for _, s := range [...]*string{&of.Service.Namespace, &of.Service.Name, &of.Instance, &of.Operation, &of.Peer, &of.Address, &of.ErrorType} {
		*s = strings.Clone(clean(*s))
	}
	return of, of.Service.Name != ""
}

// failureTold says whether requests that a point counts failed, and how, as failureOf does of a span.
func failureTold(kind callgraph.Kind, m pcommon.Map, a *attributes) (failed bool, errType string) {
	http, grpc := a.or(httpStatus, httpStatusOld), grpcStatus(a)
	switch {
	case a.get(errorType) != "":
		return true, a.get(errorType)
	case serverError(http), kind == callgraph.Client && len(http) == 3 && http[0] == '4':
		return true, http
	case grpcFault(kind, grpc):
		return true, grpc
	case strings.HasSuffix(textOf(m, "status.code"), "ERROR"): // of spans
		return true, otherError
	}
	return false, ""
}

// textOf returns an attribute, or "".
func textOf(m pcommon.Map, name string) string {
	if v, ok := m.Get(name); ok {
		return text(v)
	}
	return ""
}
