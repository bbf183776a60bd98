package callgraph

import (
	"cmp"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// interval is the time that a call takes out of the request of node owner.
type interval struct {
	owner, call int32
	callee      identity.RPC
	start, end  int64
}

// spend computes for each serving node the union (busy) of the outbound calls
// made for it, and the sum over callees of the union of the calls to each. Each
// is clipped to the span of the request, by the clock of the caller; only a
// callee without a client span is taken at its own clock's word. It also
// computes for each call its share of the union of its callee's (share.go).
func (f *fragment) spend() {
	f.intervals = f.intervals[:0]
	for i := range int32(len(f.nodes)) {
		n := &f.nodes[i]
		owner := none
		switch {
		case f.begins(i):
			owner = n.request
		case n.parent < 0 || n.span.Kind == Consumer || f.above(i) != none:
			// no call, or part of one
		case n.leaf:
			owner = n.request
		case n.serves:
			owner = f.nodes[n.parent].request
		}
		if n.serves && f.begins(i) && n.parent >= 0 && f.above(i) == none {
			f.clip(f.nodes[n.parent].request, i) // request and call in one: busy on both sides
		}
		f.clip(owner, i)
	}
	f.share()
	slices.SortFunc(f.intervals, func(a, b interval) int {
		return cmp.Or(cmp.Compare(a.owner, b.owner), cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	for k := 0; k < len(f.intervals); {
		k = f.sweep(k)
	}
}

// clip files the part of the call of node i that lies within the span of node owner.
func (f *fragment) clip(owner, i int32) {
	if owner < 0 {
		return
	}
	s, o := f.nodes[i].span, f.nodes[owner].span
	if start, end := max(s.Start, o.Start), min(s.End, o.End); start < end {
		f.intervals = append(f.intervals, interval{owner, i, f.callee(i), start, end})
	}
}

// callee names who was called by the call of node i, as far as it is known here:
// calls of one name are of one callee.
func (f *fragment) callee(i int32) identity.RPC {
	n := &f.nodes[i]
	switch {
	case !f.begins(i):
		return f.rpc(i)
	case n.server != none:
		return f.rpc(n.server)
	case n.named != none:
		return f.rpc(n.named)
	}
	return identity.RPC{Service: n.span.Peer, Operation: n.span.Operation}
}

// sweep adds up the intervals of one owner from index k on, and returns the
// index of the next owner's.
func (f *fragment) sweep(k int) int {
	owner := f.intervals[k].owner
	n := &f.nodes[owner]
	covered := n.span.Start
	for ; k < len(f.intervals) && f.intervals[k].owner == owner; k++ {
		v := f.intervals[k]
		if v.end > covered {
			n.busy += v.end - max(covered, v.start)
			covered = v.end
		}
	}
	return k
}
