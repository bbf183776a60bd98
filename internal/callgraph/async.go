package callgraph

import (
	"sync"

	"github.com/sage-rca/sage/internal/identity"
)

// Producers brings producers and consumers of messages together, whichever is
// resolved first and in whichever trace and shard. It is shared by the
// assemblers of all shards and safe for concurrent use. It keeps the spans of
// producers, and the consumers that refer to a producer which has not come.
type Producers struct {
	keep int64

	mu      sync.Mutex // guards everything below
	now     int64
	calls   ring[production]
	waiting ring[*waiter]
}

// production is what of a PRODUCER span outlives its trace.
type production struct {
	caller identity.RPCNo
	alias  alias
	call   identity.Span // the outermost span of the call
	client int64         // duration of the call
	end    int64         // of the PRODUCER span

	stream    bool
	failed    bool
	errorType string
	weight    float64
}

// consumption is what of a CONSUMER span outlives its trace.
type consumption struct {
	rpc      identity.RPCNo
	time     int64
	start    int64
	duration int64
	stream   bool
}

// waiter is a consumption that waits for one producer, followed by others that
// wait for the same one.
type waiter struct {
	consumption
	count *unmatched
	next  *waiter
}

// unmatched counts the producers that a consumer waits for, while none of them
// has come.
type unmatched struct {
	waits   int
	matched bool
}

// NewProducers returns a Producers of at most max producers, and as many
// consumers that wait, each kept for keep ns of event time. It panics unless
// both are positive.
func NewProducers(max int, keep int64) *Producers {
	if max <= 0 || keep <= 0 {
		panic("callgraph: bound and time to keep producers must be positive")
	}
	return &Producers{keep: keep, calls: newRing[production](max), waiting: newRing[*waiter](max)}
}

// Len returns the number of producers that are kept.
func (p *Producers) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()

	return len(p.calls.items)
}

// Mark notes the numbers that are in use.
func (p *Producers) Mark(m *identity.Marks) {
	p.mu.Lock()
	defer p.mu.Unlock()

	for _, c := range p.calls.items {
		m.RPC(c.value.caller)
		m.Service(c.value.alias.service)
		m.RPC(c.value.alias.callee)
	}
	for _, w := range p.waiting.items {
		for each := w.value; each != nil; each = each.next {
			m.RPC(each.rpc)
		}
	}
}

// produced files the production of a span, and returns the consumptions that
// waited for it.
func (p *Producers) produced(span identity.Span, pr production) *waiter {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.calls.put(span, pr, p.now)
	w, ok := p.waiting.take(span)
	if !ok {
		return nil
	}
	for each := w; each != nil; each = each.next {
		each.count.waits--
		each.count.matched = true
	}
	return w
}

// consumed appends to found the productions of those of refs that are known,
// and has c wait for the others. It returns how many consumers have been given
// up to make room.
func (p *Producers) consumed(refs []identity.Span, c consumption, found []production) ([]production, int) {
	p.mu.Lock()
	defer p.mu.Unlock()

	missing := 0
	for _, ref := range refs {
		if pr, ok := p.calls.get(ref); ok {
			found = append(found, pr)
		} else {
			missing++
		}
	}
	if missing == 0 {
		return found, 0
	}
	count := &unmatched{waits: missing, matched: missing < len(refs)}
	lost := 0
	for _, ref := range refs {
		if _, ok := p.calls.get(ref); !ok {
			lost += p.wait(ref, &waiter{consumption: c, count: count})
		}
	}
	return found, lost
}

// wait files w as waiting for ref, in front of those that do so already. At
// most MaxLinks of these stay, and there are at most max producers that are
// waited for. It returns how many consumers have been given up.
func (p *Producers) wait(ref identity.Span, w *waiter) (lost int) {
	w.next, _ = p.waiting.take(ref)
	last := w
	for n := 0; last.next != nil && n < MaxLinks; n++ {
		last = last.next
	}
	lost += giveUp(last.next)
	last.next = nil
	if old, full := p.waiting.put(ref, w, p.now); full {
		lost += giveUp(old)
	}
	return lost
}

// giveUp ends the wait of w and those behind it, and returns how many consumers
// have no producer left to wait for.
func giveUp(w *waiter) (lost int) {
	for ; w != nil; w = w.next {
		w.count.waits--
		if w.count.waits == 0 && !w.count.matched {
			lost++
		}
	}
	return lost
}

// advance forgets what was filed more than keep before now, and returns the
// number of consumers whose producer never came.
func (p *Producers) advance(now int64) (lost int) {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.now = max(p.now, now)
	before := p.now - p.keep
	for ok := true; ok; {
		_, ok = p.calls.expire(before)
	}
	for {
		w, ok := p.waiting.expire(before)
		if !ok {
			return lost
		}
		lost += giveUp(w)
	}
}

// refer returns the producers that the CONSUMER of node i may have a message
// of: those it is linked to, and its parent where that is part of a call or is
// not here; then also the one of its own id, where its service joins spans.
func (a *Assembler) refer(i int32) []identity.Span {
	n := &a.frag.nodes[i]
	s := n.span
	a.refs = a.refs[:0]
	switch {
	case n.parent == lost:
		a.refs = append(a.refs, identity.Span{Trace: a.frag.trace, ID: s.parent})
		if a.known.joins(s.service, s.end) {
			a.refs = append(a.refs, a.frag.id(i))
		}
	case a.frag.above(i) != none:
		a.refs = append(a.refs, a.frag.id(n.parent))
	}
	for _, l := range a.links(s) {
		if l.ID != (identity.SpanID{}) && !contains(a.refs, l) {
			a.refs = append(a.refs, l)
		}
	}
	return a.refs
}

func contains(refs []identity.Span, r identity.Span) bool {
	for _, o := range refs {
		if o == r {
			return true
		}
	}
	return false
}

// produce files the span of node i as one that messages come from, if it is.
// It emits the calls of consumers that were resolved before.
func (a *Assembler) produce(i int32) {
	f := &a.frag
	n := &f.nodes[i]
	if n.call == none || !n.feeds && n.span.kind != Producer {
		return
	}
	head, from := f.nodes[n.call].span, n.call
	if f.nodes[from].leaf {
		from = f.nodes[from].parent
	}
	caller, ok := a.caller(from)
	if !ok {
		return
	}
	pr := production{
		caller: caller, alias: alias{head.service, head.callee}, call: f.id(n.call),
		client: head.duration(), end: n.span.end,
		stream: head.stream, failed: head.failed, errorType: a.errorType(head), weight: head.weight,
	}
	for w := a.producers.produced(f.id(i), pr); w != nil; w = w.next {
		a.deliver(&pr, &w.consumption)
	}
}

// consume emits the calls that the CONSUMER of node i is the callee of.
func (a *Assembler) consume(i int32) {
	f := &a.frag
	n := &f.nodes[i]
	s := n.span
	if n.replies {
		a.replied(i)
		return
	}
	c := consumption{rpc: f.rpc(i), time: f.time(i), start: s.start, duration: s.duration(), stream: s.stream}

	if refs := a.refer(i); len(refs) > 0 {
		var given int
		a.found, given = a.producers.consumed(refs, c, a.found[:0])
		a.counts[ReasonUnmatchedConsumer] += given
		for k := range a.found {
			a.deliver(&a.found[k], &c)
		}
	}
	if n.parent >= 0 && n.remote && f.above(i) == none { // sent without a PRODUCER span
		if caller, ok := a.caller(n.parent); ok {
			a.out.call = Call{
				Edge: Edge{caller, c.rpc}, Span: f.id(i), Time: c.time, Async: true,
				Client: -1, Server: c.duration, Around: -1, Queue: -1, Request: -1,
				Stream: s.stream, Error: s.failed, ErrorType: a.errorType(s), Weight: s.weight,
			}
			a.sink.Called(&a.out.call)
		} else {
			a.counts[ReasonUnmatchedParent]++
		}
	}
}

// deliver emits the call between a producer and a consumer.
func (a *Assembler) deliver(p *production, c *consumption) {
	a.known.answered(p.alias, c.rpc, c.time)
	queue := c.start - p.end
	if queue < 0 {
		a.counts[ReasonSkewed]++
		queue = 0
	}
	a.out.call = Call{
		Edge: Edge{p.caller, c.rpc}, Span: p.call, Time: c.time, Async: true,
		Client: p.client, Server: c.duration, Around: -1, Queue: queue, Request: -1,
		Stream: p.stream || c.stream, Error: p.failed, ErrorType: p.errorType, Weight: p.weight,
	}
	a.sink.Called(&a.out.call)
}
