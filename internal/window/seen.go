package window

import "math"

// Seen returns how many requests of a weight were seen themselves, where unseen of it is
// more than that: head-sampled ones stand for others, and what needs a number of requests
// to say anything needs that number seen. Sums of weights that are no integers are off by
// their rounding, and what is next to an integer is that. Where nothing was sampled it is
// the weight.
func Seen(weight, unseen float64) float64 {
	if unseen == 0 {
		return weight
	}
	seen := max(0, weight-unseen)
	if n := math.Round(seen); math.Abs(seen-n) <= 1e-9*weight {
		return n
	}
	return seen
}
