package callgraph

import "github.com/sage-rca/sage/internal/identity"

// Config bounds an Assembler. The numbers must be positive.
type Config struct {
	// MaxPending bounds the spans that wait for the rest of their traces. Beyond
	// it the trace that came first is resolved early.
	MaxPending int
	// MaxTrace bounds the spans of one trace that wait. Further ones are refused.
	MaxTrace int
	// MaxAge is the time in ns after the end of the first span to end at which a
	// trace is resolved at the latest.
	MaxAge int64

	// Producers and Known are shared by the assemblers of all shards. Where they
	// are nil the Assembler has its own, bounded by MaxPending and MaxAge.
	Producers *Producers
	Known     *Known
}

// Assembler resolves the spans of one shard of traces. It is not safe for
// concurrent use. All spans of a trace must go to the same Assembler.
//
// What it hands to its Sink does not depend on the order of arrival of the spans
// between two calls of Advance, as long as no bound is exceeded.
type Assembler struct {
	cfg       Config
	sink      Sink
	producers *Producers
	known     *Known
	pending   pending

	frag   fragment // the trace being resolved
	refs   []identity.Span
	found  []production
	counts [NumReasons]int
}

// maxTime bounds times, so that no difference of two overflows. It is the year
// 2116.
const maxTime = 1 << 62

// New returns an Assembler that hands what it resolves to sink. It panics on a
// number in cfg that is not positive.
func New(cfg Config, sink Sink) *Assembler {
	if cfg.MaxPending <= 0 || cfg.MaxTrace <= 0 || cfg.MaxAge <= 0 {
		panic("callgraph: bounds must be positive")
	}
	a := &Assembler{cfg: cfg, sink: sink, producers: cfg.Producers, known: cfg.Known, pending: newPending(cfg.MaxAge)}
	if a.producers == nil {
		a.producers = NewProducers(cfg.MaxPending, cfg.MaxAge)
	}
	if a.known == nil {
		a.known = NewKnown(cfg.MaxPending, cfg.MaxAge)
	}
	return a
}

// Add takes in a span. Whatever it says is made to make sense: times before
// 1970 are 1970, an end before the start is the start, a weight that is not
// positive and finite is 1, links beyond MaxLinks are not looked at.
func (a *Assembler) Add(s Span) {
	if s.ID.Trace == (identity.TraceID{}) || s.ID.ID == (identity.SpanID{}) {
		a.sink.Counted(ReasonInvalidID, 1)
		return
	}
	s.Start = min(max(s.Start, 0), maxTime)
	s.End = min(max(s.End, s.Start), maxTime)
	if !(s.Weight > 0 && s.Weight <= maxWeight) {
		s.Weight = 1
	}
	switch {
	case s.Kind > Consumer:
		s.Kind = Internal
	case s.Kind.inbound():
		a.known.emits(s.Service, s.End)
	}
	if s.Kind != Consumer {
		s.Links = nil
	} else if len(s.Links) > MaxLinks {
		s.Links = s.Links[:MaxLinks]
	}

	if !a.pending.add(&s, a.cfg.MaxTrace) {
		a.sink.Counted(ReasonTraceLimit, 1)
		return
	}
	if a.pending.slab.used > a.cfg.MaxPending {
		t := a.pending.oldest
		a.counts[ReasonPendingLimit] += t.spans
		a.resolve(t)
	}
}

// maxWeight bounds adjusted counts: sampling thresholds have 56 bits.
const maxWeight = 1 << 56

// Advance resolves the traces that are due at event time t: those of which a
// true root has come and ended by t, or else whatever has come ended by t, and
// those of which a span ended MaxAge before t. A span of a trace that is
// resolved already begins a fragment of its own.
func (a *Assembler) Advance(t int64) {
	for tr := a.pending.next(t); tr != nil; tr = a.pending.next(t) {
		a.resolve(tr)
	}
	if lost := a.producers.advance(t); lost > 0 {
		a.sink.Counted(ReasonUnmatchedConsumer, lost)
	}
}

// Flush resolves every trace. Consumers go on waiting in Producers, as those
// that they wait for may be in other shards.
func (a *Assembler) Flush() {
	for tr := a.pending.next(maxTime); tr != nil; tr = a.pending.next(maxTime) {
		a.resolve(tr)
	}
}

// Pending returns the number of spans that wait for the rest of their traces.
func (a *Assembler) Pending() int { return a.pending.slab.used }

// resolve hands to the sink what has come of t, and forgets it.
func (a *Assembler) resolve(t *trace) {
	a.frag.load(t, &a.pending.slab)
	a.frag.survey()
	a.frag.assign()
	a.frag.match()
	a.frag.spend()
	a.emit()
	a.frag.release()
	a.pending.remove(t)
}
