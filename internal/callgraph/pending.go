package callgraph

import (
	"bytes"
	"math"

	"github.com/sage-rca/sage/internal/identity"
)

// trace is what has come of one trace that is not resolved yet.
type trace struct {
	id          identity.TraceID
	first, last int32 // chain of its spans, in order of arrival
	spans       int

	firstEnd, lastEnd int64
	rootEnd           int64 // latest end of a true root
	rooted            bool  // a true root has come

	key  int64 // position in the heap is by this: never later than due
	heap int   // index in the heap

	older, newer *trace // by arrival of the first span
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

// before orders traces that are due: by time, then id, so that the order of
// arrival is of no consequence.
func (t *trace) before(o *trace) bool {
	return t.key < o.key || t.key == o.key && bytes.Compare(t.id[:], o.id[:]) < 0
}

// pending is the index of the traces that are not resolved yet: by id, by the
// time at which they are due, and by age.
//
// The heap is lazy. A trace that becomes due later as more of it comes stays
// where it is, and is moved when it gets to the top, so that most spans cost
// nothing here.
type pending struct {
	maxAge         int64
	byID           map[identity.TraceID]*trace
	heap           []*trace
	oldest, newest *trace
	slab           slab
	free           []*trace
}

func newPending(maxAge int64) pending {
	return pending{maxAge: maxAge, byID: make(map[identity.TraceID]*trace), slab: newSlab()}
}

// add files s under its trace, unless that has limit spans already.
func (p *pending) add(s *Span, limit int) bool {
	t := p.byID[s.ID.Trace]
	switch {
	case t == nil:
		t = p.open(s.ID.Trace)
		t.firstEnd, t.lastEnd = s.End, s.End
	case t.spans >= limit:
		return false
	}
	i := p.slab.take(s)
	if t.spans == 0 {
		t.first = i
	} else {
		p.slab.at(t.last).next = i
	}
	t.last = i
	t.spans++
	t.firstEnd, t.lastEnd = min(t.firstEnd, s.End), max(t.lastEnd, s.End)
	if s.Parent == (identity.SpanID{}) {
		if !t.rooted || s.End > t.rootEnd {
			t.rootEnd = s.End
		}
		t.rooted = true
	}

	due := t.due(p.maxAge)
	if t.spans == 1 {
		t.key, t.heap = due, len(p.heap)
		p.heap = append(p.heap, t)
		p.up(t.heap)
	} else if due < t.key {
		t.key = due
		p.up(t.heap)
	}
	return true
}

// open returns a new trace, filed by id and age.
func (p *pending) open(id identity.TraceID) *trace {
	var t *trace
	if n := len(p.free); n > 0 {
		t, p.free = p.free[n-1], p.free[:n-1]
	} else {
		t = new(trace)
	}
	*t = trace{id: id, older: p.newest}
	if p.newest != nil {
		p.newest.newer = t
	} else {
		p.oldest = t
	}
	p.newest = t
	p.byID[id] = t
	return t
}

// next returns the trace that is due first, if it is due at now.
func (p *pending) next(now int64) *trace {
	for len(p.heap) > 0 && p.heap[0].key <= now {
		t := p.heap[0]
		due := t.due(p.maxAge)
		if due == t.key {
			return t
		}
		t.key = due
		p.down(0)
	}
	return nil
}

// remove forgets t and its spans.
func (p *pending) remove(t *trace) {
	p.slab.release(t.first)
	delete(p.byID, t.id)

	if t.older != nil {
		t.older.newer = t.newer
	} else {
		p.oldest = t.newer
	}
	if t.newer != nil {
		t.newer.older = t.older
	} else {
		p.newest = t.older
	}

	end := len(p.heap) - 1
	at := t.heap
	p.swap(at, end)
	p.heap[end] = nil
	p.heap = p.heap[:end]
	if at < end {
		p.up(at)
		p.down(at)
	}

	*t = trace{}
	p.free = append(p.free, t)
}

func (p *pending) swap(i, j int) {
	p.heap[i], p.heap[j] = p.heap[j], p.heap[i]
	p.heap[i].heap, p.heap[j].heap = i, j
}

func (p *pending) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !p.heap[i].before(p.heap[parent]) {
			return
		}
		p.swap(i, parent)
		i = parent
	}
}

func (p *pending) down(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(p.heap); c++ {
			if p.heap[c].before(p.heap[least]) {
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
