package callgraph

import (
	"cmp"
	"slices"
)

// stretch is a call on the time line of a request, as its spans have it.
type stretch struct {
	call       int32
	next       int32 // of the same request: index and 1
	start, end int64
	direct     bool // no CLIENT span tells of it: the callee's SERVER span is right below the caller's
}

// surround computes for each direct call how many others of the caller's request began before it, and
// the time around it within that request,
//
//	around = (start - before) + (after - end),  at least 0,
//
// where before is the latest end of another call of the request that ended by the start,
// else the start of the request, and after is the earliest start of another one that starts
// from the end on, else the end of the request. The way of the message there and back is
// part of it, as is what the caller computes. By how much the clock of the callee is off
// cancels, as long as the calls around are not by yet another clock.
//
// Where a call lies wholly outside of its request its clock is off by more than that: alone,
// it is somewhere within; beside others, nobody knows between which.
func (f *fragment) surround() {
	for _, o := range f.owners {
		f.nodes[o].spent = 0
	}
	f.stretches, f.owners = f.stretches[:0], f.owners[:0]
	for i := range int32(len(f.nodes)) {
		owner, direct := f.owner(i)
		f.lay(owner, i, direct)
		if f.inOne(i) {
			f.lay(f.nodes[f.nodes[i].parent].request, i, true)
		}
	}
	for _, o := range f.owners {
		f.surroundOf(o)
	}
}

// lay files the call of node i, made for the request of node owner if that is one.
func (f *fragment) lay(owner, i int32, direct bool) {
	if owner < 0 {
		return
	}
	n, o := &f.nodes[i], &f.nodes[owner]
	start := n.span.start
	if n.replies {
		start = f.asked(i)
	}
	if o.spent == 0 {
		f.owners = append(f.owners, owner)
	}
	f.stretches = append(f.stretches, stretch{i, o.spent, start, n.span.end, direct})
	o.spent = int32(len(f.stretches))
}

// surroundOf computes the times around the direct calls of the request of a node.
func (f *fragment) surroundOf(owner int32) {
	r := f.nodes[owner].span
	f.line, f.stops = f.line[:0], f.stops[:0]
	direct := false
	for k := f.nodes[owner].spent; k != 0; k = f.stretches[k-1].next {
		s := f.stretches[k-1]
		f.line, f.stops = append(f.line, s), append(f.stops, s.end)
		direct = direct || s.direct
	}
	if !direct {
		return
	}
	if len(f.line) == 1 {
		s := &f.line[0]
		n := &f.nodes[s.call]
		n.around, n.ahead = max(0, r.duration()-(s.end-s.start)), 0
		return
	}
	slices.SortFunc(f.line, func(a, b stretch) int { return cmp.Compare(a.start, b.start) })
	slices.Sort(f.stops)
	for k := range f.line {
		c := &f.line[k]
		if !c.direct || c.end < r.start || c.start > r.end {
			continue
		}
		itself := 0 // where it took no time, it ends by its start
		if c.start == c.end {
			itself = 1
		}
		before, after := r.start, r.end
		if at := countUpTo(f.stops, c.start) - itself; at > 0 {
			before = min(max(f.stops[at-1], r.start), r.end)
		}
		if at := itself + startsBefore(f.line, c.end); at < len(f.line) {
			after = min(max(f.line[at].start, r.start), r.end)
		}
		n := &f.nodes[c.call]
		n.around, n.ahead = max(0, c.start-before+after-c.end), int32(startsBefore(f.line, c.start))
	}
}

// countUpTo returns how many of sorted times are at or before a time.
func countUpTo(sorted []int64, t int64) int {
	n, _ := slices.BinarySearch(sorted, t+1)
	return n
}

// startsBefore returns how many calls, by start, start before a time.
func startsBefore(v []stretch, t int64) int {
	n, _ := slices.BinarySearchFunc(v, t, func(s stretch, t int64) int { return cmp.Compare(s.start, t) })
	return n
}

// aroundOf is what of a direct call, made for the request of node owner, is told as the time
// around it: of those that wait rather than work nothing, and of those of an uninstrumented hop
// neither, of which nobody has told what it did meanwhile.
func (f *fragment) aroundOf(i, owner int32) int64 {
	if owner < 0 || f.nodes[owner].hop || f.nodes[owner].waits || f.nodes[i].waits {
		return -1
	}
	return f.nodes[i].around
}
