package window

import (
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
	Untyped                // a level, or a running total that does not say so: how it goes tells, see course
)

// Point is one metric point of one replica.
type Point struct {
	Instance identity.Instance
	Host     string // that the replica runs on, "" where spans say so, or nobody; Stream tells hosts apart
	Metric   string // name of the feature, normalised
	Stream   uint64 // hash of the rest of the identity: resource and attributes
	// Hash is of Instance, Metric and Stream: of equal ones the same within a
	// Metrics. It says nothing but where they are looked for.
	Hash   uint64
	Kind   Temporality
	Time   int64   // ns
	Start  int64   // ns, start of the interval of Delta, of the counter of Cumulative; 0 unknown
	Value  float64 // already in the normalised unit
	Weight float64 // count of Ratio
	// Fold says how streams of one metric of one instance combine: sum or max or mean.
	Fold Fold
	// Spare streams take at most half of the places that there are, so that they are in
	// nobody's way.
	Spare bool
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
// them; of a ratio, the increase of the sum over that of the count; of what is untyped,
// that of the one that it is.
type Metrics struct {
	size       int64
	closed     int64 // start of the last closed window, or before
	maxStreams int
	streams    streams
	open       []int64 // starts of the windows that hold readings, ascending
	folding    folding
}

// NewMetrics returns a folder of windows of size nanoseconds that keeps at most
// maxStreams streams. A stream that was not seen for 10 windows is forgotten. It
// panics unless both are positive.
func NewMetrics(size int64, maxStreams int) *Metrics {
	if size <= 0 || maxStreams <= 0 {
		panic("window: size and bound of streams must be positive")
	}
	return &Metrics{size: size, closed: math.MinInt64, maxStreams: maxStreams}
}

// Add takes in one point. Within a stream the times of points must rise. A point
// is MetricUsed also where it tells nothing but where a counter stands.
func (m *Metrics) Add(p *Point) MetricReason {
	if !finite(p.Value) || !finite(p.Weight) {
		return MetricNotFinite
	}
	start := align(p.Time, m.size)
	if start <= m.closed {
		return MetricLate
	}
	s := m.streams.find(p)
	known := s != nil
	switch {
	case known && p.Time <= s.last.time:
		return MetricOutOfOrder
	case !known && (m.streams.used >= m.maxStreams || p.Spare && 2*m.streams.used >= m.maxStreams):
		return MetricStreamLimit
	case !known:
		s = m.streams.put(p)
	}
	known = known && s.last.kind == p.Kind
	value, weight, ok := interval(s.last, known, p)
	if p.Kind == Untyped {
		if known {
			s.course.note(s.last.value, p.Value)
		}
		r := m.reading(s, start, p.Fold)
		r.level += p.Value
		r.points++
	}
	s.last = position{kind: p.Kind, time: p.Time, start: p.Start, value: p.Value, weight: p.Weight}
	if ok {
		r := m.reading(s, start, p.Fold)
		r.value += value
		r.weight += weight
	}
	return MetricUsed
}

// reading returns what s says in the window at start.
func (m *Metrics) reading(s *stream, start int64, fold Fold) *reading {
	for k := len(s.readings) - 1; k >= 0; k-- {
		if s.readings[k].start == start {
			return &s.readings[k]
		}
	}
	if at, found := slices.BinarySearch(m.open, start); !found {
		m.open = slices.Insert(m.open, at, start)
	}
	s.readings = append(s.readings, reading{start: start, fold: fold})
	return &s.readings[len(s.readings)-1]
}

// Streams returns how many streams are followed.
func (m *Metrics) Streams() int { return m.streams.used }

// Open returns the starts of the windows that hold points, ascending.
func (m *Metrics) Open() []int64 { return slices.Clone(m.open) }

// Close removes and returns the resources of the window at start, and refuses
// what comes for it or earlier ones later. Earlier ones that are still open are
// lost.
func (m *Metrics) Close(start int64) []Resource {
	m.closed = max(m.closed, start)
	var out []Resource
	if slices.Contains(m.open, start) {
		out = m.folding.resources(m.streams.sorted(), start)
	}
	m.open = slices.DeleteFunc(m.open, func(s int64) bool { return s <= m.closed })
	m.streams.forget(m.closed, func(s *stream) bool {
		return align(s.last.time, m.size) <= m.closed-forgetAfter*m.size
	})
	return out
}
