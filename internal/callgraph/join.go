package callgraph

import "github.com/sage-rca/sage/internal/identity"

// join learns which services join the spans of their callers. Where one that does has not sent its
// side of a call, the spans below it have lost their parent: the caller's side, which has its id, is
// not it.
func (a *Assembler) join() {
	f := &a.frag
	if f.shared {
		for i := range f.nodes {
			n := &f.nodes[i]
			if n.parent < 0 || !n.span.kind.inbound() {
				continue
			}
			if p := f.nodes[n.parent].span; p.id == n.span.id && p.service != n.span.service {
				a.known.join(n.span.service, n.span.end)
			}
		}
	}
	if !a.known.known.joining.Load() {
		return
	}
	for i := range f.nodes {
		n := &f.nodes[i]
		if n.parent < 0 || n.span.kind != Internal && !n.span.kind.outbound() {
			continue
		}
		p := f.nodes[n.parent].span
		if p.kind.outbound() && p.service != n.span.service && a.known.joins(n.span.service, n.span.end) {
			n.parent = lost
		}
	}
}

// join notes that a service joins the spans of its callers.
func (m *memory) join(s identity.ServiceNo, now int64) {
	if t := m.of(s); !t.joins || now-t.joinedAt > m.grain {
		m.known.joiners.Put(m.known.names.Service(s), struct{}{}, now)
		m.known.joining.Store(true)
		t.joins, t.joinedAt = true, now
	}
}

// joins reports whether a service joins the spans of its callers.
func (m *memory) joins(s identity.ServiceNo, now int64) bool {
	if t := m.of(s); t.joins && now-t.joinedAt <= m.known.keep {
		return true
	}
	_, ok := m.known.joiners.Get(m.known.names.Service(s), now)
	return ok
}
