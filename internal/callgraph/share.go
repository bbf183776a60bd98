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

// share computes for each call how much of the union of its request's calls to
// one callee is its own: time in which k of them run at once counts a k-th for
// each,
//
//	share_c = integral over c of dt / k(t),  sum_c share_c = union
//
// (the virtual time of processor sharing). Share over duration is 1 where the
// calls follow each other and less where they run in parallel, whatever calls to
// others do meanwhile. It adds the union of each callee to the request's sum.
func (f *fragment) share() {
	slices.SortFunc(f.intervals, func(a, b interval) int {
		return cmp.Or(cmp.Compare(a.owner, b.owner), a.callee.Compare(b.callee), cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	for k := 0; k < len(f.intervals); {
		first := k
		parallel := false
		until := f.intervals[k].start
		for ; k < len(f.intervals) && f.intervals[k].owner == f.intervals[first].owner && f.intervals[k].callee == f.intervals[first].callee; k++ {
			parallel = parallel || f.intervals[k].start < until
			until = max(until, f.intervals[k].end)
		}
		if parallel {
			f.shareParallel(first, k)
			continue
		}
		for _, v := range f.intervals[first:k] {
			f.give(v, v.end-v.start)
		}
	}
}

// give books a share of a call.
func (f *fragment) give(v interval, share int64) {
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

// shareParallel shares out the union of the intervals [from, to).
func (f *fragment) shareParallel(from, to int) {
	f.boundaries = f.boundaries[:0]
	for k := from; k < to; k++ {
		v := f.intervals[k]
		f.boundaries = append(f.boundaries, boundary{v.start, int32(k), true}, boundary{v.end, int32(k), false})
	}
	slices.SortFunc(f.boundaries, func(a, b boundary) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.interval, b.interval))
	})
	f.virtual = slices.Grow(f.virtual[:0], to-from)[:to-from]
	now, running := 0.0, 0 // virtual time, ns
	last := f.boundaries[0].at
	for _, b := range f.boundaries {
		if running > 0 {
			now += float64(b.at-last) / float64(running)
		}
		last = b.at
		if b.begins {
			f.virtual[int(b.interval)-from] = now
			running++
		} else {
			running--
			f.give(f.intervals[b.interval], int64(now-f.virtual[int(b.interval)-from]+0.5))
		}
	}
}
