package method

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/rca"
)

// NSigma blames the service with the column that deviates most from its mean:
//
//	score(column) = max over abnormal windows |x - mean| / sd
//
// with mean and standard deviation of the normal windows, in raw units; a service
// scores by its best column, which also tells the resource.
type NSigma struct {
	// Calls adds the columns of calls, which the published method was not given
	// (named nsigma_calls).
	Calls bool
}

// Name implements Method.
func (n NSigma) Name() string { return withCalls("nsigma", n.Calls) }

// Diagnose implements Method.
func (n NSigma) Diagnose(in rca.Input) Answer { return deviation(in, n.Calls, meanAndSD) }

// withCalls tells the variant that sees calls by name.
func withCalls(name string, calls bool) string {
	if calls {
		return name + "_calls"
	}
	return name
}

// deviation is the answer of a method that looks at one column at a time. normal
// returns centre and scale of normal values, of which there are some.
func deviation(in rca.Input, calls bool, normal func([]float64) (center, scale float64)) Answer {
	s, r, reason := open(in)
	if s == nil {
		return abstain(reason)
	}
	c := own
	if calls {
		c = all
	}
	e := newEvidence(s)
	for _, k := range in.History.Keys() {
		if i := s.owner(k, c); i >= 0 {
			e.add(i, r.deviation(k, normal), k)
		}
	}
	return first(e.ranking())
}

// deviation returns the largest |x - center| / scale over the abnormal windows, 0
// where there is nothing to compare.
func (r *reader) deviation(k feature.Key, normal func([]float64) (center, scale float64)) float64 {
	base, after := r.split(k)
	if len(base) < minBaseline || len(after) == 0 {
		return 0
	}
	center, scale := normal(base)
	if !(scale > 0) {
		scale = unscaled(center)
	}
	most := 0.0
	for _, v := range after {
		most = math.Max(most, math.Abs(v-center)/scale)
	}
	return most
}

// unscaled is the scale of a column that did not vary. The scalers of the
// published code take 1; a column of large numbers, bytes say, is judged by its
// size instead, so that its unit does not decide.
func unscaled(center float64) float64 { return math.Max(1, math.Abs(center)) }

// meanAndSD are mean and standard deviation, the latter of the population.
func meanAndSD(v []float64) (mean, sd float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		sd += (x - mean) * (x - mean) / float64(len(v))
	}
	// What is left of a constant by rounding is no variation.
	if sd = math.Sqrt(sd); sd <= 1e-9*math.Abs(mean) {
		sd = 0
	}
	return mean, sd
}
