package window

// align returns the start of the window of length size that holds t, also before
// 1970.
func align(t, size int64) int64 {
	r := t % size
	if r < 0 {
		r += size
	}
	return t - r
}
