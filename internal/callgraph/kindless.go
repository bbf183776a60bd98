package callgraph

import (
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// below is what stands right below a span, or anywhere below it in its own service.
type below struct {
	abroad  identity.RPCNo // what the first span right below it does that is of another service, or serves
	foreign bool           // there is such a span
	several bool           // there are some that do different things
	calls   bool           // a span of its own service below it calls
}

// settle gives a kind to the spans that came without one. Bridges from older tracing APIs
// do not say it, nor do spans made by hand, but their trace does:
//
//   - who stands between its own service and another one is a CLIENT. Not, if spans of
//     several other RPCs stand below it, or calls of its own service do: that is work that
//     makes calls, of which there are no spans;
//   - what looks like a call and has none below it is one, that nobody's span answers;
//   - a root, or what stands below another service, is a SERVER, unless it looks like a
//     call and there is one call below it: then it is a load generator's, or a proxy's. A service
//     which makes one span of each request, of which the spans of others are
//     children, looks alike but for the attributes, and has a time of its own that counts;
//   - whose parent never came is what spans of its name are elsewhere (Known.settled), or
//     else what it looks like;
//   - everything else is INTERNAL.
//
// It comes right after load, of which it does again what depends on kinds. Cycles are not broken
// by then.
func (a *Assembler) settle() {
	f := &a.frag
	f.lookBelow()
	f.orphans, f.messages = f.orphans[:0], false
	for i := range f.nodes {
		n := &f.nodes[i]
		if n.span.kind > Consumer {
			n.span.kind = a.settled(n, &f.below[i])
			switch {
			case n.span.kind.inbound():
				a.known.emits(n.span.service, n.span.end)
			case n.span.kind == Client && !n.span.terminal:
				a.known.tell(n.span.service, n.span.end)
			}
		}
		f.classify(int32(i))
	}
}

// lookBelow fills in what stands below each span.
func (f *fragment) lookBelow() {
	f.below = slices.Grow(f.below[:0], len(f.nodes))[:len(f.nodes)]
	clear(f.below)
	for i := range f.nodes {
		n := &f.nodes[i]
		if n.parent < 0 || !f.isForeign(n) {
			continue
		}
		b := &f.below[n.parent]
		b.several = b.several || b.foreign && b.abroad != n.span.rpc
		b.abroad, b.foreign = n.span.rpc, true
	}
	for i := range f.nodes {
		if n := &f.nodes[i]; !n.span.kind.outbound() && !f.below[i].foreign {
			continue
		}
		for at := int32(i); ; {
			n := &f.nodes[at]
			if n.parent < 0 || f.isForeign(n) || f.below[n.parent].calls {
				break
			}
			at = n.parent
			f.below[at].calls = true
		}
	}
}

// isForeign reports whether a span that has a parent is of another service than that, or serves.
func (f *fragment) isForeign(n *node) bool {
	return n.span.kind.inbound() || n.span.service != f.nodes[n.parent].span.service
}

// settled returns the kind of a span that came without one.
func (a *Assembler) settled(n *node, b *below) Kind {
	s := n.span
	one := b.foreign && !b.several && !b.calls
	if n.parent == lost {
		switch is, known := a.known.settled(alias{s.service, s.rpc}, s.end); {
		case is || !known && s.kind == SeemsServer:
			return Server
		case s.kind == SeemsClient && !b.calls || one:
			return Client
		}
		return Internal
	}
	inner := n.parent != none && s.service == a.frag.nodes[n.parent].span.service
	kind := Internal
	switch {
	case inner && (one || s.kind == SeemsClient && !b.foreign && !b.calls):
		kind = Client
	case inner:
	case one && s.kind == SeemsClient:
		kind = Client
	default:
		kind = Server
	}
	a.known.settles(alias{s.service, s.rpc}, kind == Server, s.end)
	return kind
}

// settlement is what is known of the spans of one name that come without a kind, and was
// looked up at a time.
type settlement struct {
	of *habit
	alias
	at int64
}

// settlement returns what is known of the spans of a service that have a name.
func (m *memory) settlement(a alias, now int64) *habit {
	r := &m.settlements[a.place()]
	if r.of == nil || r.alias != a || now-r.at > m.grain {
		*r = settlement{m.known.settlement(a, now), a, now}
	}
	return r.of
}

// settles notes whether a span without a kind, of which the trace tells it, serves.
func (m *memory) settles(a alias, serves bool, now int64) {
	m.settlement(a, now).note(serves, enoughCalls)
}

// settled reports whether spans of a name serve, and whether that is known.
func (m *memory) settled(a alias, now int64) (serves, known bool) {
	h := m.settlement(a, now)
	return h.is.Load(), h.all.Load() >= enoughCalls
}

// settlement returns what is known of the spans without kinds of a service that have a name.
func (k *Known) settlement(a alias, now int64) *habit {
	if h, ok := k.settlements.Get(a, now); ok {
		k.settlements.Touch(a, now)
		return h
	}
	h := new(habit)
	k.settlements.Put(a, h, now)
	return h
}
