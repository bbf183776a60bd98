package callgraph

import (
	"sync"

	"github.com/sage-rca/sage/internal/identity"
)

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

	// SinkLock is held while the sink is called, once for all that a
	// trace gives; nil where the sink is nobody else's.
	SinkLock sync.Locker

	// Names, Producers and Known are shared by the assemblers of all shards. Names
	// is that of Known. Where they are nil the Assembler has its own, bounded by
	// MaxPending and MaxAge.
	Names     *identity.Names
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
	known     memory
	pending   pending
	roots     bool // there are traces that begin with a root

	frag fragment // the trace being resolved
	out  struct { // what is being emitted
		served Served
		call   Call
	}
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
	if cfg.SinkLock == nil {
		cfg.SinkLock = unlocked{}
	}
	a := &Assembler{cfg: cfg, sink: sink, producers: cfg.Producers, pending: newPending(cfg.MaxAge)}
	if a.producers == nil {
		a.producers = NewProducers(cfg.MaxPending, cfg.MaxAge)
	}
	if cfg.Known == nil {
		if cfg.Names == nil {
			cfg.Names = identity.NewNames()
		}
		cfg.Known = NewKnown(cfg.Names, cfg.MaxPending, cfg.MaxAge)
	}
	a.known = newMemory(cfg.Known)
	return a
}

// Add takes in a span. Whatever it says is made to make sense: times before
// 1970 are 1970, an end before the start is the start, a weight that is not
// positive and finite is 1, links beyond MaxLinks are not looked at. More may be
// nil. Nothing of both is kept but strings; where s makes no sense it is changed.
func (a *Assembler) Add(s *Span, more *More) {
	if s.ID.Trace == (identity.TraceID{}) || s.ID.ID == (identity.SpanID{}) {
		a.counted(ReasonInvalidID, 1)
		return
	}
	s.Start = min(max(s.Start, 0), maxTime)
	s.End = min(max(s.End, s.Start), maxTime)
	if !(s.Weight > 0 && s.Weight <= maxWeight) {
		s.Weight = 1
	}
	switch {
	case s.Kind > SeemsClient:
		s.Kind = Internal
	case s.Kind.inbound():
		a.known.emits(s.Service, s.End)
	case s.Kind == Client && !s.Terminal:
		a.known.tell(s.Service, s.End)
	}
	if !a.pending.add(s, more, a.cfg.MaxTrace) {
		a.counted(ReasonTraceLimit, 1)
		return
	}
	if a.pending.slab.used > a.cfg.MaxPending {
		t := a.pending.traces.at(a.pending.oldest)
		a.counts[ReasonPendingLimit] += int(t.spans)
		a.resolve(t, maxTime)
	}
}

// maxWeight bounds adjusted counts: sampling thresholds have 56 bits.
const maxWeight = 1 << 56

// Advance resolves the traces that are due at event time t: those of which a
// true root has come and ended by t, or else whatever has come ended by t, and
// those of which a span ended MaxAge before t. What has no part in anything that has come whole,
// and is still being told of when the root is due, waits on (unfinished.go). A span of a trace that is
// resolved already begins a fragment of its own.
func (a *Assembler) Advance(t int64) {
	for tr := a.pending.next(t); tr != nil; tr = a.pending.next(t) {
		a.resolve(tr, t)
	}
	if lost := a.producers.advance(t); lost > 0 {
		a.counted(ReasonUnmatchedConsumer, lost)
	}
}

// Flush resolves every trace. Consumers go on waiting in Producers, as those
// that they wait for may be in other shards.
func (a *Assembler) Flush() {
	for tr := a.pending.next(maxTime); tr != nil; tr = a.pending.next(maxTime) {
		a.resolve(tr, maxTime)
	}
}

// Pending returns the number of spans that wait for the rest of their traces.
func (a *Assembler) Pending() int { return a.pending.slab.used }

// resolve hands to the sink what has come of t by event time now, and forgets it.
func (a *Assembler) resolve(t *trace, now int64) {
	a.frag.load(t, &a.pending.slab, a.known.known.names)
	if keep := a.frag.unfinished(t, a.cfg.MaxAge, now); keep != nil {
		a.pending.split(t, keep)
		a.frag.load(t, &a.pending.slab, a.known.known.names)
	}
	a.join()
	if a.frag.kindless {
		a.settle()
	}
	a.unfold()
	a.bridge()
	a.nest()
	a.frag.understand()
	completed, passed := a.complete(), a.through()
	if completed || passed {
		a.frag.restart()
		a.frag.understand()
	}
	a.reply()
	a.frag.spend()
	a.frag.wait()
	a.handOver()
	a.pending.remove(t)
}

// understand gives each span its role and each call its answer.
func (f *fragment) understand() {
	f.sort()
	f.survey()
	f.assign()
	f.match()
}

// handOver emits what is loaded.
func (a *Assembler) handOver() {
	a.cfg.SinkLock.Lock()
	defer a.cfg.SinkLock.Unlock()
	a.emit()
}

// counted counts what no trace is resolved for.
func (a *Assembler) counted(why Reason, n int) {
	a.cfg.SinkLock.Lock()
	defer a.cfg.SinkLock.Unlock()
	a.sink.Counted(why, n)
}

// unlocked is the lock of a sink that needs none.
type unlocked struct{}

func (unlocked) Lock()   {}
func (unlocked) Unlock() {}

// Mark notes the numbers that are in use, and forgets those that are not needed.
func (a *Assembler) Mark(m *identity.Marks) {
	a.known.forget()
	a.pending.mark(m)
}
