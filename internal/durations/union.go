package durations

import (
	"math"
	"slices"
)

// part is the calls of a request along one edge.
type part struct {
	at, took float64 // when they begin usually, and how long one takes then, ns
	share    float64 // of requests that make any
	all      dist    // how long they take together
	mean     float64 // of it, exactly
}

// newPart is of n calls a request, of one distribution and mean, which take once their sum together.
func newPart(at, took, n, once float64, one dist, mean float64) part {
	p := part{at: at, took: took, share: math.Min(1, n), all: one, mean: mean * math.Max(1, n) * once}
	if m := one.mean(); m > 0 && p.mean > 0 {
		p.all = one.stretched(p.mean / m)
	}
	return p
}

// union is how long a request waits for its calls, and the mean of that. Calls that usually begin
// before those that began first are half over run beside them, and the longest of them counts, as
// if none knew of the others; others follow, and add up:
//
//	Σ over stages of E[max over calls of the stage]
//
// Where all of them follow each other each is a stage.
func union(parts []part, follow bool) (sum dist, mean float64) {
	slices.SortStableFunc(parts, func(a, b part) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	for len(parts) > 0 {
		first, n := &parts[0], 1
		for !follow && n < len(parts) && parts[n].at < first.at+first.took/2 {
			n++
		}
		longest := latest(parts[:n])
		if n == 1 { // exactly
			mean += first.share * first.mean
		} else {
			mean += longest.mean()
		}
		sum = sum.plus(longest, 1)
		parts = parts[n:]
	}
	return sum, mean
}

// latest is the distribution of the longest of several parts. No call takes no time.
func latest(parts []part) (out dist) {
	low, high := lastCell, 0
	for i := range parts {
		d := &parts[i].all
		if len(d.w) == 0 {
			continue
		}
		low, high = min(low, d.low), max(high, d.low+len(d.w)-1)
	}
	if low > high {
		out.add(0, 1)
		return out
	}
	out.cover(low, high)
	to := make([]float64, high-low+1) // shares up to each cell
	for i := range to {
		to[i] = 1
	}
	none := 1.0
	for i := range parts {
		p := &parts[i]
		n, sum := p.all.total(), 0.0
		if !(n > 0) {
			continue
		}
		none *= 1 - p.share
		for k := range to {
			if at := low + k - p.all.low; at >= 0 && at < len(p.all.w) {
				sum += p.all.w[at] / n
			}
			to[k] *= 1 - p.share + p.share*math.Min(1, sum)
		}
	}
	before := none
	for k, v := range to {
		out.w[k] = math.Max(0, v-before)
		before = v
	}
	if none > 0 {
		out.add(0, none)
	}
	return out
}
