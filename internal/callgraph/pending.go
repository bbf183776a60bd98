package callgraph

import (
	"bytes"
	"math"

	"github.com/sage-rca/sage/internal/identity"
)

// trace is what has come of one trace that is not resolved yet. It holds no
// pointers: others are named by their numbers.
type trace struct {
	id          identity.TraceID
	tag         uint32 // of id
	number      int32
	first, last int32 // chain of the blocks of its spans, in order of arrival
	spans       int32
	heap        int32 // index in the heap
	older       int32 // by arrival of the first span, or nowhere
	newer       int32

	firstEnd, lastEnd int64
	rootEnd           int64 // latest end of a true root
	rooted            bool  // a true root has come
}

// due returns the event time at which t is resolved.
func (t *trace) due(maxAge int64) int64 {
	end := t.lastEnd
	if t.rooted {
		end = t.rootEnd
	}
	if t.firstEnd > math.MaxInt64-maxAge {
		return end
	}
	return min(end, t.firstEnd+maxAge)
}

// pending is the index of the traces that are not resolved yet: by id, by the
// time at which they are due, and by age.
//
// The heap is lazy. A trace that becomes due later as more of it comes stays
// where it is, and is moved when it gets to the top, so that most spans cost
// nothing here.
type pending struct {
	maxAge         int64
	traces         traces
	byID           traceTable
	heap           []slot
	oldest, newest int32 // nowhere where there is none
	slab           slab
	records        []record // of a trace that is split
}

// slot is a place in the heap.
type slot struct {
	key   int64 // never later than the trace is due
	trace int32
}

func newPending(maxAge int64) pending {
	return pending{maxAge: maxAge, byID: newTraceTable(), oldest: nowhere, newest: nowhere}
}

// add files s under its trace, unless that has limit spans already.
func (p *pending) add(s *Span, more *More, limit int) bool {
	tag := tagOf(&s.ID.Trace)
	var t *trace
	if n := p.byID.find(tag, &s.ID.Trace, &p.traces); n == nowhere {
		t = p.file(s.ID.Trace, tag, s.End, s.End)
	} else if t = p.traces.at(n); int(t.spans) >= limit {
		return false
	}
	p.slab.append(t, s, more)
	t.firstEnd, t.lastEnd = min(t.firstEnd, s.End), max(t.lastEnd, s.End)
	if s.Parent == (identity.SpanID{}) {
		if !t.rooted || s.End > t.rootEnd {
			t.rootEnd = s.End
		}
		t.rooted = true
	}

	if t.spans == 1 {
		p.schedule(t)
	} else if due := t.due(p.maxAge); due < p.heap[t.heap].key {
		p.heap[t.heap].key = due
		p.up(t.heap)
	}
	return true
}

// schedule puts a new trace in the heap.
func (p *pending) schedule(t *trace) {
	t.heap = int32(len(p.heap))
	p.heap = append(p.heap, slot{t.due(p.maxAge), t.number})
	p.up(t.heap)
}

// file returns a new trace, filed by id and age.
func (p *pending) file(id identity.TraceID, tag uint32, firstEnd, lastEnd int64) *trace {
	n := p.traces.take()
	t := p.traces.at(n)
	*t = trace{id: id, tag: tag, number: n, older: p.newest, newer: nowhere, firstEnd: firstEnd, lastEnd: lastEnd}
	if p.newest != nowhere {
		p.traces.at(p.newest).newer = n
	} else {
		p.oldest = n
	}
	p.newest = n
	p.byID.put(tag, n)
	return t
}

// next returns the trace that is due first, if it is due at now.
func (p *pending) next(now int64) *trace {
	for len(p.heap) > 0 && p.heap[0].key <= now {
		t := p.traces.at(p.heap[0].trace)
		due := t.due(p.maxAge)
		if due == p.heap[0].key {
			return t
		}
		p.heap[0].key = due
		p.down(0)
	}
	return nil
}

// remove forgets t and its spans.
func (p *pending) remove(t *trace) {
	p.slab.release(t)
	p.byID.remove(t.tag, t.number)

	if t.older != nowhere {
		p.traces.at(t.older).newer = t.newer
	} else {
		p.oldest = t.newer
	}
	if t.newer != nowhere {
		p.traces.at(t.newer).older = t.older
	} else {
		p.newest = t.older
	}

	end := int32(len(p.heap)) - 1
	at := t.heap
	p.swap(at, end)
	p.heap = p.heap[:end]
	if at < end {
		p.up(at)
		p.down(at)
	}
	p.traces.release(t.number)
}

// mark notes the numbers of all spans.
func (p *pending) mark(m *identity.Marks) {
	for _, s := range p.heap {
		p.slab.mark(p.traces.at(s.trace), m)
	}
}

// before orders traces that are due: by time, then id, so that the order of
// arrival is of no consequence.
func (p *pending) before(i, j int32) bool {
	a, b := p.heap[i], p.heap[j]
	if a.key != b.key {
		return a.key < b.key
	}
	x, y := p.traces.at(a.trace), p.traces.at(b.trace)
	return bytes.Compare(x.id[:], y.id[:]) < 0
}

func (p *pending) swap(i, j int32) {
	p.heap[i], p.heap[j] = p.heap[j], p.heap[i]
	p.traces.at(p.heap[i].trace).heap = i
	p.traces.at(p.heap[j].trace).heap = j
}

func (p *pending) up(i int32) {
	for i > 0 {
		parent := (i - 1) / 2
		if !p.before(i, parent) {
			return
		}
		p.swap(i, parent)
		i = parent
	}
}

func (p *pending) down(i int32) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < int32(len(p.heap)); c++ {
			if p.before(c, least) {
				least = c
			}
		}
		if least == i {
			return
		}
		p.swap(i, least)
		i = least
	}
}
