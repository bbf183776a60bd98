package callgraph

import (
	"cmp"
	"math"
	"slices"
)

// interval is the time that a call takes out of the request of node owner.
type interval struct {
	owner      int32
	start, end int64
}

// spend computes for each serving node the union (busy) and the sum of the
// outbound calls made for it. Each is clipped to the span of the request, by
// the clock of the caller; only a callee without a client span is taken at its
// own clock's word.
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
			f.clip(f.nodes[n.parent].request, n.span) // request and call in one: busy on both sides
		}
		f.clip(owner, n.span)
	}
	slices.SortFunc(f.intervals, func(a, b interval) int {
		return cmp.Or(cmp.Compare(a.owner, b.owner), cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	for k := 0; k < len(f.intervals); {
		k = f.sweep(k)
	}
}

// clip files the part of s that lies within the span of node owner.
func (f *fragment) clip(owner int32, s *Span) {
	if owner < 0 {
		return
	}
	o := f.nodes[owner].span
	if start, end := max(s.Start, o.Start), min(s.End, o.End); start < end {
		f.intervals = append(f.intervals, interval{owner, start, end})
	}
}

// sweep adds up the intervals of one owner from index k on, and returns the
// index of the next owner's.
func (f *fragment) sweep(k int) int {
	owner := f.intervals[k].owner
	n := &f.nodes[owner]
	covered := n.span.Start
	for ; k < len(f.intervals) && f.intervals[k].owner == owner; k++ {
		v := f.intervals[k]
		n.sum = saturate(n.sum, v.end-v.start)
		if v.end > covered {
			n.busy += v.end - max(covered, v.start)
			covered = v.end
		}
	}
	return k
}

// saturate returns a + b, neither of them negative, or the largest integer.
func saturate(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
