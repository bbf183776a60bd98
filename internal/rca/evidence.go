package rca

import (
	"math"
	"strconv"

	"github.com/sage-rca/sage/internal/feature"
)

// seconds shows a duration with three significant digits: 1.23s, 45.6ms, 789µs.
func seconds(s float64) string {
	switch a := math.Abs(significant(s)); {
	case math.IsNaN(s) || math.IsInf(s, 0):
		return "?"
	case a >= 1:
		return number(s) + "s"
	case a >= 1e-3:
		return number(s*1e3) + "ms"
	default:
		return number(s*1e6) + "µs"
	}
}

// number shows a value with three significant digits and no exponent where one
// can read it without.
func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "?"
	}
	r := significant(v)
	if a := math.Abs(r); a != 0 && (a < 1e-4 || a >= 1e9) {
		return strconv.FormatFloat(r, 'g', 3, 64)
	}
	return strconv.FormatFloat(r, 'f', -1, 64)
}

// significant rounds to three significant digits; the result is the float that
// their decimal notation means.
func significant(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil { // rounded up beyond the largest float
		return v
	}
	return r
}

// versus shows a quantile of a duration beside its normal value.
func versus(what string, quantile int, now, usual float64) string {
	q := " p" + number(100*feature.Quantiles[quantile]) + " "
	if usual <= 0 {
		return what + q + seconds(now) + ", not seen before"
	}
	return what + q + seconds(now) + " vs " + seconds(usual) + " usual"
}

// text shows the metric beside its normal value.
func (m movedMetric) text() string {
	if m.young {
		return feature.ShownMetric(m.key.Name) + " " + number(m.now) + ", not seen before"
	}
	return feature.ShownMetric(m.key.Name) + " " + number(m.now) + " vs " + number(m.usual) + " usual"
}
