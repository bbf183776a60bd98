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

// position is what is known of one stream from its last point.
type position struct {
	kind          Temporality
	time, start   int64
	value, weight float64
}

// reading is what the points of one stream say in the window at start: value /
// weight.
type reading struct {
	start         int64
	value, weight float64
	level, points float64 // of what is Untyped, where it is a level
	fold          Fold
}

// interval returns what a point adds to its window, given the point before:
// value and 1 of a gauge, increase and seconds of a counter, increases of sum and
// count of a ratio. It returns false where the point tells nothing: at the
// start of a counter that nobody knows, after a reset at an unknown time, of a
// delta that is negative, and without time or events in between.
func interval(last position, known bool, p *Point) (value, weight float64, ok bool) {
	switch p.Kind {
	case Gauge:
		return p.Value, 1, true
	case Delta:
		if p.Start > 0 && p.Start < p.Time {
			return positive(p.Value, seconds(p.Start, p.Time), true)
		}
		return positive(p.Value, seconds(last.time, p.Time), known)
	case Cumulative, Untyped:
		from, ok := began(last, known, p, p.Value < last.value)
		return positive(p.Value-from.value, seconds(from.time, p.Time), ok)
	case Ratio:
		from, ok := began(last, known, p, p.Weight < last.weight)
		return events(p.Value-from.value, p.Weight-from.weight, ok)
	case DeltaRatio:
		return events(p.Value, p.Weight, true)
	}
	return 0, 0, false
}

// began returns where the counter of a point stood when the interval that the
// point ends has begun: at the point before, or at zero at the counter's start
// where it was reset since. It returns false where that is not known, as it is
// for the first point of a stream: what it has counted before is of no window.
func began(last position, known bool, p *Point, decreased bool) (position, bool) {
	switch {
	case !known:
		return position{}, false
	case !decreased && p.Start == last.start:
		return last, true
	case p.Start > last.time:
		return position{time: p.Start}, true
	}
	return position{}, false
}

func positive(increase, seconds float64, ok bool) (float64, float64, bool) {
	return increase, seconds, ok && increase >= 0 && seconds > 0 && finite(increase)
}

func events(sum, count float64, ok bool) (float64, float64, bool) {
	return sum, count, ok && count > 0 && finite(sum) && finite(count)
}

func seconds(from, to int64) float64 { return float64(to-from) / 1e9 }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
