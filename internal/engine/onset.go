package engine

import (
	"math"
	"time"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/slo"
)

const (
	onsetRows   = 40  // windows that are looked at
	onsetBefore = 8   // of them at least that lie before the change
	onsetLevel  = 0.9 // of the interval
	// onsetNoise is the least standard deviation of a window: of log seconds, or of a
	// share.
	onsetNoise = 0.02
	// onsetLinear is the distance, in standard deviations, beyond which one window counts
	// by its distance and no longer by the square of it (Huber 1964).
	onsetLinear = 3
)

// onset estimates when the tail, or the share of failures, of an operation left its
// usual level: the change point of a step
//
//	x_t = a + e_t for t < k,  b + e_t from there on,  e_t ~ N(0, s^2)
//
// in the last windows. a is the median of the windows before those in question, b that
// of the violated ones, s the robust deviation of the former; what was violated in an
// earlier run is left out. With all k as likely beforehand,
//
//	P(k | x) ~ exp(-sum_{t<k} h((x_t - a)/s) - sum_{t>=k} h((x_t - b)/s))
//
// where h(z) is z^2/2, and linear beyond onsetLinear. The estimate is the most likely window, the interval the shortest row of windows
// around it that holds 90 %. The rules of objectives ask for violated windows, and so
// know the first that is above a threshold, but not one in which something began to
// rise. (See docs/math.md, 26.)
func (r *run) onset(st slo.State) incident.Onset {
	x, first := r.tail(st)
	violated := len(x)
	for violated > 0 && r.history.Start(first+violated-1) >= st.Onset {
		violated--
	}
	from := max(onsetBefore, violated-onsetRows/2)
	if violated < from || violated >= len(x) {
		return incident.Onset{}
	}
	before, after := known(x[:from]), known(x[violated:])
	if len(before) < onsetBefore || len(after) == 0 {
		return incident.Onset{}
	}
	a, s := center(before)
	b, _ := center(after)
	s = max(s, onsetNoise)
	at, low, high := changePoint(x, a, b, s, from, violated)
	window := r.cfg.Window
	start := func(i int) time.Time { return time.Unix(0, r.history.Start(first+i)).UTC() }
	return incident.Onset{Time: start(at), Earliest: start(low), Latest: start(high).Add(window)}
}

// tail returns what an objective is about in the last windows, NaN in those of an
// earlier run, and the row of the first.
func (r *run) tail(st slo.State) (x []float64, first int) {
	k, limit := feature.Key{Kind: feature.Errors, Edge: identity.Edge{Callee: st.RPC}}, st.Objective.Limit()
	if st.Objective.Indicator == slo.Latency {
		k, limit = feature.Key{Kind: feature.Latency, Node: cbn.Server(st.RPC)}, math.Log(limit)
		for q, v := range feature.Quantiles {
			if math.Abs(v-st.Objective.Quantile) < math.Abs(feature.Quantiles[k.Quantile]-st.Objective.Quantile) {
				k.Quantile = q
			}
		}
	}
	first = max(0, r.history.Len()-onsetRows)
	for row := first; row < r.history.Len(); row++ {
		v := r.history.Value(k, row)
		if r.history.Start(row) < st.Onset && v > limit {
			v = math.NaN()
		}
		x = append(x, v)
	}
	return x, first
}

// changePoint returns the most likely k in [from, to], and the interval around it.
func changePoint(x []float64, a, b, s float64, from, to int) (at, low, high int) {
	cost := func(v, level float64) float64 {
		if math.IsNaN(v) {
			return 0
		}
		z := math.Abs(v-level) / s
		if z > onsetLinear {
			return onsetLinear * (z - onsetLinear/2.0)
		}
		return z * z / 2
	}
	logs := make([]float64, to-from+1) // relative to k = from
	for k := from + 1; k <= to; k++ {
		logs[k-from] = logs[k-from-1] + cost(x[k-1], b) - cost(x[k-1], a)
	}
	best := 0
	for i, l := range logs {
		if l >= logs[best] {
			best = i
		}
	}
	sum := 0.0
	p := make([]float64, len(logs))
	for i, l := range logs {
		p[i] = math.Exp(l - logs[best])
		sum += p[i]
	}
	i, j, held := best, best, p[best]
	for held < onsetLevel*sum {
		left, right := -1.0, -1.0
		if i > 0 {
			left = p[i-1]
		}
		if j+1 < len(p) {
			right = p[j+1]
		}
		if left > right {
			i--
			held += left
		} else {
			j++
			held += right
		}
	}
	return from + best, from + i, from + j
}

// known returns the values that are not missing.
func known(x []float64) []float64 {
	out := make([]float64, 0, len(x))
	for _, v := range x {
		if !math.IsNaN(v) {
			out = append(out, v)
		}
	}
	return out
}

// center returns the median, and the standard deviation of a normal distribution of
// the same median absolute deviation. It reorders x.
func center(x []float64) (m, s float64) {
	m = median(x)
	for i := range x {
		x[i] = math.Abs(x[i] - m)
	}
	return m, 1.4826 * median(x)
}
