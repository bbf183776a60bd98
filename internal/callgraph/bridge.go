package callgraph

import (
	"cmp"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// Bounds of the search for hops, for traces whose shape would make it long.
const (
	maxNested = 32      // calls that are looked at as the one around a request
	maxLooks  = 1 << 13 // spans that are looked at for a request's usual caller, per trace
)

// bridge joins what an uninstrumented hop has cut: a service that passes the
// context on without sending spans leaves its callers with calls that nobody
// answers and its callees with parents that never came. A SERVER span of which
// the parent never came, and that lies within such a call of its own trace, is
// taken for work of the service called: between the two goes a SERVER span of
// it, which takes as long as the call. The innermost call counts where several
// lie around it. Both are times of different clocks: what is skewed by more than
// the hop's own time stays apart.
//
// Losses look alike, so nothing is bridged where the request has a caller that
// is known to call it directly and was at work meanwhile, nor below calls that
// are answered at other times. A hop once found serves its other calls too, and so does a
// service of which only its calls are told (unserved.go) where it calls nobody.
func (a *Assembler) bridge() {
	f := &a.frag
	f.hops = f.hops[:0]
	if len(f.orphans) == 0 && !a.known.known.bridging() {
		return
	}
	a.unanswered()
	if len(f.ends) == 0 {
		return
	}
	f.hops = slices.Grow(f.hops, len(f.ends)) // nodes point at them
	looks := maxLooks
	for _, o := range f.orphans {
		if e := f.around(o); e != none && !a.hasCaller(o, &looks) {
			a.known.known.bridge(f.alias(f.ends[e].call), f.nodes[o].span.end)
			f.nodes[o].parent = a.hop(e)
			a.counts[ReasonBridged]++
		}
	}
	for e := range f.ends {
		end := &f.ends[e]
		if end.hop == none && (end.unserved != 0 || a.known.guess(f.alias(end.call), f.nodes[end.call].span.end).bridged) {
			a.hop(int32(e))
		}
	}
}

// end is a call that may lead to an uninstrumented hop.
type end struct {
	start     int64
	call, hop int32 // nodes; hop is none while there is no need of one

	unserved identity.RPCNo // who serves without a span but tells of its calls, or zero
}

// unanswered fills ends with the calls of services without spans, by start.
func (a *Assembler) unanswered() {
	f := &a.frag
	f.marks = slices.Grow(f.marks[:0], len(f.nodes))[:len(f.nodes)]
	clear(f.marks)
	for i := range f.nodes {
		if p := f.nodes[i].parent; p >= 0 {
			f.marks[p] = placed
		}
	}
	f.ends = f.ends[:0]
	for i := range f.nodes {
		s := f.nodes[i].span
		if s.kind != Client || s.terminal || s.stream || f.marks[i] == placed {
			continue
		}
		unserved := a.known.guess(f.alias(f.head(int32(i))), s.end).unserved
		if g := a.known.guess(f.alias(int32(i)), s.end); unserved != 0 || g.named && !g.answered && !g.instrumented {
			f.ends = append(f.ends, end{s.start, int32(i), none, unserved})
		}
	}
	slices.SortFunc(f.ends, func(a, b end) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.call, b.call)) })
}

// head returns the outermost span of the call that a CLIENT is part of, before assign has
// found it: a library above the transport.
func (f *fragment) head(client int32) int32 {
	head := client
	for at, n := f.nodes[client].parent, 0; at >= 0 && n < maxNested; at, n = f.nodes[at].parent, n+1 {
		s := f.nodes[at].span
		if s.kind.inbound() || s.service != f.nodes[client].span.service {
			break
		}
		if s.kind.outbound() {
			head = at
		}
	}
	return head
}

func (f *fragment) alias(call int32) alias {
	s := f.nodes[call].span
	return alias{s.service, s.callee}
}

// around returns the index of the shortest end that a node lies within, or none. Who tells of
// its calls has none of which it does not tell.
func (f *fragment) around(node int32) int32 {
	s := f.nodes[node].span
	after, _ := slices.BinarySearchFunc(f.ends, s.start, func(e end, t int64) int {
		if e.start <= t {
			return -1
		}
		return 1
	})
	best, least := none, int64(maxTime)
	for e := after - 1; e >= max(0, after-maxNested); e-- {
		call := f.nodes[f.ends[e].call].span
		if took := call.duration(); call.end >= s.end && took < least && f.ends[e].unserved == 0 {
			best, least = int32(e), took
		}
	}
	return best
}

// hasCaller reports whether somebody who is known to call the RPC of a node was at work around
// it: served a request, or waited for a call, of which the request itself may be lost.
func (a *Assembler) hasCaller(node int32, looks *int) bool {
	f := &a.frag
	s := f.nodes[node].span
	if !a.known.known.called(alias{callee: s.rpc}, s.end) {
		return false
	}
	for i := range f.nodes {
		if *looks--; *looks < 0 {
			return true
		}
		c := f.nodes[i].span
		if c.start <= s.start && c.end >= s.end && a.known.known.called(alias{c.service, s.rpc}, s.end) {
			return true
		}
	}
	return false
}

// hop returns the node of the service that is called by an end, made where there
// is none.
func (a *Assembler) hop(e int32) int32 {
	f := &a.frag
	end := &f.ends[e]
	if end.hop != none {
		return end.hop
	}
	names := a.known.known.names
	rpc := cmp.Or(end.unserved, f.nodes[end.call].span.callee)
	end.hop = f.insert(end.call, rpc, names.ServiceNo(names.RPC(rpc).Service), 0)
	return end.hop
}
