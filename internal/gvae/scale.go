package gvae

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/nn"
)

// Floors of the spread, below which a column's movement means nothing: 0.02 log
// seconds, about twice the relative error of a latency quantile, and for X one
// percent of its median.
const (
	leastLatencySpread = 0.02
	leastSpread        = 1e-6
	leastShareOfMedian = 0.01
)

// normalIQR is the interquartile range of N(0, 1).
const normalIQR = 1.349

// scaleOf returns the robust scale of a column, taken from the finite values of the windows
// in use: median and interquartile range over 1.349. A column that is the same for most
// windows, and so has no such range, has, where it bursts, its standard deviation for a
// spread. Values are taken as by what take makes of them; floor bounds the spread from below.
// They are put into memory, which is returned.
func scaleOf[F nn.Float](column []F, use []bool, bursts bool, take, floor func(float64) float64, memory []float64) (center, spread float64, values []float64) {
	values = memory[:0]
	for w, f := range column {
		if v := float64(f); use[w] && finite(v) {
			values = append(values, take(v))
		}
	}
	if len(values) == 0 {
		return 0, max(1, floor(0)), values
	}
	slices.Sort(values)
	center = quantile(values, 0.5)
	spread = (quantile(values, 0.75) - quantile(values, 0.25)) / normalIQR
	if bursts && spread == 0 {
		spread = deviation(values, center)
	}
	return center, max(spread, floor(center)), values
}

// moments returns the plain scale of a column, which a model as published
// has: mean and standard deviation of the finite values of all windows. Its networks
// see inputs unclamped, and its squared errors include those of incidents. By what is
// usual in healthy windows, a metric that is zero there (spread 1e-6) would be 1e5
// and more in an incident, and latencies would weigh so much that KL weighs nothing.
func moments(column []float64, take, floor func(float64) float64, memory []float64) (center, spread float64, values []float64) {
	values = memory[:0]
	for _, v := range column {
		if finite(v) {
			values = append(values, take(v))
		}
	}
	if len(values) == 0 {
		return 0, max(1, floor(0)), values
	}
	for _, v := range values {
		center += v / float64(len(values))
	}
	return center, max(deviation(values, center), floor(center)), values
}

// yardstick is what scales are taken with.
type yardstick struct {
	structured bool
	use        []bool
	values     []float64 // memory
	column     []float64 // of one column
}

func newYardstick(cfg *Config, use []bool) *yardstick {
	return &yardstick{structured: cfg.Structured, use: use, column: make([]float64, len(use))}
}

// x and y return the scale that a model takes of a raw column.
func (k *yardstick) x(column []float64) (center, spread float64) {
	if k.structured {
		center, spread, k.values = scaleOf(column, k.use, true, asIs, featureFloor, k.values)
	} else {
		center, spread, k.values = moments(column, asIs, featureFloor, k.values)
	}
	return center, spread
}

func (k *yardstick) y(column []float64) (center, spread float64) {
	if k.structured {
		center, spread, k.values = scaleOf(column, k.use, false, boundLog, latencyFloor, k.values)
	} else {
		center, spread, k.values = moments(column, boundLog, latencyFloor, k.values)
	}
	return center, spread
}

// scale takes the scales of all columns.
func (m *Model) scale(data *Data, use []bool) {
	k, dims := newYardstick(&m.cfg, use), m.spec.D
	m.xScale, m.yScale = newScale(m.spec.NX), newScale(len(m.spec.Nodes)*dims)
	for c := range m.xScale.Center {
		m.xScale.Center[c], m.xScale.Spread[c] = k.x(data.x(c, k.column))
	}
	for c := range m.yScale.Center {
		m.yScale.Center[c], m.yScale.Spread[c] = k.y(data.own(c, dims, k.column))
	}
}

func asIs(v float64) float64 { return v }

func latencyFloor(float64) float64 { return leastLatencySpread }

func featureFloor(median float64) float64 {
	return max(leastSpread, leastShareOfMedian*math.Abs(median))
}

// deviation returns the root mean square distance from center, computed so that
// it is finite for all finite values that are not absurd.
func deviation(values []float64, center float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += (v - center) * (v - center) / float64(len(values))
	}
	if !finite(sum) {
		return 0
	}
	return math.Sqrt(sum)
}

// quantile returns the q-quantile of sorted values, interpolated.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	f := at - float64(i)
	return sorted[i]*(1-f) + sorted[i+1]*f
}

// Log latencies outside of this many seconds are taken for its ends (e±23 is a
// tenth of a nanosecond and three hundred years).
const largestLog = 23

// Range of the inputs of networks, in spreads: for a structured model about that of
// training data, for the published one what keeps numbers finite. Through what is cut
// off flows no gradient.
const (
	structuredLimit = 4
	publishedLimit  = 1e6
)

// standardX returns a value of column c of X standardised, as networks see it: a missing one
// is the center.
func (a *architecture) standardX(v float64, s *Scale, c int) float64 {
	if !finite(v) {
		return 0
	}
	return min(max((v-s.Center[c])/s.Spread[c], -a.limit), a.limit)
}

// standardY returns a latency of column c standardised, NaN where it is missing.
func standardY(v float64, s *Scale, c int) float64 {
	if !finite(v) {
		return math.NaN()
	}
	return (boundLog(v) - s.Center[c]) / s.Spread[c]
}

func boundLog(v float64) float64 { return min(max(v, -largestLog), largestLog) }

// factors fills out with the factors of term t of a node; memory has room for a column.
func (a *architecture) factors(out []float64, node, t int, d *Data, s *Scale, memory []float64) {
	clear(out)
	for _, c := range a.causes(node, t) {
		if c < 0 {
			continue
		}
		for i, v := range d.x(c, memory) {
			if !finite(v) {
				v = s.Center[c]
			}
			out[i] += v
		}
	}
	for i, v := range out {
		out[i] = min(max(v, -largestFactor), largestFactor)
	}
}

// causes are the columns that make up the factor of term t of a node, -1: none.
func (a *architecture) causes(node, t int) [3]int {
	n := &a.spec.Nodes[node]
	return [...]int{n.Overlap, n.Terms[t].Calls, n.Terms[t].Overlap}
}

// factor returns overlaps + calls of term t of a node, from raw X of one window; a
// missing value is the center.
func (a *architecture) factor(node, t int, x []float64, s *Scale) float64 {
	sum := 0.0
	for _, c := range a.causes(node, t) {
		if c < 0 {
			continue
		}
		if v := x[c]; finite(v) {
			sum += v
		} else {
			sum += s.Center[c]
		}
	}
	return min(max(sum, -largestFactor), largestFactor)
}
