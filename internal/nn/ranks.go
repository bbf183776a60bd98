package nn

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
