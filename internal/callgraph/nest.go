package callgraph

import "github.com/sage-rca/sage/internal/identity"

// slack is the part of a request's duration by which another may begin before it or end after
// it and be within it all the same: clocks differ.
const slack = 20

// nest gives parents to requests whose parents never came, where those are not lost but were never
// sent: a processor drops CLIENT spans, or who makes spans by hand has none. Within
// one trace such a request is part of the innermost request of another service around it, if
//
//   - that service is not known to tell of its calls: else the span is lost, and who was called is not
//     known;
//   - requests of this kind are nearly always within one of that kind where a trace has both.
//     What runs at the same time is within each other by chance, and while one of them is slow,
//     always: that it was the shorter one before counts as well.
//
// Not where the trace's root is not here, as the roots of others are: it was due before, with the parents,
// and what comes after it lasts so long that everything lies within it by chance.
//
// It is called after bridge.
func (a *Assembler) nest() {
	f := &a.frag
	if f.root != none {
		a.roots = true
	} else if a.roots {
		return
	}
	looks := maxLooks
	for _, o := range f.orphans {
		if f.nodes[o].parent != lost {
			continue
		}
		if p := a.inside(o, &looks); p != none && !f.isAbove(o, p) {
			f.nodes[o].parent = p
			a.counts[ReasonNested]++
		}
	}
}

// inside returns the request that the one of a node is part of, or none. It learns from those
// that it looks at.
func (a *Assembler) inside(node int32, looks *int) int32 {
	f := &a.frag
	s := f.nodes[node].span
	best, least := none, int64(maxTime)
	for i := range f.nodes {
		if *looks--; *looks < 0 {
			return none
		}
		c := f.nodes[i].span
		if c.kind != Server || c.service == s.service || a.known.tells(c.service, s.end) {
			continue
		}
		within := c.duration() > s.duration() && c.spans(s)
		nested := a.known.nested(Edge{c.rpc, s.rpc}, s.end)
		nested.note(within, enoughCalls)
		if took := c.duration(); within && took < least && nested.is.Load() {
			best, least = int32(i), took
		}
	}
	return best
}

// spans reports whether o lies within r, but for the differences of clocks.
func (r *record) spans(o *record) bool {
	off := r.duration() / slack
	return r.start-off <= o.start && o.end <= r.end+off
}

// isAbove reports whether node a is an ancestor of node b, or that is too far to see.
func (f *fragment) isAbove(a, b int32) bool {
	for n := 0; b >= 0; n++ {
		if a == b || n > maxNested {
			return true
		}
		b = f.nodes[b].parent
	}
	return false
}

// nesting is what is known of requests of which one may be part of the other.
type nesting struct {
	of *habit
	Edge
	at int64
}

// nested returns what is known of requests that may be part of others.
func (m *memory) nested(e Edge, now int64) *habit {
	r := &m.nestings[alias{identity.ServiceNo(e.Caller), e.Callee}.place()]
	if r.of == nil || r.Edge != e || now-r.at > m.grain {
		*r = nesting{m.known.nesting(e, now), e, now}
	}
	return r.of
}

// nesting returns what is known of requests that may be part of others.
func (k *Known) nesting(e Edge, now int64) *habit {
	if h, ok := k.nestings.Get(e, now); ok {
		k.nestings.Touch(e, now)
		return h
	}
	h := new(habit)
	k.nestings.Put(e, h, now)
	return h
}

// tell notes that a service tells of its calls.
func (m *memory) tell(s identity.ServiceNo, now int64) {
	if t := m.of(s); !t.tells || now-t.toldAt > m.grain {
		m.known.tellers.Put(m.known.names.Service(s), struct{}{}, now)
		t.tells, t.toldAt = true, now
	}
}

// tells reports whether a service tells of its calls.
func (m *memory) tells(s identity.ServiceNo, now int64) bool {
	if t := m.of(s); t.tells && now-t.toldAt <= m.known.keep {
		return true
	}
	_, ok := m.known.tellers.Get(m.known.names.Service(s), now)
	return ok
}
