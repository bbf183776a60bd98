package rca

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/sage-rca/sage/internal/feature"
)

// tail reads the SLO's quantile off the feature quantiles of the entry.
//
// Between two feature quantiles log latency is linear in the standard normal
// quantile (exact for a log-normal); outside it is clamped. What the true
// quantile of the violated window differs from that by, in log seconds, is Offset:
// counterfactual tails keep it, so that they compare with the threshold of any
// quantile.
// See docs/math.md, 12.
type tail struct {
	lo, hi int     // indices in feature.Quantiles
	frac   float64 // of the way from lo to hi
	offset float64
	near   int // feature quantile closest to the SLO's
}

func newTail(q float64) tail {
	qs := feature.Quantiles
	t := tail{}
	for d := range qs {
		if math.Abs(probit(qs[d])-probit(q)) < math.Abs(probit(qs[t.near])-probit(q)) {
			t.near = d
		}
	}
	last := len(qs) - 1
	switch {
	case !(q > qs[0]):
		return t
	case q >= qs[last]:
		t.lo, t.hi = last, last
		return t
	}
	for qs[t.hi] < q {
		t.hi++
	}
	t.lo = t.hi - 1
	t.frac = (probit(q) - probit(qs[t.lo])) / (probit(qs[t.hi]) - probit(qs[t.lo]))
	return t
}

// probit is the standard normal quantile function, its argument kept inside (0, 1).
func probit(q float64) float64 {
	return distuv.UnitNormal.Quantile(math.Min(math.Max(q, 1e-9), 1-1e-9))
}

// seconds returns the quantile of logs, the feature.D quantiles in log seconds.
func (t tail) seconds(logs []float64) float64 {
	return math.Exp(logs[t.lo]*(1-t.frac) + logs[t.hi]*t.frac + t.offset)
}
