package window

import "github.com/sage-rca/sage/internal/identity"

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

// Metrics folds points into windows. It is not safe for concurrent use.
type Metrics struct{}

// NewMetrics returns a folder of windows of size nanoseconds that keeps at most
// maxStreams streams.
func NewMetrics(size int64, maxStreams int) *Metrics { panic("not implemented") }

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

// Add takes in one point.
func (m *Metrics) Add(p Point) MetricReason { panic("not implemented") }

// Close removes and returns the resources of the window at start, and refuses
// what comes for it or earlier ones later.
func (m *Metrics) Close(start int64) []Resource { panic("not implemented") }
