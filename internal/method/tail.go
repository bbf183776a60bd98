package method

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/rca"
)

// remainder is the logarithm of the share of requests beyond quantile q, by which
// quantiles in a tail are told apart.
func remainder(q float64) float64 { return math.Log(math.Max(1-q, 1e-9)) }

// nearest returns the index of the feature quantile nearest to q.
func nearest(q float64) int {
	best := 0
	for d, f := range feature.Quantiles {
		if math.Abs(remainder(f)-remainder(q)) < math.Abs(remainder(feature.Quantiles[best])-remainder(q)) {
			best = d
		}
	}
	return best
}

// tailOf reads quantile q in seconds off the feature quantiles in log seconds:
// linear in the logarithm of the remainder, which is exact for a tail that falls
// off like a power, and constant outside of the outermost ones.
func tailOf(q float64, logs []float64) float64 {
	qs := feature.Quantiles
	hi := 0
	for hi < len(qs)-1 && qs[hi] < q {
		hi++
	}
	lo := max(0, hi-1)
	if hi == lo || q >= qs[hi] {
		return math.Exp(logs[hi])
	}
	f := (remainder(q) - remainder(qs[lo])) / (remainder(qs[hi]) - remainder(qs[lo]))
	return math.Exp(logs[lo]*(1-f) + logs[hi]*f)
}

// entryTail is the tail of the entry at the SLO's quantile, in seconds: in the
// violated window and normally; NaN where it is not known. What the features are off
// in the violated window, which has the quantile itself, is factor, by which
// predictions of features are to be multiplied so that they compare with the SLO.
func entryTail(in rca.Input, s *scope, r *reader) (now, usual, factor float64) {
	var at, before [feature.D]float64
	for d := range feature.D {
		l := r.level(latencyKey(s.g.Nodes[s.entry], d))
		at[d], before[d] = l.now, l.usual
	}
	now, usual, factor = tailOf(in.Quantile, at[:]), tailOf(in.Quantile, before[:]), 1
	for i := range in.Snapshot.RPCs {
		if p := &in.Snapshot.RPCs[i]; p.Key == in.Entry && p.Latency != nil {
			if exact := p.Latency.Quantile(in.Quantile) / 1e9; exact > 0 && now > 0 {
				factor = exact / now
			}
		}
	}
	return now * factor, usual * factor, factor
}
