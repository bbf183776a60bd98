package callgraph

import (
	"github.com/sage-rca/sage/internal/identity"
)

// duration returns how long s took.
func duration(s *Span) int64 { return s.End - s.Start }

// emit hands the fragment to the sink: requests, then messages, then calls,
// each in the order of span ids.
func (a *Assembler) emit() {
	f := &a.frag
	a.counts[ReasonDuplicate] += f.duplicates
	a.counts[ReasonCycle] += f.cycles
	n := int32(len(f.nodes))
	for i := range n {
		if f.nodes[i].serves {
			a.serve(i)
		}
	}
	for i := range n { // before the consumers, which look for them
		a.produce(i)
	}
	for i := range n {
		if f.nodes[i].span.Kind == Consumer {
			a.consume(i)
		}
	}
	for i := range n {
		a.call(i)
	}
	for r, c := range a.counts {
		if c > 0 {
			a.sink.Counted(Reason(r), c)
			a.counts[r] = 0
		}
	}
}

// serve emits the request of a serving node.
func (a *Assembler) serve(i int32) {
	f := &a.frag
	n := &f.nodes[i]
	s := n.span
	entry := n.parent == none
	switch {
	case s.Kind == Consumer:
		entry = entry && len(s.Links) == 0
	case n.parent == lost:
		a.counts[ReasonUnmatchedServer]++
		entry = true
	}
	a.sink.Served(Served{
		RPC: f.rpc(i), Instance: s.Instance, Version: s.Version, Span: s.ID, Time: f.time(i),
		Entry: entry, Async: s.Kind == Consumer, Stream: s.Stream,
		Duration: duration(s), Exclusive: duration(s) - n.busy,
		ChildSum: max(n.sum, n.busy), // shares are rounded
		Error:    s.Error, ErrorType: s.ErrorType, Weight: s.Weight,
	})
}

// call emits the call that node i begins, or is the callee of with no client
// span of its own, or both.
func (a *Assembler) call(i int32) {
	f := &a.frag
	n := &f.nodes[i]
	if f.begins(i) {
		a.issue(i)
	}
	if n.parent < 0 || n.span.Kind == Consumer || f.answers(i) {
		return
	}
	switch {
	case n.leaf:
		a.connect(i, n.parent, Call{
			Edge: identity.Edge{Callee: f.rpc(i)}, Leaf: true, Client: duration(n.span), Server: -1,
		})
	case n.serves:
		if caller, ok := f.caller(n.parent); ok && caller == f.rpc(i) {
			return // two instrumentations of one request
		}
		a.connect(i, n.parent, Call{
			Edge: identity.Edge{Callee: f.rpc(i)}, Client: -1, Server: duration(n.span),
		})
	}
}

// issue emits the call of the client span of node i.
func (a *Assembler) issue(i int32) {
	f := &a.frag
	n := &f.nodes[i]
	s := n.span
	c := Call{Client: duration(s), Server: -1}
	if n.server != none {
		a.known.answered(alias(s), f.rpc(n.server), s.End)
	}
	switch {
	case n.request == lost:
		a.counts[ReasonUnmatchedParent]++
		return
	case n.server != none:
		server := f.nodes[n.server].span
		c.Edge.Callee = f.rpc(n.server)
		c.Server = duration(server)
		c.Stream = server.Stream
	case n.named != none:
		c.Edge.Callee = f.rpc(n.named)
		c.Leaf = true
	default:
		callee, leaf, ok := a.guess(n)
		if !ok {
			return
		}
		c.Edge.Callee, c.Leaf = callee, leaf
	}
	a.connect(i, i, c)
}

// guess says who was called by a client span that nobody's span answers: an
// uninstrumented dependency, named by the peer attributes (leaf). Where the
// callee is known to be instrumented its span is lost, and guessing would make
// a phantom of it. Only if the call failed, there may never have been a span:
// the callee was down, out of reach, or not heard in time. Such a call belongs
// to whoever used to answer calls of this name, if that is one RPC.
//
// A message is taken to be for the broker alone until the first of its name is
// seen to be consumed.
func (a *Assembler) guess(n *node) (callee identity.RPC, leaf, ok bool) {
	s := n.span
	callee, answered := a.known.answer(alias(s), s.End)
	switch {
	case !answered && !s.Peer.IsZero() && !a.known.instrumented(s.Peer, s.End):
		return identity.RPC{Service: s.Peer, Operation: s.Operation}, true, true
	case n.async: // the consumer has its call, or will have
		return identity.RPC{}, false, false
	}
	a.counts[ReasonUnmatchedClient]++
	return callee, false, s.Error && !callee.IsZero()
}

// connect completes the call c of the span of node i, issued where node from
// stands, and emits it. Where the caller is lost it is counted instead.
func (a *Assembler) connect(i, from int32, c Call) {
	f := &a.frag
	caller, ok := f.caller(from)
	if !ok {
		a.counts[ReasonUnmatchedParent]++
		return
	}
	s := f.nodes[i].span
	c.Edge.Caller = caller
	c.Span, c.Time, c.Queue = s.ID, f.time(i), -1
	c.Within, c.Share = f.nodes[i].clipped, f.nodes[i].share
	c.Stream = c.Stream || s.Stream
	c.Error, c.ErrorType, c.Weight = s.Error, s.ErrorType, s.Weight
	a.sink.Called(c)
}
