package callgraph

import (
	"cmp"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// maxShared bounds the spans of one id that are kept: the sides of a call, its sidecars, and
// the consumers of one message.
const maxShared = 16

// side is what a span is of the call that has its id.
type side uint8

const (
	callerSide side = iota
	calleeSide
	noSide
)

func (k Kind) side() side {
	switch {
	case k.outbound():
		return callerSide
	case k.inbound():
		return calleeSide
	}
	return noSide
}

// unite makes sense of spans that have one id. By the propagation of Zipkin (B3) who is called
// joins the span of who calls: the CLIENT and the SERVER span of a call have the same id and the
// same parent, and whatever the server does has that id as parent. Likewise a PRODUCER and
// its CONSUMER.
//
// Of the spans of one id, one stays of each service that calls, and one of each that serves: the
// longest, as the others are the same span again. Where neither is there, or beside these, a span
// of another kind is the same one again, too. Those that stay are next to each other in the index: who
// calls first, then the longest. It returns how many were dropped.
func (f *fragment) unite(s *slab, names *identity.Names) (dropped int) {
	rest, kept := f.ids.keys, f.ids.keys[:0]
	for len(rest) > 0 {
		n := 1
		for n < len(rest) && rest[n].id == rest[0].id {
			n++
		}
		run := rest[:n]
		if rest = rest[n:]; n > 1 {
			run = twins{s, names}.of(run)
			f.shared = f.shared || len(run) > 1
		}
		kept = append(kept, run...)
	}
	dropped = len(f.ids.keys) - len(kept)
	f.ids.shrink(len(kept))
	return dropped
}

// twins tells the spans of one id apart.
type twins struct {
	slab  *slab
	names *identity.Names
}

// of returns those spans of a run that stay, in order.
func (x twins) of(run []key) []key {
	slices.SortStableFunc(run, x.byService)
	n := 0
	for _, k := range run {
		if n == 0 || !x.same(run[n-1], k) {
			run[n] = k
			n++
		}
	}
	run = run[:n]
	slices.SortStableFunc(run, x.byLength)
	n = 1
	for n < len(run) && n < maxShared && x.slab.at(run[n].slot).kind.side() != noSide {
		n++
	}
	return run[:n]
}

// same reports whether two spans are one and the same.
func (x twins) same(a, b key) bool {
	p, q := x.slab.at(a.slot), x.slab.at(b.slot)
	return p.kind.side() == q.kind.side() && p.service == q.service
}

// byService sorts the same spans next to each other, the longest of them first.
func (x twins) byService(a, b key) int {
	p, q := x.slab.at(a.slot), x.slab.at(b.slot)
	return cmp.Or(cmp.Compare(p.kind.side(), q.kind.side()), x.services(p, q), cmp.Compare(q.duration(), p.duration()), cmp.Compare(p.start, q.start))
}

// byLength sorts who calls first, then the longest.
func (x twins) byLength(a, b key) int {
	p, q := x.slab.at(a.slot), x.slab.at(b.slot)
	return cmp.Or(cmp.Compare(p.kind.side(), q.kind.side()), cmp.Compare(q.duration(), p.duration()), cmp.Compare(p.start, q.start), x.services(p, q))
}

// services compares by name, as numbers are given in the order of arrival.
func (x twins) services(p, q *record) int {
	if p.service == q.service {
		return 0
	}
	return x.names.Service(p.service).Compare(x.names.Service(q.service))
}

// parent returns the node of the parent of node i, of which the first with the id that the span
// names is known.
func (f *fragment) parent(i int32, s *slab) int32 {
	r, p := f.nodes[i].span, f.nodes[i].parent
	if r.kind.inbound() {
		if caller := f.joined(i, s); caller != none {
			return caller
		}
	}
	if p >= 0 {
		p += f.holder(f.run(p), r, s)
	}
	return p
}

// run returns the spans that have the id of the one at place i, which is the first of them.
func (f *fragment) run(i int32) []key {
	n := i + 1
	for int(n) < len(f.ids.keys) && f.ids.keys[n].id == f.ids.keys[i].id {
		n++
	}
	return f.ids.keys[i:n]
}

// joined returns the node that a span which serves has joined: a SERVER around it, as that of a
// sidecar, or else who called; none where it is the first of its id.
func (f *fragment) joined(i int32, s *slab) int32 {
	k := f.ids.keys[i]
	r, p := s.at(k.slot), none
	for j := i - 1; j >= 0 && f.ids.keys[j].id == k.id; j-- {
		o := s.at(f.ids.keys[j].slot)
		if o.kind.outbound() {
			p = j
		} else if r.kind == Server && o.kind == Server && o.spans(r) {
			return j
		}
	}
	return p
}

// holder returns the place in a run of the span that a child of their id belongs to:
//
//   - what serves was called, or sent a message, by the innermost one that serves; but it consumes
//     what a PRODUCER has sent;
//   - other spans are of the process of their parent: of its service, and where that calls itself, of
//     its replica. Where several are, or none is, it is the innermost one that serves.
//
// One that serves and has the service of the child goes before: it is the same request, instrumented twice.
func (f *fragment) holder(run []key, child *record, s *slab) int32 {
	best, most := len(run)-1, 0
	if child.kind == Consumer && s.at(run[0].slot).kind == Producer {
		best = 0
	}
	for k := range run {
		r := s.at(run[k].slot)
		if r.service != child.service || child.kind.inbound() && !r.kind.inbound() {
			continue
		}
		match := 1
		if r.replica == child.replica {
			match = 2
		}
		if match >= most {
			best, most = k, match
		}
	}
	return int32(best)
}
