package nn

import (
	"math"
	"slices"
)

// Vectorised reports whether there are kernels in assembly on this processor.
func Vectorised() bool { return fast != nil }

// Pivots are what Below compares with.
type Pivots [6]float32

// Below adds to each of the counts how many of v are less than that pivot, and returns how
// many are not NaN. A NaN is less than nothing, and nothing is less than it.
func Below(v []float32, p *Pivots, counts *[6]int32) (there int) {
	if vectorised[float32](len(v)) {
		return fast.below(at(v), len(v), (*[6]float32)(p), counts)
	}
	for _, x := range v {
		if x != x {
			continue
		}
		there++
		for k, y := range p {
			if x < y {
				counts[k]++
			}
		}
	}
	return there
}

// Room is how much longer than its source the destination of Between must be.
const Room = 8

// Between moves those of v with low <= v < high to the front of dst, in order, and returns
// how many they are. Of dst, which must be longer than v by Room, what follows them is
// overwritten too. It may begin where v does.
func Between(dst, v []float32, low, high float32) (n int) {
	if len(dst) < len(v)+Room {
		panic("nn: no room for numbers between two")
	}
	if vectorised[float32](len(v)) {
		return fast.between(at(dst), at(v), len(v), low, high)
	}
	for _, x := range v {
		if low <= x && x < high {
			dst[n] = x
			n++
		}
	}
	return n
}

// Ranked returns the number of a rank among the first n of v, from 0, and the next one in
// order: the same where it is there twice, and infinity where there is none. What follows
// them, Room numbers at least, is overwritten. It compares each with all, and no other way is
// as fast for some dozens. None may be NaN; it panics where there is no such rank.
func Ranked(v []float32, n, rank int) (value, next float32) {
	if rank < 0 || rank >= n || len(v) < n+Room {
		panic("nn: no such rank, or no room")
	}
	if vectorised[float32](n) {
		const lanes = 8
		for i := n; i%lanes != 0; i++ {
			v[i] = float32(math.Inf(1))
		}
		return fast.ranked(at(v), (n+lanes-1)/lanes, rank)
	}
	sorted := v[:n]
	slices.Sort(sorted)
	if rank+1 == n {
		return sorted[rank], float32(math.Inf(1))
	}
	return sorted[rank], sorted[rank+1]
}
