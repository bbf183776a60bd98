package callgraph

import (
	"cmp"
	"slices"
)

// unfold gives parents to the spans of a trace in which no span has one, although it has several:
// whoever made them does not pass their ids on, or a processor has taken them. Their times say
// what is part of what:
//
//   - what a service does within one of its own requests is part of that;
//   - a request within a call that names its service is the answer to it. Each call has one.
//
// The shortest one around counts. Where nothing is around a span stays a root.
func (a *Assembler) unfold() {
	f := &a.frag
	if !f.flat || len(f.nodes) < 2 {
		return
	}
	looks := maxLooks
	f.byStart = f.byStart[:0]
	for i := range f.nodes {
		f.byStart = append(f.byStart, int32(i))
	}
	slices.SortFunc(f.byStart, func(a, b int32) int {
		x, y := f.nodes[a].span, f.nodes[b].span
		return cmp.Or(cmp.Compare(x.start, y.start), cmp.Compare(y.end, x.end), cmp.Compare(a, b))
	})
	f.marks = slices.Grow(f.marks[:0], len(f.nodes))[:len(f.nodes)]
	clear(f.marks)
	for _, i := range f.byStart {
		if p := a.part(i, &looks); p != none && !f.isAbove(i, p) {
			f.nodes[i].parent = p
			if f.nodes[i].span.kind == Server {
				f.marks[p] = placed
				a.counts[ReasonNested]++
			}
		}
	}
}

// part returns the shortest span that the one of a node is part of, or none.
func (a *Assembler) part(node int32, looks *int) int32 {
	f := &a.frag
	s := f.nodes[node].span
	if s.kind == Consumer {
		return none
	}
	best, least := none, int64(maxTime)
	for i := range f.nodes {
		if *looks--; *looks < 0 {
			return none
		}
		c := f.nodes[i].span
		if took := c.duration(); int32(i) != node && took < least && took >= s.duration() && c.spans(s) && a.holds(c, s) && f.marks[i] != placed {
			best, least = int32(i), took
		}
	}
	return best
}

// holds reports whether a span may hold another one that lies within it.
func (a *Assembler) holds(c, s *record) bool {
	if s.kind == Server {
		names := a.known.known.names
		return c.kind == Client && c.service != s.service && isNamed(names.RPC(c.callee).Service, names.Service(s.service))
	}
	return c.kind.inbound() && c.service == s.service && (c.replica == s.replica || c.replica == 0 || s.replica == 0)
}
