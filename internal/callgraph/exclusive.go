package callgraph

import (
	"cmp"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// interval is the time that a call takes out of the request of node owner.
type interval struct {
	owner, call int32
	callee      identity.RPCNo
	next        int32 // of the same owner: index and 1
	start, end  int64
}

// spend computes for each serving node the union (busy) of the outbound calls
// made for it, and the sum over callees of the union of the calls to each. Each
// is clipped to the span of the request, by the clock of the caller; only a
// callee without a client span is taken at its own clock's word, where that makes
// sense (within). It also computes for each call its share of the union of its callee's (share.go),
// and of calls without a client span the time around them (around.go).
func (f *fragment) spend() {
	f.intervals, f.owners, f.direct = f.intervals[:0], f.owners[:0], false
	for i := range int32(len(f.nodes)) {
		n := &f.nodes[i]
		owner, direct := f.owner(i)
		if f.inOne(i) {
			f.clip(f.nodes[n.parent].request, i) // busy on both sides
			direct = true
		}
		f.clip(owner, i)
		f.direct = f.direct || direct
	}
	for _, owner := range f.owners {
		f.account(owner)
	}
	if f.direct {
		f.surround()
	}
}

// inOne reports whether node i is a request and its one call in one span, and so also what a
// request above it calls without a client span.
func (f *fragment) inOne(i int32) bool {
	n := &f.nodes[i]
	return n.serves && f.begins(i) && n.parent >= 0 && f.above(i) == none
}

// owner returns the node of the request that the call of node i is made for, none where it is
// no call, and whether no CLIENT span tells of it.
func (f *fragment) owner(i int32) (owner int32, direct bool) {
	n := &f.nodes[i]
	switch {
	case f.begins(i):
		return n.request, false
	case n.replies:
		return f.nodes[n.parent].request, false
	case n.parent < 0 || n.span.kind == Consumer || f.above(i) != none:
		return none, false // no call, or part of one
	case n.leaf:
		return n.request, false
	case n.serves:
		return f.nodes[n.parent].request, true
	}
	return none, false
}

// clip files the part of the call of node i that lies within the span of node owner.
func (f *fragment) clip(owner, i int32) {
	if owner < 0 {
		return
	}
	o := &f.nodes[owner]
	if start, end := f.within(i, o.span); start < end {
		if o.spent == 0 {
			f.owners = append(f.owners, owner)
		}
		f.intervals = append(f.intervals, interval{owner, i, f.callee(i), o.spent, start, end})
		o.spent = int32(len(f.intervals))
	}
}

// within returns the part of the call of node i that lies within the request r. A
// callee without a client span that lies wholly outside, by its own clock, is taken to
// have another clock: it is counted at the nearest end of the request, as far as it fits.
func (f *fragment) within(i int32, r *record) (start, end int64) {
	s := f.nodes[i].span
	if f.nodes[i].replies {
		start = max(f.asked(i), r.start)
		return start, max(start, min(s.end, r.end))
	}
	if f.begins(i) || s.end > r.start && s.start < r.end {
		return max(s.start, r.start), min(s.end, r.end)
	}
	took := min(s.duration(), r.duration())
	if s.end <= r.start {
		return r.start, r.start + took
	}
	return r.end - took, r.end
}

// callee names who was called by the call of node i, as far as it is known here:
// calls of one name are of one callee.
func (f *fragment) callee(i int32) identity.RPCNo {
	n := &f.nodes[i]
	switch {
	case !f.begins(i):
		return f.rpc(i)
	case n.server != none:
		return f.rpc(n.server)
	case n.named != none:
		return f.rpc(n.named)
	}
	return n.span.callee
}

// account adds up the intervals of one owner. Most requests make few calls, for
// which no general way of sorting and grouping is as fast as looking.
func (f *fragment) account(owner int32) {
	f.own = f.own[:0]
	for k := f.nodes[owner].spent; k != 0; k = f.intervals[k-1].next {
		f.own = append(f.own, f.intervals[k-1])
	}
	if len(f.own) == 1 {
		v := &f.own[0]
		f.nodes[owner].busy += v.end - v.start
		f.nodes[v.call].first = true
		f.give(v, v.end-v.start)
		return
	}
	f.reunite(f.own)
	sortIntervals(f.own)
	f.nodes[owner].busy += union(f.own, f.nodes[owner].span.start)
	f.share(f.own)
}

// meant is a name that a caller has for a callee, and who that is.
type meant struct{ name, callee identity.RPCNo }

// reunite gives calls that failed unanswered the callee of the request's calls of the
// same name that were answered: without an answer, a callee is only known by the name
// that its callers have for it.
func (f *fragment) reunite(v []interval) {
	f.meant = f.meant[:0]
	failed := false
	for i := range v {
		switch c := &f.nodes[v[i].call]; {
		case !f.begins(v[i].call):
		case c.server != none:
			f.meant = append(f.meant, meant{c.span.callee, v[i].callee})
		case c.named == none && c.span.failed:
			failed = true
		}
	}
	if !failed || len(f.meant) == 0 {
		return
	}
	byName := func(a, b meant) int { return cmp.Compare(a.name, b.name) }
	slices.SortStableFunc(f.meant, byName) // the first in v of those with one name is who is meant
	for i := range v {
		c := &f.nodes[v[i].call]
		if !c.span.failed || !f.begins(v[i].call) || c.server != none || c.named != none {
			continue
		}
		if k, ok := slices.BinarySearchFunc(f.meant, meant{name: c.span.callee}, byName); ok {
			v[i].callee = f.meant[k].callee
		}
	}
}

// sortIntervals sorts by start, then end.
func sortIntervals(v []interval) {
	const few = 12
	if len(v) > few {
		slices.SortFunc(v, func(a, b interval) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
		return
	}
	for k := 1; k < len(v); k++ {
		for j := k; j > 0 && (v[j].start < v[j-1].start || v[j].start == v[j-1].start && v[j].end < v[j-1].end); j-- {
			v[j], v[j-1] = v[j-1], v[j]
		}
	}
}

// union returns the length of the union of sorted intervals after from.
func union(v []interval, from int64) int64 {
	covered, busy := from, int64(0)
	for k := range v {
		if v[k].end > covered {
			busy += v[k].end - max(covered, v[k].start)
			covered = v[k].end
		}
	}
	return busy
}
