package method

import (
	"slices"

	"github.com/sage-rca/sage/internal/rca"
)

// BARO is the robust scorer of Pham et al., "BARO: Robust Root Cause Analysis for
// Microservices via Multivariate Bayesian Online Change Point Detection" (FSE
// 2024), its onset given:
//
//	score(column) = max over abnormal windows |x - median| / IQR
//
// in raw units, a service by its best column. What differs: the authors' code
// scores rises alone; here falls count too, since what is left of a resource falls.
type BARO struct {
	// Calls adds the columns of calls, which the published method was not given
	// (named baro_calls).
	Calls bool
}

// Name implements Method.
func (b BARO) Name() string { return withCalls("baro", b.Calls) }

// Diagnose implements Method.
func (b BARO) Diagnose(in rca.Input) Answer { return deviation(in, b.Calls, medianAndIQR) }

// medianAndIQR sorts v.
func medianAndIQR(v []float64) (median, iqr float64) {
	slices.Sort(v)
	return rank(v, 0.5), rank(v, 0.75) - rank(v, 0.25)
}

// rank returns quantile q of sorted values, interpolated between ranks.
func rank(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
