package callgraph

// Rules of replies.
const (
	// maxReplies bounds the consumers of one trace that are looked at: who asks over a queue
	// sends few messages.
	maxReplies = 64
	// enoughMessages is the number of messages from which on it is known whether they are
	// waited for: of one, the time may say so by chance.
	enoughMessages = 64
)

// reply finds the consumers whose publishers wait for them: they ask over a queue, and go
// on when they have the reply. No span says so but by its time: such a consumer works wholly
// within the request that published the message, and that calls nobody from when the message
// is sent until the consumer is done. Another consumer may be as quick, now and then. So it
// is a matter of nearly all messages between the two: then each is a call that is waited
// for, from when it is sent to when the consumer is done, and the message waits in between
// as if on the network.
//
// Times are those of two clocks: what is skewed by more than there is around the consumer
// looks as if nobody waited. Consumers of other traces are not looked at, since one of the
// two may be resolved before the other is known.
func (a *Assembler) reply() {
	f := &a.frag
	if !f.messages {
		return
	}
	looks, found := maxReplies, false
	for i := range f.nodes {
		n := &f.nodes[i]
		if n.span.kind != Consumer || n.parent < 0 || f.nodes[n.parent].request < 0 || !n.remote && f.above(int32(i)) == none {
			continue // of another trace, or no message: what was received is processed
		}
		at := a.known.known.replies(alias{f.nodes[n.parent].span.service, n.span.rpc}, n.span.end)
		if looks > 0 {
			looks--
			at.note(f.seemsAwaited(int32(i)), enoughMessages)
		}
		n.replies = at.is.Load()
		found = found || n.replies
	}
	if !found {
		return
	}
	for _, i := range f.order { // parents first
		if n := &f.nodes[i]; n.parent >= 0 && (n.span.kind != Consumer || n.replies) {
			n.top = f.nodes[n.parent].top
		}
	}
}

// seemsAwaited reports whether the request that published the message of node i does
// nothing else that one sees until the consumer is done.
func (f *fragment) seemsAwaited(i int32) bool {
	n := &f.nodes[i]
	p := &f.nodes[n.parent]
	c, o := n.span, f.nodes[p.request].span
	sent := p.span.start
	if call := f.above(i); call != none {
		sent = f.nodes[call].span.start
	}
	if c.start < sent || c.start < o.start || c.end > o.end {
		return false
	}
	for k := range f.nodes {
		x := &f.nodes[k]
		if x.request == p.request && x.call == int32(k) && x.span.start > sent && x.span.start < c.end {
			return false
		}
	}
	return true
}

// asked is when the message of node i, a CONSUMER, was sent.
func (f *fragment) asked(i int32) int64 {
	n := &f.nodes[i]
	if call := f.above(i); call != none {
		return min(f.nodes[call].span.end, n.span.start)
	}
	return n.span.start
}

// replied emits the call of node i, a CONSUMER that is waited for.
func (a *Assembler) replied(i int32) {
	f := &a.frag
	n := &f.nodes[i]
	s := n.span
	if c := f.above(i); c != none {
		head := f.nodes[c].span
		a.known.answered(alias{head.service, head.callee}, f.rpc(i), f.time(i))
	}
	start, end := f.within(i, f.nodes[f.nodes[n.parent].request].span)
	a.connect(i, n.parent, f.rpc(i), sides{client: end - start, server: s.duration(), around: -1, replica: s.replica, stream: n.waits})
}
