package sampling

import (
	"math"

	"github.com/sage-rca/sage/internal/sketch"
)

// What makes an edge in the durations of an operation.
const (
	minRequests = 50  // of an operation, to say anything
	flank       = 8   // buckets on either side that are compared: a quarter of an octave
	jump        = 10  // least ratio of the weights on both sides
	above       = 0.2 // least share of the requests right above
	below       = 0.5 // largest share of the requests below: a fair sample may be kept too
	minEdge     = 1e6 // ns: no policy keeps what takes a millisecond
	spread      = 1.5 // of the 95th percentile over the edge: what always takes as long has an edge of its own
)

// edge returns the bucket (of sketch.Scale) right above the sharpest edge of l, the
// one with the largest weight above it among equals; ok is false where there is none.
//
// The edge of a truncated distribution is sharp whatever its shape. The left flank of a
// log-normal one of standard deviation s falls by a factor exp(x w/s - w²/2s²) over a
// width w at x standard deviations: with w = ln(2)/4 and s = 0.25, which is narrow, by
// less than 4 where a fifth of the weight lies in the next w.
func edge(l *sketch.Sketch) (bucket int, ok bool) {
	total := l.Count()
	if total < minRequests {
		return 0, false
	}
	offset, counts, zero := l.Buckets()
	at := func(i int) float64 { // weight of a bucket, which need not be there
		if i < 0 || i >= len(counts) {
			return 0
		}
		return counts[i]
	}
	under, best := zero, 0.0
	for i := range counts {
		left, right := 0.0, 0.0
		for k := range flank {
			left += at(i - 1 - k)
			right += at(i + k)
		}
		if right >= above*total && right >= jump*(left+1) && under <= below*total && right > best && lowerBound(offset+i) >= minEdge {
			bucket, best = offset+i, right
		}
		under += counts[i]
	}
	return bucket, best > 0 && l.Quantile(0.95) >= spread*lowerBound(bucket)
}

// lowerBound returns the lower bound of a bucket, in ns.
func lowerBound(bucket int) float64 { return math.Exp2(float64(bucket) / (1 << sketch.Scale)) }
