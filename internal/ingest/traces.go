package ingest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Traces takes in spans. It neither changes td nor keeps any of it but strings.
// The wall clock now only refuses what claims to be from the future. After
// Close it does nothing. What is late to other spans of td is not late: a batch of many
// windows, resource by resource, is taken in by the order of time.
func (i *Ingester) Traces(td ptrace.Traces, now time.Time) {
	if i.closing.closed.Load() {
		return
	}
	i.world.RLock()
	defer i.sweepIfDue()
	defer i.world.RUnlock()
	s := i.scratch.Get().(*scratch)
	mark := i.mark.load()
	for k := range td.ResourceSpans().Len() {
		mark = i.takeSpans(s, td.ResourceSpans().At(k), mark, now.UnixNano())
	}
	if i.thinning != nil {
		i.thinning.settle(&s.thin)
	}
	if s.unordered {
		slices.SortStableFunc(s.arrivals, func(a, b arrival) int { return cmp.Compare(a.span.End, b.span.End) })
	}
	i.spread(s, now.UnixNano())
	if s.used > 0 {
		i.keepAlive(now)
		i.spanned.Store(now.UnixNano())
	}
	s.reportSpans(i.obs)
	i.release(s)
}

// takeSpans appends the spans of one resource to s.arrivals where they are accepted. It
// returns the watermark after them.
func (i *Ingester) takeSpans(s *scratch, rs ptrace.ResourceSpans, mark, now int64) int64 {
	attributes := rs.Resource().Attributes()
	known, hash, keep := i.origins.find(attributes)
	var who resource
	if known != nil {
		who = known.resource
	} else if who = resourceOf(attributes, &s.in); who.service.Name == "" {
		s.add(noService, spanCount(rs))
		return mark
	}
	var o *origin // once admitted
	latest := int64(never)
	for k := range rs.ScopeSpans().Len() {
		spans := rs.ScopeSpans().At(k).Spans()
		kept := kept(rs.ScopeSpans().At(k).Scope().Attributes())
		for n := range spans.Len() {
			span := spans.At(n)
			end, ok := i.accept(s, span, now)
			if !ok {
				continue
			}
			weight, ok := i.looks(s, span, end, now)
			if !ok {
				s.add(thinned, 1)
				continue
			}
			seen := max(mark, past(end, now))
			if o == nil {
				if known != nil && known.touch(seen) {
					o = known
				} else if o = i.admit(s, who, seen, hash, keep, attributes); o == nil {
					s.add(serviceLimit, 1)
					continue
				}
			}
			at := s.arrive()
			i.fill(s, at, span, o, end, seen)
			at.span.Weight *= weight
			if of := (window.Sampled{Weighted: at.span.Weight != 1, Kept: kept || s.attributes.present>>refineryReason&1 != 0}); of != (window.Sampled{}) {
				i.note(s, end, of)
			}
			s.used++
			mark, latest = seen, max(latest, end)
			s.unordered = s.unordered || end < s.latest-i.mark.lateness
			s.latest = max(s.latest, past(end, now))
		}
	}
	if o != nil {
		i.learn(s, o, attributes, max(mark, latest))
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
	g := &i.cfg.Guard
	if begin >= i.oldest && finish >= begin && finish <= uint64(now)+uint64(g.MaxFuture) && finish-begin <= uint64(g.MaxDuration) {
		return int64(finish), true
	}
	for _, t := range [...]uint64{begin, finish} {
		if r, ok := g.inTime(t, i.oldest, now); !ok {
			s.add(r, 1)
			return 0, false
		}
	}
	if finish < begin {
		s.add(negativeDuration, 1)
		finish = begin
	}
	if finish-begin > uint64(g.MaxDuration) {
		s.add(tooLong, 1)
		return 0, false
	}
	return int64(finish), true
}

// arrive returns a new arrival, to be filled in whole: it may hold anything.
func (s *scratch) arrive() *arrival {
	n := len(s.arrivals)
	if n == cap(s.arrivals) {
		s.arrivals = slices.Grow(s.arrivals, 1)
	}
	s.arrivals = s.arrivals[:n+1]
	return &s.arrivals[n]
}

// fill writes what matters of an accepted span to at.
func (i *Ingester) fill(s *scratch, at *arrival, span ptrace.Span, o *origin, end, seen int64) {
	dst := &at.span
	dst.ID.Trace, dst.ID.ID = identity.TraceID(span.TraceID()), identity.SpanID(span.SpanID())
	dst.Parent = identity.SpanID(span.ParentSpanID())
	dst.Kind = kindOf(span)
	dst.Start, dst.End = int64(span.StartTimestamp()), end
	dst.Service, dst.Replica = o.number, o.replica

	a := &s.attributes
	a.read(span.Attributes(), wanted[dst.Kind])
	switch {
	case dst.Kind == callgraph.Unspecified:
		dst.Kind = a.lookOf()
	case dst.Parent != identity.SpanID{} && poolWait(dst.Kind, a, span.Name()): // else it would be a request
		dst.Kind = callgraph.Internal
		a.read(span.Attributes(), wanted[dst.Kind])
	}
	a.locate(&s.in)
	told := i.nameSpan(s, dst, o, a, span.Name(), seen)
	dst.Stream = told == waits || told == untold && isStream(dst.Kind, span, a)
	dst.Weight = s.weight(span.TraceState().AsRaw())

	var more callgraph.More
	dst.Error, more.ErrorType = failureOf(failsAs(dst.Kind), span, a)
	if span.Links().Len() > 0 {
		more.Links = s.linksOf(dst.Kind, span)
	}
	if at.more = -1; dst.Error || more.Links != nil {
		at.more = int32(len(s.more))
		s.more = append(s.more, more)
	}
}

// weight returns the adjusted count that a tracestate gives, which is mostly the
// one before.
func (s *scratch) weight(state string) float64 {
	if state == "" {
		return 1
	}
	if state != s.state || s.stateWeight == 0 {
		var ok bool
		if s.stateWeight, ok = weightOf(state); !ok {
			s.add(badThreshold, 1)
			s.stateWeight = 0 // counted each time
			return 1
		}
		s.state = state
	}
	return s.stateWeight
}

// linksOf returns the first links of a span; only those of a CONSUMER say
// anything.
func (s *scratch) linksOf(kind callgraph.Kind, span ptrace.Span) []identity.Span {
	links := span.Links()
	n := min(links.Len(), callgraph.MaxLinks)
	if links.Len() > n {
		s.add(linkLimit, 1)
	}
	if kind != callgraph.Consumer {
		return nil
	}
	first := len(s.links)
	for k := range n {
		l := links.At(k)
		s.links = append(s.links, identity.Span{Trace: identity.TraceID(l.TraceID()), ID: identity.SpanID(l.SpanID())})
	}
	return s.links[first:]
}

// spread deals the arrivals to their shards. Where a span moves the watermark
// by a step, everything up to it is dealt first and nothing after it, so that
// what is resolved, closed and late depends neither on the number of shards nor, unless a
// batch is out of order by more than the allowed lateness, on where batches are cut.
func (i *Ingester) spread(s *scratch, now int64) {
	from := 0
	mark := i.mark.load()
	wait := int(i.closing.waiting.Load())
	for k := range s.arrivals {
		end := past(s.arrivals[k].span.End, now)
		if end <= mark {
			continue
		}
		mark = end
		if i.due(mark, wait+k+1-from) {
			i.deal(s, from, k+1)
			from = k + 1
			i.mark.advance(mark)
			i.moveTo(mark)
			wait = int(i.closing.waiting.Load())
		}
	}
	i.deal(s, from, len(s.arrivals))
	i.mark.advance(mark)
}

// kindOf returns the kind of a span. Where it is not specified the tag span.kind of
// OpenTracing says it, which what was converted from Jaeger or Zipkin may still have.
func kindOf(span ptrace.Span) callgraph.Kind {
	switch span.Kind() {
	case ptrace.SpanKindServer:
		return callgraph.Server
	case ptrace.SpanKindClient:
		return callgraph.Client
	case ptrace.SpanKindProducer:
		return callgraph.Producer
	case ptrace.SpanKindConsumer:
		return callgraph.Consumer
	case ptrace.SpanKindUnspecified:
		if tag, ok := span.Attributes().Get("span.kind"); ok {
			switch strings.ToLower(text(tag)) {
			case "server":
				return callgraph.Server
			case "client":
				return callgraph.Client
			case "producer":
				return callgraph.Producer
			case "consumer":
				return callgraph.Consumer
			case "internal":
				return callgraph.Internal
			}
		}
		return callgraph.Unspecified
	case ptrace.SpanKindInternal:
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
