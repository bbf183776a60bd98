package window

import (
	"cmp"
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
type Metrics struct {
	size, closed int64
	maxStreams   int
	streams      map[streamKey]stream
	open         map[int64]map[streamKey]*intervals
}

// intervals are what the points of one stream say in one window.
type intervals struct {
	sum  float64
	n    int
	fold Fold
}

// NewMetrics returns a folder of windows of size nanoseconds that keeps at most
// maxStreams streams. It panics unless both are positive.
func NewMetrics(size int64, maxStreams int) *Metrics {
	if size <= 0 || maxStreams <= 0 {
		panic("window: size and bound of streams must be positive")
	}
	return &Metrics{
		size: size, closed: math.MinInt64, maxStreams: maxStreams,
		streams: make(map[streamKey]stream),
		open:    make(map[int64]map[streamKey]*intervals),
	}
}

// Add takes in one point. The value of a stream in a window is the mean over
// the points that fall in it: of a gauge its values, of a counter its rates.
func (m *Metrics) Add(p Point) MetricReason {
	if !finite(p.Value) || !finite(p.Weight) {
		return MetricNotFinite
	}
	start := floor(p.Time, m.size)
	if start+m.size <= m.closed {
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
	m.streams[key] = stream{time: p.Time, start: p.Start, value: p.Value, weight: p.Weight}
	v, ok := step(last, known, p)
	if !ok {
		return MetricUsed
	}
	w := m.open[start]
	if w == nil {
		w = make(map[streamKey]*intervals)
		m.open[start] = w
	}
	in := w[key]
	if in == nil {
		in = &intervals{fold: p.Fold}
		w[key] = in
	}
	in.sum += v
	in.n++
	return MetricUsed
}

// Open returns the starts of the windows that hold points, ascending.
func (m *Metrics) Open() []int64 { return slices.Sorted(maps.Keys(m.open)) }

// Close removes and returns the resources of the window at start, and refuses
// what comes for it or earlier ones later.
func (m *Metrics) Close(start int64) []Resource {
	m.closed = max(m.closed, start+m.size)
	w := m.open[start]
	for s := range m.open {
		if s <= start {
			delete(m.open, s)
		}
	}
	horizon := m.closed - forgetAfter*m.size
	maps.DeleteFunc(m.streams, func(_ streamKey, s stream) bool { return s.time < horizon })
	return resources(w)
}

// resources combines the streams of a window into metrics of replicas, and
// those into metrics of services.
func resources(w map[streamKey]*intervals) []Resource {
	keys := slices.SortedFunc(maps.Keys(w), compareStreams)
	var out []Resource
	for len(keys) > 0 {
		service := keys[0].instance.Service
		n := runLength(keys, func(k streamKey) bool { return k.instance.Service == service })
		out = append(out, resource(service, keys[:n], w))
		keys = keys[n:]
	}
	return out
}

func resource(service identity.Service, keys []streamKey, w map[streamKey]*intervals) Resource {
	r := Resource{Service: service}
	sums := make(map[string]float64)
	counts := make(map[string]int)
	for len(keys) > 0 {
		id := keys[0].instance.ID
		n := runLength(keys, func(k streamKey) bool { return k.instance.ID == id })
		in := InstanceValues{ID: id, Values: values(keys[:n], w)}
		for _, v := range in.Values {
			sums[v.Metric] += v.Value
			counts[v.Metric]++
		}
		r.Instances = append(r.Instances, in)
		keys = keys[n:]
	}
	for _, metric := range slices.Sorted(maps.Keys(sums)) {
		r.Values = append(r.Values, Value{metric, sums[metric] / float64(counts[metric])})
	}
	return r
}

// values folds the streams of one replica, sorted, into its metrics.
func values(keys []streamKey, w map[streamKey]*intervals) []Value {
	var out []Value
	for len(keys) > 0 {
		metric := keys[0].metric
		n := runLength(keys, func(k streamKey) bool { return k.metric == metric })
		out = append(out, Value{metric, fold(keys[:n], w)})
		keys = keys[n:]
	}
	return out
}

func fold(keys []streamKey, w map[streamKey]*intervals) float64 {
	sum, most := 0.0, math.Inf(-1)
	for _, k := range keys {
		v := w[k].sum / float64(w[k].n)
		sum += v
		most = max(most, v)
	}
	switch w[keys[0]].fold {
	case FoldMean:
		return sum / float64(len(keys))
	case FoldMax:
		return most
	default:
		return sum
	}
}

// runLength returns how many of the first keys satisfy same.
func runLength(keys []streamKey, same func(streamKey) bool) int {
	n := 0
	for n < len(keys) && same(keys[n]) {
		n++
	}
	return n
}

func compareStreams(a, b streamKey) int {
	return cmp.Or(a.instance.Service.Compare(b.instance.Service), cmp.Compare(a.instance.ID, b.instance.ID),
		cmp.Compare(a.metric, b.metric), cmp.Compare(a.stream, b.stream))
}
