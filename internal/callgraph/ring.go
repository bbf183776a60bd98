package callgraph

import "github.com/sage-rca/sage/internal/identity"

// ring is a bounded map by span that forgets in the order of filing.
type ring[V any] struct {
	max   int
	items map[identity.Span]filed[V]
	queue []ticket // order[head:] in order of filing; some are of items gone since
	head  int
	next  uint64
}

// filed is a value with the number of its ticket.
type filed[V any] struct {
	value  V
	number uint64
}

// ticket says when an item was filed.
type ticket struct {
	span   identity.Span
	number uint64
	time   int64
}

func newRing[V any](max int) ring[V] {
	return ring[V]{max: max, items: make(map[identity.Span]filed[V])}
}

// put files v, and returns the item that had to go, if any.
func (r *ring[V]) put(span identity.Span, v V, now int64) (old V, full bool) {
	r.next++
	r.items[span] = filed[V]{v, r.next}
	r.queue = append(r.queue, ticket{span, r.next, now})
	for len(r.items) > r.max {
		t := r.queue[r.head]
		r.head++
		if old, full = r.drop(t); full {
			break
		}
	}
	r.compact()
	return old, full
}

// get returns the item of span.
func (r *ring[V]) get(span identity.Span) (V, bool) {
	f, ok := r.items[span]
	return f.value, ok
}

// take removes and returns the item of span.
func (r *ring[V]) take(span identity.Span) (V, bool) {
	f, ok := r.items[span]
	delete(r.items, span)
	return f.value, ok
}

// expire removes and returns the item filed first, if that was before.
func (r *ring[V]) expire(before int64) (v V, ok bool) {
	for r.head < len(r.queue) && r.queue[r.head].time < before {
		t := r.queue[r.head]
		r.head++
		if v, ok = r.drop(t); ok {
			break
		}
	}
	r.compact()
	return v, ok
}

// drop removes the item of a ticket, unless it is gone or was filed anew.
func (r *ring[V]) drop(t ticket) (v V, ok bool) {
	f, ok := r.items[t.span]
	if !ok || f.number != t.number {
		return v, false
	}
	delete(r.items, t.span)
	return f.value, true
}

// compact keeps the queue at most about twice as long as there are items.
func (r *ring[V]) compact() {
	if len(r.queue) < 2*len(r.items)+64 {
		return
	}
	live := r.queue[:0]
	for _, t := range r.queue[r.head:] {
		if f, ok := r.items[t.span]; ok && f.number == t.number {
			live = append(live, t)
		}
	}
	r.queue, r.head = live, 0
}
