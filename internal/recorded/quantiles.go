package recorded

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/sage-rca/sage/internal/sketch"
)

// quantile is one recorded quantile of a distribution of durations.
type quantile struct {
	order float64 // in (0, 1)
	ns    float64
}

// quantiles are what is recorded of one distribution, by ascending order and
// never falling; empty where nothing is.
type quantiles []quantile

// newQuantiles keeps what of the pairs is a number, and raises what lies below a
// lower order: the recordings interpolate each quantile by itself. The pairs must
// ascend by order.
func newQuantiles(pairs ...quantile) quantiles {
	var out quantiles
	high := 0.0
	for _, p := range pairs {
		if math.IsNaN(p.ns) || math.IsInf(p.ns, 0) || p.ns < 0 {
			continue
		}
		high = math.Max(high, p.ns)
		out = append(out, quantile{p.order, high})
	}
	return out
}

// maxFall is by what factor the part below the lowest recorded order may lie
// below it. What a recording does not hold must not be invented far from what it
// does.
const maxFall = 4

// at returns quantile q in ns, NaN where nothing is recorded. Between two recorded
// orders log latency is linear in the standard normal quantile, as it is of a
// log-normal. Above the highest it stays: no tail is invented. Below the lowest,
// which is the median in most recordings, the flattest slope between the lowest
// and the others goes on, by at most a factor of maxFall.
func (k quantiles) at(q float64) float64 {
	if len(k) == 0 {
		return math.NaN()
	}
	for i, p := range k {
		switch {
		case q > p.order:
			continue
		case q == p.order:
			return p.ns
		case i == 0:
			return k.below(q)
		}
		low := k[i-1]
		if low.ns <= 0 {
			return p.ns
		}
		f := (probit(q) - probit(low.order)) / (probit(p.order) - probit(low.order))
		return low.ns * math.Pow(p.ns/low.ns, f)
	}
	return k[len(k)-1].ns
}

func (k quantiles) below(q float64) float64 {
	first := k[0]
	if len(k) == 1 || first.ns <= 0 {
		return first.ns
	}
	slope := math.Inf(1) // log ns per standard deviation
	for _, p := range k[1:] {
		slope = math.Min(slope, math.Log(p.ns/first.ns)/(probit(p.order)-probit(first.order)))
	}
	fall := math.Exp(slope * (probit(first.order) - probit(q)))
	return first.ns / math.Min(fall, maxFall)
}

// mapped returns the quantiles after f, which must not fall.
func (k quantiles) mapped(f func(q quantile) float64) quantiles {
	out := make(quantiles, len(k))
	for i, p := range k {
		out[i] = quantile{p.order, f(p)}
	}
	return out
}

// with returns the quantiles with the one of an order set: all others move to
// keep the order, never below it or above it.
func (k quantiles) with(order, ns float64) quantiles {
	if math.IsNaN(ns) {
		return k
	}
	var out quantiles
	for _, p := range k {
		if p.order < order {
			out = append(out, quantile{p.order, math.Min(p.ns, ns)})
		}
	}
	out = append(out, quantile{order, ns})
	for _, p := range k {
		if p.order > order {
			out = append(out, quantile{p.order, math.Max(p.ns, ns)})
		}
	}
	return out
}

// steps is the number of equal weights that a sketch is made of, so that every
// whole percent is met exactly.
const steps = 100

// early is the share of the weight by which each step begins early, so that
// rounding of sums of weights never puts a quantile one step higher.
const early = 1e-6

// sketch returns a distribution of weight requests with these quantiles, to
// within the relative error of sketches; an empty one where nothing is recorded.
func (k quantiles) sketch(weight float64) *sketch.Sketch {
	s := new(sketch.Sketch)
	if len(k) == 0 || !(weight > 0) || math.IsInf(weight, 0) {
		return s
	}
	for i := 1; i <= steps; i++ {
		share := 1.0 / steps
		switch i {
		case 1:
			share += early
		case steps:
			share -= early
		}
		s.Add(int64(math.Round(k.at(float64(i)/steps))), share*weight)
	}
	return s
}

// probits are the standard normal quantiles of whole percents.
var probits = func() (p [steps]float64) {
	for i := 1; i < steps; i++ {
		p[i] = distuv.UnitNormal.Quantile(float64(i) / steps)
	}
	return p
}()

// probit is the standard normal quantile function, looked up for whole percents.
func probit(q float64) float64 {
	if i := int(math.Round(q * steps)); i > 0 && i < steps && float64(i)/steps == q {
		return probits[i]
	}
	return distuv.UnitNormal.Quantile(math.Min(math.Max(q, 1e-9), 1-1e-9))
}
