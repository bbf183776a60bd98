package slo

import (
	"slices"
	"time"
)

// ring sums up measured windows over the last stretch of event time, in buckets of
// one width: what it holds is bounded however long the stretch is. Its fields are
// persisted.
type ring struct {
	Width   int64    // of a bucket, ns
	Size    int      // buckets that it holds at most
	Buckets []bucket `json:",omitempty"` // with windows, oldest first
}

// bucket is the sum of the measured windows that began in it.
type bucket struct {
	At      int64   `json:"t"` // its start in units of the width
	Count   float64 `json:"n"`
	Bad     float64 `json:"b"`
	Covered int64   `json:"c"` // length of the windows, ns
}

// newRing returns a ring that holds a stretch of time in buckets of a width.
func newRing(length, width time.Duration) ring {
	if width <= 0 {
		return ring{}
	}
	return ring{Width: int64(width), Size: buckets(int64(length), int64(width))}
}

// buckets is the number of a width that make a length, rounded up.
func buckets(length, width int64) int { return int((length + width - 1) / width) }

// add takes in the window [start, end), which does not begin before an earlier one.
func (r *ring) add(start, end int64, count, bad float64) {
	if r.Width <= 0 {
		return
	}
	at := start / r.Width
	n := len(r.Buckets)
	switch {
	case n == 0 || at > r.Buckets[n-1].At:
		r.Buckets = append(r.Buckets, bucket{At: at})
	case at < r.Buckets[n-1].At:
		return
	}
	b := &r.Buckets[len(r.Buckets)-1]
	b.Count += count
	b.Bad += bad
	b.Covered += end - start
	old := 0
	for r.Buckets[old].At <= at-int64(r.Size) {
		old++
	}
	r.Buckets = slices.Delete(r.Buckets, 0, old)
}

// last sums up the stretch of a length that ends with the window that begins at
// start. The bucket of that window is not full yet, so that the stretch is shorter
// by less than one width.
func (r *ring) last(start int64, length time.Duration) bucket {
	var sum bucket
	if r.Width <= 0 {
		return sum
	}
	sum.At = start/r.Width - int64(buckets(int64(length), r.Width))
	for i := len(r.Buckets) - 1; i >= 0 && r.Buckets[i].At > sum.At; i-- {
		b := r.Buckets[i]
		sum.Count += b.Count
		sum.Bad += b.Bad
		sum.Covered += b.Covered
	}
	return sum
}

// badRatio returns the share of bad requests in the stretch that last sums up,
// and whether measured windows cover at least half of it.
func (r *ring) badRatio(start int64, length time.Duration) (float64, bool) {
	sum := r.last(start, length)
	if sum.Covered < int64(length)/2 || !(sum.Count > 0) {
		return 0, false
	}
	return min(1, sum.Bad/sum.Count), true
}

// keep returns what was restored of a ring of the shape of r, r where nothing was.
func (r ring) keep(restored ...ring) ring {
	for _, o := range restored {
		if o.Width == r.Width && o.Size == r.Size {
			r.Buckets = slices.Clone(o.Buckets[max(0, len(o.Buckets)-r.Size):])
			break
		}
	}
	return r
}

// maxBuckets bounds a ring that was read: the most that a rule asks for, see maxSpan.
const maxBuckets = maxSpan*shortBuckets + 1

// valid reports whether a ring that was read can be one that was written.
func (r *ring) valid() bool {
	for i, b := range r.Buckets {
		if !counts(b.Count) || !counts(b.Bad) || b.Covered < 0 || b.Covered > 1<<55 || i > 0 && b.At <= r.Buckets[i-1].At {
			return false
		}
	}
	return len(r.Buckets) <= maxBuckets
}
