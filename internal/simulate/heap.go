package simulate

import "time"

// eventKind says what an event does, and so what its obj refers to.
type eventKind uint8

const (
	evFaultOn   eventKind = iota // obj: fault; first, so that a fault of time 0 precedes all
	evFaultOff                   // obj: fault
	evDown                       // obj: replica, which takes no more requests
	evUp                         // obj: replica
	evArrival                    // obj: source of arrivals
	evDeliver                    // obj: request, whose message arrives at its replica
	evUnlocked                   // obj: request, which has waited for a lock
	evPaged                      // obj: request, whose pages have been read
	evDisk                       // obj: host, whose disk has served a request
	evCollected                  // obj: replica, whose garbage collection has ended
	evReply                      // obj: call
	evReplyBad                   // obj: call
	evRefused                    // obj: call
	evTimeout                    // obj: call
	evRetry                      // obj: call
	evSample
)

// event is something that will happen at a time. The ones of a time happen in the
// order in which they were scheduled. gen tells whether obj is still what it was
// meant for: a call goes on to its next attempt, and old timeouts are ignored.
type event struct {
	at    time.Duration
	order uint64 // sequence number, then kind in the lowest 8 bits
	obj   int32
	gen   uint32
}

func (e *event) kind() eventKind { return eventKind(e.order) }

func (e *event) before(o *event) bool {
	return e.at < o.at || e.at == o.at && e.order < o.order
}

// eventHeap is a 4-ary heap: half the depth of a binary one, and the children of a
// node share cache lines.
type eventHeap struct {
	events []event
	seq    uint64
}

func (h *eventHeap) push(at time.Duration, kind eventKind, obj int32, gen uint32) {
	h.seq++
	e := event{at: at, order: h.seq<<8 | uint64(kind), obj: obj, gen: gen}
	h.events = append(h.events, e)
	i := len(h.events) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(&h.events[up]) {
			break
		}
		h.events[i] = h.events[up]
		i = up
	}
	h.events[i] = e
}

func (h *eventHeap) pop() event {
	top := h.events[0]
	n := len(h.events) - 1
	e := h.events[n]
	h.events = h.events[:n]
	if n == 0 {
		return top
	}
	i := 0
	for {
		first := 4*i + 1
		if first >= n {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, n); c++ {
			if h.events[c].before(&h.events[least]) {
				least = c
			}
		}
		if !h.events[least].before(&e) {
			break
		}
		h.events[i] = h.events[least]
		i = least
	}
	h.events[i] = e
	return top
}
