package slo

import (
	"math"
	"time"

	"github.com/sage-rca/sage/internal/identity"
)

// Indicator says which requests are bad.
type Indicator uint8

// The indicators.
const (
	Latency Indicator = iota // those above the threshold
	Errors                   // those that failed
)

// String is the value of the attribute rca.slo.indicator.
func (i Indicator) String() string {
	if i == Errors {
		return "errors"
	}
	return "latency"
}

// Objective is one SLO of the operations that match. One of Latency says that a
// quantile stays at most Threshold, or, which is the same where Quantile is Target,
// that a share Target of the requests does. One of Errors says that a share Target
// of the requests does not fail.
type Objective struct {
	Name      string           // unique among the configured ones
	Service   identity.Service // Namespace empty: any namespace
	Operation string           // glob: * matches any run of characters, ? any one
	// Template is another name of one operation that matches: what Operation is called
	// where identifiers in names are replaced; "" where it is the same.
	Template  string    `json:"-"`
	Indicator Indicator `json:",omitempty"`
	// Quantile is in (0, 1); default Target. One of Errors has none of its own: it
	// is set to the tail by which a diagnosis tells slow from failing.
	Quantile  float64
	Threshold time.Duration // of Latency; 0 while it is being learned
	Target    float64       // share of good requests, in (0, 1); default Quantile, and 0.99 where both are left out
	Learned   bool          // not configured but learned
	// Period of the error budget; default Config.Budget.
	Period time.Duration `json:",omitempty"`
	// Burn are the rules of burn rates of which any opens; default Config.Burn.
	Burn []BurnRule `json:"-"`
}

// Typical is the quantile of learned objectives of the median.
const Typical = 0.5

// errorsQuantile is the tail that an objective of Errors looks at beside errors.
const errorsQuantile = 0.99

// Budget is the share of requests that may be bad: 1 - Target, to 15 decimals, so
// that a target of 0.9 leaves 0.1 and not 0.09999999999999998.
func (o Objective) Budget() float64 { return math.Round((1-o.Target)*1e15) / 1e15 }

// Limit is what State.Observed must not exceed: Threshold in seconds of Latency,
// Budget of Errors; 0 while it is being learned.
func (o Objective) Limit() float64 {
	if o.Indicator == Errors {
		return o.Budget()
	}
	return o.Threshold.Seconds()
}

// allowed is the share of requests that may be bad: of a quantile, those above it.
func (o Objective) allowed() float64 {
	if o.Indicator == Latency {
		return 1 - o.Quantile
	}
	return o.Budget()
}

// rounding is the share by which shares that are equal on paper may differ here,
// as sums of weights do.
const rounding = 1e-9

// exceeds reports whether share is above limit.
func exceeds(share, limit float64) bool { return share > limit*(1+rounding) }

// reaches reports whether share is at least limit.
func reaches(share, limit float64) bool { return share >= limit*(1-rounding) }

// measure returns what a window with requests shows of the objective: what is
// compared with Limit, the share of bad requests, and whether the limit is exceeded.
func (o Objective) measure(w Observation) (observed, bad float64, over bool) {
	if o.Indicator == Errors {
		bad = math.Min(1, math.Max(0, w.Errors/w.Latency.Count()))
		return bad, bad, exceeds(bad, o.Limit())
	}
	observed = w.Latency.Quantile(o.Quantile) / 1e9
	if o.Threshold <= 0 { // not learned yet
		return observed, 0, false
	}
	return observed, w.Latency.FractionAbove(float64(o.Threshold)), observed > o.Limit()
}
