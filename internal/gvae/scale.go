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

// scaleOf returns the robust scale of columns [len/n x n], taken from the finite
// values of the windows in use: median and interquartile range over 1.349. A
// column that is the same for most windows, and so has no such range, has its
// standard deviation for a spread. Values are taken as by what take makes of them; floor
// bounds the spread from below.
func scaleOf(columns []float64, n int, use []bool, bursts bool, take, floor func(float64) float64) Scale {
	k := 0
	if n > 0 {
		k = len(columns) / n
	}
	s := Scale{Center: make([]float64, k), Spread: make([]float64, k)}
	values := make([]float64, 0, n)
	for c := range k {
		values = values[:0]
		for w, v := range row(columns, c, n) {
			if use[w] && finite(v) {
				values = append(values, take(v))
			}
		}
		if len(values) == 0 {
			s.Spread[c] = max(1, floor(0))
			continue
		}
		slices.Sort(values)
		s.Center[c] = quantile(values, 0.5)
		spread := (quantile(values, 0.75) - quantile(values, 0.25)) / normalIQR
		if bursts && spread == 0 {
			spread = deviation(values, s.Center[c])
		}
		s.Spread[c] = max(spread, floor(s.Center[c]))
	}
	return s
}

// moments returns the plain scale of columns [len/n x n], which a model as published
// has: mean and standard deviation of the finite values of all windows. Its networks
// see inputs unclamped, and its squared errors include those of incidents. By what is
// usual in healthy windows, a metric that is zero there (spread 1e-6) would be 1e5
// and more in an incident, and latencies would weigh so much that KL weighs nothing.
func moments(columns []float64, n int, take, floor func(float64) float64) Scale {
	k := 0
	if n > 0 {
		k = len(columns) / n
	}
	s := Scale{Center: make([]float64, k), Spread: make([]float64, k)}
	values := make([]float64, 0, n)
	for c := range k {
		values = values[:0]
		for _, v := range row(columns, c, n) {
			if finite(v) {
				values = append(values, take(v))
			}
		}
		if len(values) == 0 {
			s.Spread[c] = max(1, floor(0))
			continue
		}
		for _, v := range values {
			s.Center[c] += v / float64(len(values))
		}
		s.Spread[c] = max(deviation(values, s.Center[c]), floor(s.Center[c]))
	}
	return s
}

// scaleX and scaleY return the scales that a model takes of raw columns.
func scaleX(cfg *Config, x []float64, n int, use []bool) Scale {
	if !cfg.Structured {
		return moments(x, n, asIs, featureFloor)
	}
	return scaleOf(x, n, use, true, asIs, featureFloor)
}

func scaleY(cfg *Config, y []float64, n int, use []bool) Scale {
	if !cfg.Structured {
		return moments(y, n, boundLog, latencyFloor)
	}
	return scaleOf(y, n, use, false, boundLog, latencyFloor)
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

// standardiseX fills dst with standardised X as networks see it: missing values are
// the center.
func standardiseX[F nn.Float](a *architecture, dst []F, x []float64, n int, s *Scale) {
	for c := range s.Center {
		in, out := row(x, c, n), row(dst, c, n)
		for i, v := range in {
			if out[i] = 0; finite(v) {
				out[i] = F(min(max((v-s.Center[c])/s.Spread[c], -a.limit), a.limit))
			}
		}
	}
}

// standardiseY fills dst with standardised latencies, NaN where missing.
func standardiseY[F nn.Float](dst []F, y []float64, n int, s *Scale) {
	for c := range s.Center {
		in, out := row(y, c, n), row(dst, c, n)
		for i, v := range in {
			if out[i] = F(math.NaN()); finite(v) {
				out[i] = F((boundLog(v) - s.Center[c]) / s.Spread[c])
			}
		}
	}
}

func boundLog(v float64) float64 { return min(max(v, -largestLog), largestLog) }

// factors fills dst [terms x n] with the factors of every term of every node.
func factors[F nn.Float](a *architecture, dst []F, x []float64, n int, s *Scale) {
	for k, node := range a.spec.Nodes {
		for t := range node.Terms {
			for i := range n {
				dst[(a.firstTerm[k]+t)*n+i] = F(a.factor(k, t, x, i, n, s))
			}
		}
	}
}

// factor returns overlaps + calls of term t of a node, from window i of raw X [NX x n]; a
// missing value is the center, a column of -1 is nothing.
func (a *architecture) factor(node, t int, x []float64, i, n int, s *Scale) float64 {
	sum := 0.0
	for _, c := range [...]int{a.spec.Nodes[node].Overlap, a.spec.Nodes[node].Terms[t].Calls, a.spec.Nodes[node].Terms[t].Overlap} {
		if c < 0 {
			continue
		}
		if v := x[c*n+i]; finite(v) {
			sum += v
		} else {
			sum += s.Center[c]
		}
	}
	return min(max(sum, -largestFactor), largestFactor)
}
