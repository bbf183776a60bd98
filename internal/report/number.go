package report

import (
	"math"
	"strconv"
	"strings"
)

// seconds shows a duration with three significant digits: 2.31s, 51.2ms, 840us.
func seconds(s float64) string {
	switch {
	case math.IsNaN(s) || math.IsInf(s, 0):
		return "?"
	case s >= 1:
		return significant(s) + "s"
	case s >= 1e-3:
		return significant(s*1e3) + "ms"
	default:
		return significant(s*1e6) + "us"
	}
}

// significant shows a number with three significant digits and no exponent.
func significant(v float64) string {
	if v == 0 {
		return "0"
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	if digits <= 0 {
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	}
	s := strconv.FormatFloat(v, 'f', min(digits, 9), 64)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// quantile shows 0.99 as p99 and 0.999 as p99.9.
func quantile(q float64) string { return "p" + strconv.FormatFloat(math.Round(q*1e5)/1e3, 'f', -1, 64) }

// percent shows a share.
func percent(v float64) string { return significant(100*v) + "%" }
