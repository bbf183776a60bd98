package callgraph

// outbound reports whether k is the kind of a span that calls.
func (k Kind) outbound() bool { return k == Client || k == Producer }

// inbound reports whether k is the kind of a span that serves whatever stands
// above it.
func (k Kind) inbound() bool { return k == Server || k == Consumer }

// survey notes, from the bottom up, where the trace leaves the service of each
// span.
func (f *fragment) survey() {
	f.abroad = f.abroad[:0]
	for k := len(f.order) - 1; k >= 0; k-- {
		n := &f.nodes[f.order[k]]
		if n.parent < 0 {
			continue
		}
		p := &f.nodes[n.parent]
		n.remote = n.span.service != p.span.service
		if inbound := n.span.kind.inbound(); n.remote || inbound {
			p.forwards, p.calls = true, true
			p.answered = p.answered || inbound
			if !inbound && p.span.kind == Client {
				f.abroad = append(f.abroad, abroad{n.parent, f.order[k]})
			}
			continue
		}
		p.forwards = p.forwards || n.forwards
		p.calls = p.calls || n.calls || n.span.kind.outbound()
	}
}

// assign gives each span its role, from the top down, and with it the request
// it works for and the call it is part of:
//
//   - a SERVER or CONSUMER serves;
//   - an INTERNAL root serves: a job, a timer;
//   - a CLIENT or PRODUCER root calls outside of any request;
//   - a span of the same service as its parent works for the same request. A
//     CLIENT or PRODUCER among them begins a call, unless it is part of one
//     already: a client library on top of an instrumented transport is one call.
//     What starts when the call above has ended is a call of its own: another attempt;
//   - an INTERNAL, CLIENT or PRODUCER span below another service's span is the
//     callee. It serves where it calls on, or where it is INTERNAL and below a
//     CLIENT, as a SERVER of the wrong kind would be, or no span of the trace
//     has another kind, its root included: then nobody says kinds. Else it is a leaf: a
//     database that the application's instrumentation gave a service name of
//     its own;
//   - a span other than SERVER or CONSUMER whose parent never came works for a
//     request that is lost.
func (f *fragment) assign() {
	for _, i := range f.order {
		n := &f.nodes[i]
		n.top, n.request, n.call, n.server, n.named, n.around = i, none, none, none, none, -1
		kind := n.span.kind

		var p *node
		if n.parent >= 0 {
			p = &f.nodes[n.parent]
			if kind != Consumer { // nobody waits for a message to be consumed
				n.top = p.top
			}
		}
		switch {
		case kind.inbound():
			n.serves = true
		case p == nil:
			n.serves = n.parent == none && kind == Internal
			if n.parent == lost {
				n.request = lost
			}
			if kind.outbound() {
				n.call = i
			}
		case !n.remote:
			n.request, n.call = p.request, p.call
			if kind.outbound() && (n.call == none || n.span.follows(f.nodes[n.call].span)) {
				n.leaf = n.call != none && f.nodes[n.call].leaf // as the attempt before is
				n.call = i
			}
		case n.forwards || kind == Internal && (n.calls || p.call != none || !f.kinds && p.request >= 0):
			n.serves = true
			if kind.outbound() { // the request and its one call in one span
				n.call = i
			}
		default:
			n.leaf = true
			n.request, n.call = p.request, i
		}
		if n.serves {
			n.request = i
		}
	}
}

// begins reports whether node i is the outermost span of a call that is no leaf.
func (f *fragment) begins(i int32) bool { return f.nodes[i].call == i && !f.nodes[i].leaf }

// above returns the call that node i is part of below its outermost span, or none.
func (f *fragment) above(i int32) int32 {
	n := &f.nodes[i]
	if n.parent >= 0 && (n.remote || n.call != i) {
		return f.nodes[n.parent].call
	}
	return none
}
