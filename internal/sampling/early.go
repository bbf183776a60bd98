package sampling

import "github.com/sage-rca/sage/internal/sketch"

// What the first windows must show of an edge.
const (
	firstRequests = 20        // of an operation, that its first windows have
	firstAbove    = above / 2 // least share of the requests right above it
	firstBeyond   = 0.05      // least share beyond spread times it, of whose 95th percentile spread is
)

// entry are the durations of one operation.
type entry struct {
	all   sketch.Sketch
	first sketch.Sketch // those of its first windows, until these had firstRequests
}

func (e *entry) add(l *sketch.Sketch) {
	if e.first.Count() < firstRequests {
		e.first.Merge(l)
	}
	e.all.Merge(l)
}

// edged is an operation with an edge.
type edged struct {
	bucket int
	*entry
}

// early reports whether an edge that operations share was there in their first windows:
// requests lay right above it, and others far beyond. A threshold shows that from the
// first window on. A fault does not: where all requests take 22 ms or so, and then many
// take 122 ms, 22 ms becomes an edge, but nothing lay beyond 33 ms before; and of 122 ms,
// nothing right above.
//
// Shares are means over the operations, so that three of 20 requests each tell of 60.
// Where 20 % of what a sampler keeps lie beyond, 12 are expected there, with a standard
// deviation of 3.1, and 3 will do.
func early(edges []edged) bool {
	right, beyond := 0.0, 0.0
	for _, e := range edges {
		low := lowerBound(e.bucket)
		right += e.first.FractionAbove(low) - e.first.FractionAbove(lowerBound(e.bucket+flank))
		beyond += e.first.FractionAbove(spread * low)
	}
	n := float64(len(edges))
	return right >= firstAbove*n && beyond >= firstBeyond*n
}
