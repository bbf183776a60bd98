package callgraph

import (
	"cmp"
	"math"
	"slices"
)

// boundary is the start or the end of an interval.
type boundary struct {
	at       int64
	interval int32
	begins   bool
}

// share computes for each call of a request, sorted by start, how much of the
// union of the calls to its callee is its own: time in which k of them run at
// once counts a k-th for each,
//
//	share_c = integral over c of dt / k(t),  sum_c share_c = union
//
// (the virtual time of processor sharing). Share over duration is 1 where the
// calls follow each other and less where they run in parallel, whatever calls to
// others do meanwhile. It adds the union of each callee to the request's sum.
// The order of v is lost.
func (f *fragment) share(v []interval) {
	const few = 16
	if len(v) > few { // groups next to each other: then few comparisons find one
		slices.SortFunc(v, func(a, b interval) int {
			return cmp.Or(cmp.Compare(a.callee, b.callee), cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
		})
		for k := 0; k < len(v); {
			first := k
			for k < len(v) && v[k].callee == v[first].callee {
				k++
			}
			f.shareGroup(v[first:k])
		}
		return
	}
	for len(v) > 0 {
		callee := v[0].callee
		f.group = f.group[:0]
		rest := v[:0]
		for k := range v {
			if v[k].callee == callee {
				f.group = append(f.group, v[k])
			} else {
				rest = append(rest, v[k])
			}
		}
		f.shareGroup(f.group)
		v = rest
	}
}

// shareGroup shares out the union of calls to one callee, sorted by start.
func (f *fragment) shareGroup(v []interval) {
	first := &f.nodes[v[0].call]
	first.first = true
	last := 0 // of those so far, the one that ends last
	for k := 1; k < len(v); k++ {
		if v[k].start < v[last].end {
			first.again = 0
			f.shareParallel(v)
			return
		}
		if f.nodes[v[last].call].span.failed {
			first.again += v[k].start - v[last].end
		}
		last = k
	}
	for k := range v {
		f.give(&v[k], v[k].end-v[k].start)
	}
}

// give books a share of a call.
func (f *fragment) give(v *interval, share int64) {
	n := &f.nodes[v.call]
	n.share = saturate(n.share, share)
	n.clipped = saturate(n.clipped, v.end-v.start)
	f.nodes[v.owner].sum = saturate(f.nodes[v.owner].sum, share)
}

// saturate returns a + b, neither of them negative, or the largest integer.
func saturate(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// shareParallel shares out the union of calls to one callee that overlap.
func (f *fragment) shareParallel(v []interval) {
	f.boundaries = f.boundaries[:0]
	for k := range v {
		f.boundaries = append(f.boundaries, boundary{v[k].start, int32(k), true}, boundary{v[k].end, int32(k), false})
	}
	slices.SortFunc(f.boundaries, func(a, b boundary) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.interval, b.interval))
	})
	f.virtual = slices.Grow(f.virtual[:0], len(v))[:len(v)]
	now, running := 0.0, 0 // virtual time, ns
	last := f.boundaries[0].at
	for _, b := range f.boundaries {
		if running > 0 {
			now += float64(b.at-last) / float64(running)
		}
		last = b.at
		if b.begins {
			f.virtual[b.interval] = now
			running++
		} else {
			running--
			f.give(&v[b.interval], int64(now-f.virtual[b.interval]+0.5))
		}
	}
}
