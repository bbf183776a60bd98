package window

import (
	"maps"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// Temporality says how a point's value is to be read.
type Temporality uint8

// The temporalities.
const (
	Gauge      Temporality = iota
	Delta                  // increase since the point before: becomes a rate per second
	Cumulative             // running total: becomes a rate per second; a reset is no negative rate
	Ratio                  // sum and count (Value, Weight), cumulative: becomes the mean of the interval
	DeltaRatio             // the same, delta
)

// Point is one metric point of one replica.
type Point struct {
	Instance identity.Instance
	Metric   string // name of the feature, normalised
	Stream   uint64 // hash of the rest of the identity: resource and attributes
	Kind     Temporality
	Time     int64   // ns
	Start    int64   // ns, start of the interval of Delta, of the counter of Cumulative; 0 unknown
	Value    float64 // already in the normalised unit
	Weight   float64 // count of Ratio
	// Fold says how streams of one metric of one instance combine: sum or max or mean.
	Fold Fold
}

// Fold combines the streams of one metric.
type Fold uint8

// The folds.
const (
	FoldSum Fold = iota
	FoldMean
	FoldMax
)

// MetricReason says why a point was not used.
type MetricReason uint8

// The reasons.
const (
	MetricUsed MetricReason = iota
	MetricLate
	MetricNotFinite
	MetricStreamLimit
	MetricOutOfOrder
)

// forgetAfter is the number of windows after which a silent stream is forgotten.
const forgetAfter = 10

// Metrics folds points into windows. It is not safe for concurrent use.
//
// The value of a stream in a window is, of a gauge, the mean of its points; of a
// counter, its increase over the intervals that end in the window per second of
// them; of a ratio, the increase of the sum over that of the count.
type Metrics struct {
	size       int64
	closed     int64 // start of the last closed window, or before
	maxStreams int
	streams    map[streamKey]stream
	open       map[int64]map[streamKey]*reading // by start
}

// NewMetrics returns a folder of windows of size nanoseconds that keeps at most
// maxStreams streams. A stream that was not seen for 10 windows is forgotten. It
// panics unless both are positive.
func NewMetrics(size int64, maxStreams int) *Metrics {
	if size <= 0 || maxStreams <= 0 {
		panic("window: size and bound of streams must be positive")
	}
	return &Metrics{
		size: size, closed: math.MinInt64, maxStreams: maxStreams,
		streams: make(map[streamKey]stream),
		open:    make(map[int64]map[streamKey]*reading),
	}
}

// Add takes in one point. Within a stream the times of points must rise. A point
// is MetricUsed also where it tells nothing but where a counter stands.
func (m *Metrics) Add(p Point) MetricReason {
	if !finite(p.Value) || !finite(p.Weight) {
		return MetricNotFinite
	}
	start := align(p.Time, m.size)
	if start <= m.closed {
		return MetricLate
	}
	key := streamKey{p.Instance, p.Metric, p.Stream}
	last, known := m.streams[key]
	switch {
	case known && p.Time <= last.time:
		return MetricOutOfOrder
	case !known && len(m.streams) >= m.maxStreams:
		return MetricStreamLimit
	}
	m.streams[key] = stream{kind: p.Kind, time: p.Time, start: p.Start, value: p.Value, weight: p.Weight}
	value, weight, ok := interval(last, known && last.kind == p.Kind, p)
	if !ok {
		return MetricUsed
	}
	w := m.open[start]
	if w == nil {
		w = make(map[streamKey]*reading)
		m.open[start] = w
	}
	r := w[key]
	if r == nil {
		r = &reading{fold: p.Fold}
		w[key] = r
	}
	r.value += value
	r.weight += weight
	return MetricUsed
}

// Open returns the starts of the windows that hold points, ascending.
func (m *Metrics) Open() []int64 { return slices.Sorted(maps.Keys(m.open)) }

// Close removes and returns the resources of the window at start, and refuses
// what comes for it or earlier ones later. Earlier ones that are still open are
// lost.
func (m *Metrics) Close(start int64) []Resource {
	m.closed = max(m.closed, start)
	w := m.open[start]
	maps.DeleteFunc(m.open, func(s int64, _ map[streamKey]*reading) bool { return s <= m.closed })
	maps.DeleteFunc(m.streams, func(_ streamKey, s stream) bool {
		return align(s.time, m.size) <= m.closed-forgetAfter*m.size
	})
	return resources(w)
}
