package ingest

import (
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
)

// Traces takes in spans. It neither changes td nor keeps any of it but strings.
// The wall clock now only refuses what claims to be from the future. After
// Close it does nothing.
func (i *Ingester) Traces(td ptrace.Traces, now time.Time) {
	if i.closing.closed.Load() {
		return
	}
	s := i.scratch.Get().(*scratch)
	mark := i.mark.load()
	for k := range td.ResourceSpans().Len() {
		mark = i.takeSpans(s, td.ResourceSpans().At(k), mark, now.UnixNano())
	}
	i.spread(s)
	if s.used > 0 {
		i.keepAlive(now)
	}
	s.reportSpans(i.obs)
	i.release(s)
}

// takeSpans appends the spans of one resource that are accepted to s.arrivals,
// and returns the watermark after them.
func (i *Ingester) takeSpans(s *scratch, rs ptrace.ResourceSpans, mark, now int64) int64 {
	r := resourceOf(rs.Resource().Attributes(), &s.in)
	if r.service.Name == "" {
		s.add(noService, spanCount(rs))
		return mark
	}
	known := false
	latest := int64(never)
	for k := range rs.ScopeSpans().Len() {
		spans := rs.ScopeSpans().At(k).Spans()
		for n := range spans.Len() {
			span := spans.At(n)
			end, ok := i.accept(s, span, now)
			if !ok {
				continue
			}
			seen := max(mark, end)
			if !known {
				if !i.served.Service(r.service, seen) {
					s.add(serviceLimit, 1)
					continue
				}
				known = true
				instance, ok := i.admitInstance(identity.Instance{Service: r.service, ID: r.instance}, seen)
				if !ok {
					s.add(instanceLimit, 1)
				}
				r.instance = instance
			}
			s.arrivals = append(s.arrivals, arrival{})
			i.fill(s, &s.arrivals[len(s.arrivals)-1].span, span, &r, seen)
			s.used++
			mark, latest = seen, max(latest, end)
		}
	}
	if known {
		instance := identity.Instance{Service: r.service, ID: r.instance}
		if !i.joins.learn(rs.Resource().Attributes(), instance, max(mark, latest)) {
			s.add(instanceLimit, 1)
		}
	}
	return mark
}

// accept decides whether a span is used, and returns its end.
func (i *Ingester) accept(s *scratch, span ptrace.Span, now int64) (end int64, ok bool) {
	if span.TraceID().IsEmpty() || span.SpanID().IsEmpty() {
		s.add(invalidID, 1)
		return 0, false
	}
	begin, finish := uint64(span.StartTimestamp()), uint64(span.EndTimestamp())
	for _, t := range [...]uint64{begin, finish} {
		if r, ok := i.cfg.Guard.inTime(t, now); !ok {
			s.add(r, 1)
			return 0, false
		}
	}
	if finish < begin {
		s.add(negativeDuration, 1)
		finish = begin
	}
	if finish-begin > uint64(i.cfg.Guard.MaxDuration) {
		s.add(tooLong, 1)
		return 0, false
	}
	return int64(finish), true
}

// fill writes what matters of an accepted span to dst.
func (i *Ingester) fill(s *scratch, dst *callgraph.Span, span ptrace.Span, r *resource, seen int64) {
	a := &s.attributes
	a.read(span.Attributes())

	dst.ID = identity.Span{Trace: identity.TraceID(span.TraceID()), ID: identity.SpanID(span.SpanID())}
	dst.Parent = identity.SpanID(span.ParentSpanID())
	dst.Kind = kindOf(span.Kind())
	dst.Start = int64(span.StartTimestamp())
	dst.End = max(dst.Start, int64(span.EndTimestamp()))
	dst.Service, dst.Instance, dst.Version = r.service, r.instance, r.version
	dst.Peer = peerOf(dst.Kind, a, &s.in)
	dst.Operation = operationOf(dst.Kind, a, span.Name(), &s.in)
	dst.Stream = isStream(dst.Kind, span, a)
	dst.Error, dst.ErrorType = failureOf(dst.Kind, span, a)

	var ok bool
	if dst.Weight, ok = weightOf(span.TraceState().AsRaw()); !ok {
		s.add(badThreshold, 1)
	}
	i.admitOperation(s, dst, seen)
	dst.Links = linksOf(s, span)
}

// admitOperation bounds the names of what is served, called, or done inside of
// requests, each on their own. Of the last, which are nobody's RPC unless a
// trace enters a service there, folding is not worth a count.
func (i *Ingester) admitOperation(s *scratch, span *callgraph.Span, seen int64) {
	key := identity.RPC{Service: span.Service, Operation: span.Operation}
	isRoot := span.Parent == identity.SpanID{}
	switch {
	case span.Kind == callgraph.Server, span.Kind == callgraph.Consumer, span.Kind == callgraph.Internal && isRoot:
		admitted, ok := i.served.Operation(key, seen)
		if !ok {
			s.add(operationLimit, 1)
		}
		span.Operation = admitted.Operation
	case !span.Peer.IsZero():
		if !i.called.Service(span.Peer, seen) {
			s.add(peerLimit, 1)
			span.Peer = identity.Service{}
			span.Operation = identity.Other
			return
		}
		key.Service = span.Peer
		admitted, ok := i.called.Operation(key, seen)
		if !ok {
			s.add(operationLimit, 1)
		}
		span.Operation = admitted.Operation
	default:
		admitted, _ := i.inner.Operation(key, seen)
		span.Operation = admitted.Operation
	}
}

// linksOf returns the first links of a span; they need memory of their own.
func linksOf(s *scratch, span ptrace.Span) []identity.Span {
	links := span.Links()
	n := min(links.Len(), callgraph.MaxLinks)
	if n == 0 {
		return nil
	}
	if links.Len() > n {
		s.add(linkLimit, 1)
	}
	out := make([]identity.Span, 0, n)
	for k := range n {
		l := links.At(k)
		out = append(out, identity.Span{Trace: identity.TraceID(l.TraceID()), ID: identity.SpanID(l.SpanID())})
	}
	return out
}

// spread deals the arrivals to their shards. Where a span moves the watermark
// by a step, everything up to it is dealt first and nothing after it, so that
// what is resolved, closed and late depends neither on the number of shards nor
// on where batches are cut.
func (i *Ingester) spread(s *scratch) {
	from := 0
	mark := i.mark.load()
	for k := range s.arrivals {
		end := s.arrivals[k].span.End
		if end <= mark {
			continue
		}
		mark = end
		if i.mark.step(mark) > i.closing.at.Load() {
			i.deal(s, from, k+1)
			from = k + 1
			i.mark.advance(mark)
			i.moveTo(mark)
		}
	}
	i.deal(s, from, len(s.arrivals))
	i.mark.advance(mark)
}

func kindOf(k ptrace.SpanKind) callgraph.Kind {
	switch k {
	case ptrace.SpanKindServer:
		return callgraph.Server
	case ptrace.SpanKindClient:
		return callgraph.Client
	case ptrace.SpanKindProducer:
		return callgraph.Producer
	case ptrace.SpanKindConsumer:
		return callgraph.Consumer
	case ptrace.SpanKindInternal, ptrace.SpanKindUnspecified:
	}
	return callgraph.Internal
}

func spanCount(rs ptrace.ResourceSpans) int {
	n := 0
	for k := range rs.ScopeSpans().Len() {
		n += rs.ScopeSpans().At(k).Spans().Len()
	}
	return n
}
