package method

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
)

// bar is what counts as a change: so many robust standard deviations, and a rise
// by a factor, however narrow the normal range is.
type bar struct{ z, factor float64 }

// bars are tried one after the other, until something has changed: an entry that
// violates its SLO does so for a reason, however small.
var bars = [...]bar{{3.5, 1.2}, {2, 1.1}, {0, 1}}

// rose reports whether a column in logs left its normal range upwards.
func (l level) rose(b bar) bool { return l.z() >= b.z && l.now-l.usual >= math.Log(b.factor) }

// duration is how long something takes in the violated window and normally, in
// seconds, by feature quantile.
type duration struct {
	now, usual [feature.D]float64 // NaN where either is missing
	rose       [feature.D]bool
	known      bool // in any quantile
}

// duration reads a duration, one column per quantile.
func (r *reader) duration(b bar, key func(d int) feature.Key) duration {
	var out duration
	for d := range feature.D {
		l := r.level(key(d))
		out.now[d], out.usual[d] = math.NaN(), math.NaN()
		if l.known {
			out.known = true
			out.now[d], out.usual[d] = math.Exp(l.now), math.Exp(l.usual)
			out.rose[d] = l.rose(b)
		}
	}
	return out
}

// quantileShare returns the share of requests for which a feature quantile stands:
// up to the middle between it and its neighbours.
func quantileShare(d int) float64 {
	qs := feature.Quantiles
	lo, hi := 0.0, 1.0
	if d > 0 {
		lo = (qs[d-1] + qs[d]) / 2
	}
	if d+1 < len(qs) {
		hi = (qs[d] + qs[d+1]) / 2
	}
	return hi - lo
}

// mean is the mean of a quantile function, over the quantiles that are known; 0
// where none is.
func mean(q [feature.D]float64) float64 {
	sum, weight := 0.0, 0.0
	for d, v := range q {
		if w := quantileShare(d); !math.IsNaN(v) {
			sum += w * v
			weight += w
		}
	}
	if weight == 0 {
		return 0
	}
	return sum / weight
}

// excess is by how much the mean of a duration rose, and by how much more than
// that its tail did, in seconds.
type excess struct{ mean, tail float64 }

// excess counts the quantiles that left their normal range; t is that of the tail.
func (u duration) excess(t int) excess {
	var e excess
	for d, up := range u.rose {
		if up {
			e.mean += quantileShare(d) * (u.now[d] - u.usual[d])
		}
	}
	if u.rose[t] {
		e.tail = math.Max(0, u.now[t]-u.usual[t]-e.mean)
	}
	return e
}
