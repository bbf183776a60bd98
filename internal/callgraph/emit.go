package callgraph

import "github.com/sage-rca/sage/internal/identity"

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
	if f.messages {
		for i := range n { // before the consumers, which look for them
			a.produce(i)
		}
		for i := range n {
			if f.nodes[i].span.kind == Consumer {
				a.consume(i)
			}
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
	entry, torn, inner := n.parent == none, false, false
	switch {
	case s.kind == Consumer:
		entry = entry && len(a.links(s)) == 0
	case n.parent == lost:
		a.counts[ReasonUnmatchedServer]++
		entry, torn, inner = true, true, f.began(i)
	case entry && f.flat:
		inner = f.began(i)
		torn = inner
	}
	took := s.duration()
	o := &a.out.served
	o.RPC, o.Replica, o.Time = s.rpc, s.replica, f.time(i)
	o.Span.Trace, o.Span.ID = f.trace, s.id
	o.Entry, o.Torn, o.Inner, o.Async, o.Stream = entry, torn, inner, s.kind == Consumer, n.waits
	o.Duration, o.Exclusive = took, took-n.busy
	o.ChildSum = max(n.sum, n.busy) // shares are rounded
	o.Error, o.Weight = s.failed, s.weight
	if o.ErrorType = ""; s.failed {
		o.ErrorType = a.errorType(s)
	}
	a.sink.Served(o)
}

// began reports whether the trace began at another service, around the request of node i.
func (f *fragment) began(i int32) bool {
	if f.root == none {
		return false
	}
	root, s := f.nodes[f.root].span, f.nodes[i].span
	return root.service != s.service && root.spans(s)
}

func (a *Assembler) errorType(r *record) string { return a.pending.slab.extras.errorType(r.extra) }

func (a *Assembler) links(r *record) []identity.Span { return a.pending.slab.extras.links(r.extra) }

// caller returns the RPC for which the span of node i works; false where a
// span between here and there never came.
func (a *Assembler) caller(i int32) (identity.RPCNo, bool) {
	n := &a.frag.nodes[i]
	switch n.request {
	case lost:
		return 0, false
	case none:
		return a.known.outside(n.span.service), true
	default:
		return a.frag.rpc(n.request), true
	}
}

// call emits the call that node i begins, or is the callee of with no client
// span of its own, or both.
func (a *Assembler) call(i int32) {
	f := &a.frag
	n := &f.nodes[i]
	if f.begins(i) {
		a.issue(i)
	}
	if n.parent < 0 || n.span.kind == Consumer || f.answers(i) {
		return
	}
	switch {
	case n.leaf:
		a.connect(i, n.parent, f.rpc(i), sides{leaf: true, client: n.span.duration(), server: -1, around: -1})
	case n.serves:
		if caller, ok := a.caller(n.parent); ok && caller == f.rpc(i) {
			return // two instrumentations of one request
		}
		a.connect(i, n.parent, f.rpc(i), sides{
			client: -1, server: n.span.duration(), around: f.aroundOf(i, f.nodes[n.parent].request),
			replica: n.span.replica, stream: n.waits,
		})
	}
}

// sides say how long a call took as its caller and its callee see it, in ns or
// -1, and the time around it (Call.Around), by which replica it was served, and whether the
// callee's request waits.
type sides struct {
	client, server, around int64
	replica                identity.ReplicaNo
	leaf, stream           bool
}

// issue emits the call of the client span of node i.
func (a *Assembler) issue(i int32) {
	f := &a.frag
	n := &f.nodes[i]
	s := n.span
	seen := sides{client: s.duration(), server: -1, around: -1}
	var callee identity.RPCNo
	if n.server != none {
		callee = f.rpc(n.server)
		if server := &f.nodes[n.server]; !server.hop {
			a.known.answered(alias{s.service, s.callee}, callee, s.end)
			if server.span.kind == Server {
				a.known.known.served(alias{s.service, s.callee}, s.end)
			}
		}
	}
	switch {
	case n.request == lost:
		a.counts[ReasonUnmatchedParent]++
		return
	case n.server != none && f.nodes[n.server].hop: // of which only the caller has told
	case n.server != none:
		server := &f.nodes[n.server]
		seen.stream, seen.replica = server.waits, server.span.replica
		if !s.failed || server.span.start < s.end { // else it began when nobody waited for it any longer
			seen.server = server.span.duration()
		}
	case n.named != none:
		callee, seen.leaf = f.rpc(n.named), true
	default:
		var ok bool
		if callee, seen.leaf, ok = a.guess(n); !ok {
			return
		}
	}
	a.connect(i, i, callee, seen)
}

// guess says who was called by a client span that nobody's span answers: an
// uninstrumented dependency, named by the peer attributes (leaf). Where the
// callee is known to be instrumented its span is lost, and guessing would make
// a phantom of it. Only if the call failed, there may never have been a span:
// the callee was down, out of reach, or not heard in time. Such a call belongs
// to whoever used to answer calls of this name, if that is one RPC.
//
// A message is a call of the broker, which its producer waits for, and one of whoever
// consumes it, which nobody waits for. Where nothing says that a broker was called, it is
// taken to be for whom it names until the first of its name is seen to be consumed.
func (a *Assembler) guess(n *node) (callee identity.RPCNo, leaf, ok bool) {
	s := n.span
	g := a.known.guess(alias{s.service, s.callee}, s.end)
	switch {
	case !g.answered && g.named && !g.instrumented:
		return s.callee, true, true
	case n.async && s.terminal && g.named && !g.instrumented: // the consumer has a call of its own, or will have
		return s.callee, true, true
	case n.async:
		return 0, false, false
	}
	a.counts[ReasonUnmatchedClient]++
	return g.callee, false, s.failed && g.callee != 0
}

// connect emits the call of the span of node i, issued where node from stands.
// Where the caller is lost it is counted instead.
func (a *Assembler) connect(i, from int32, callee identity.RPCNo, seen sides) {
	caller, ok := a.caller(from)
	if !ok {
		a.counts[ReasonUnmatchedParent]++
		return
	}
	n := &a.frag.nodes[i]
	s := n.span
	o := &a.out.call
	o.Edge.Caller, o.Edge.Callee, o.Time = caller, callee, a.frag.time(i)
	o.Span.Trace, o.Span.ID = a.frag.trace, s.id
	o.CallerReplica, o.CalleeReplica = a.frag.nodes[from].span.replica, seen.replica
	o.Leaf, o.Async, o.Stream = seen.leaf, false, s.stream || seen.stream
	o.Client, o.Server, o.Around, o.Queue = seen.client, seen.server, seen.around, -1
	if o.Offset = 0; n.request >= 0 {
		o.Offset = max(0, s.start-a.frag.nodes[n.request].span.start)
	}
	o.Within, o.Share, o.Request = n.clipped, n.share, a.frag.entering(i)
	o.Again, o.Error, o.Weight = n.again, s.failed, s.weight
	if o.Ahead = 0; o.Around >= 0 {
		o.Ahead = n.ahead
	}
	if o.ErrorType = ""; s.failed {
		o.ErrorType = a.errorType(s)
	}
	a.sink.Called(o)
}

// entering returns how long the entry request took that node i is the first call to
// its callee of, or -1.
func (f *fragment) entering(i int32) int64 {
	n := &f.nodes[i]
	if !n.first || n.request < 0 || f.nodes[n.request].parent >= 0 {
		return -1
	}
	return f.nodes[n.request].span.duration()
}
