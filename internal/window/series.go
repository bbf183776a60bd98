package window

import (
	"math"

	"github.com/sage-rca/sage/internal/identity"
)

// streamKey identifies one stream of points.
type streamKey struct {
	instance identity.Instance
	metric   string
	stream   uint64
}

// stream is what is known of one stream from its last point.
type stream struct {
	time, start   int64
	value, weight float64
}

// step returns what a point says of the interval that it ends, given the point
// before, and false where it says nothing: the first point of a counter whose
// start is not known, or an interval without events.
func step(last stream, known bool, p Point) (float64, bool) {
	switch p.Kind {
	case Gauge:
		return p.Value, true
	case Delta:
		from := p.Start
		if from <= 0 || from >= p.Time {
			from = last.time
			if !known {
				return 0, false
			}
		}
		return perSecond(p.Value, p.Time-from)
	case Cumulative:
		if reset(last, known, p) {
			if !known || p.Start < last.time {
				return 0, false
			}
			return perSecond(p.Value, p.Time-p.Start)
		}
		return perSecond(p.Value-last.value, p.Time-last.time)
	case Ratio:
		if reset(last, known, p) || p.Weight < last.weight {
			if !known {
				return 0, false
			}
			return mean(p.Value, p.Weight)
		}
		return mean(p.Value-last.value, p.Weight-last.weight)
	case DeltaRatio:
		return mean(p.Value, p.Weight)
	}
	return 0, false
}

// reset reports whether the counter of p is not the one that last belongs to.
// The first point of a stream counts as one: what it has counted before nobody
// watched.
func reset(last stream, known bool, p Point) bool {
	return !known || p.Value < last.value || p.Start > last.time
}

func perSecond(increase float64, interval int64) (float64, bool) {
	if interval <= 0 || increase < 0 {
		return 0, false
	}
	return increase / (float64(interval) / 1e9), true
}

func mean(sum, weight float64) (float64, bool) {
	if weight <= 0 {
		return 0, false
	}
	return sum / weight, true
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
