package slo

import (
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// Config are the rules.
type Config struct {
	Objectives []Objective
	// Learn adds objectives for each entry operation that none matches, and one of errors for
	// each operation that only objectives of latency match.
	Learn LearnConfig
	// Open when violated in OpenK of the last OpenN measured windows; healthy
	// again after ResolveM measured windows in a row that meet the objective.
	OpenK, OpenN, ResolveM int
	// Burn are rules of burn rates, of which any opens, of objectives that have none of
	// their own; where there are none, OpenK of OpenN windows do. ResolveM windows in a row in which none holds resolve.
	Burn []BurnRule
	// Budget is the period of the error budget of objectives that have none of
	// their own; 0: no account of it is kept.
	Budget time.Duration
	// MinRequests of an operation for a window to count as measured, by what those seen
	// stand for. One alone is too few, whatever it stands for.
	MinRequests float64
}

// LearnConfig says how objectives are learned.
type LearnConfig struct {
	Enabled bool
	// Windows of healthy history before the threshold is fixed; it then follows
	// healthy windows slowly.
	Windows  int
	Quantile float64
	// Headroom: threshold = Headroom x median of the windows' quantiles, but never
	// under median + 6 robust standard deviations.
	Headroom float64
	// Median is the headroom of a further objective, of the median: what slows down every
	// request by a half is within what the tail scatters by. 0: none. Under rules of burn
	// rates there is none, as half of the requests may be above it.
	Median float64
	// Errors is the least share of failed requests that a further objective, of errors,
	// does not tolerate. 0: none.
	Errors float64
}

// Observation is one served operation in one window.
type Observation struct {
	RPC     identity.RPC
	Entry   bool // reached from outside: learned objectives are for these
	Latency *sketch.Sketch
	// Ending is Latency of the requests that ended in the last third of the window; nil or
	// empty where that is not known.
	Ending *sketch.Sketch
	// Unseen is the part of the weight of Latency that is more than the requests seen.
	Unseen float64
	Errors float64 // weight of the requests that failed
	// Biased: it shows rather the slow and the failed requests. Then shares and
	// quantiles are not those of configured objectives; learned ones are about what is shown.
	Biased bool
}

// State is what is known of one objective on one operation after a window.
type State struct {
	Objective Objective
	RPC       identity.RPC
	Measured  bool // enough requests in this window, or in those judged together with it
	// Since is the start, in ns, of the first window with bad requests of those that were
	// judged together; that of this window where it was judged alone.
	Since int64
	// Violated: this window violates the objective, alone or with those since Since, and
	// under rules of burn rates so much that it burns the budget as fast as the mildest
	// rule asks for.
	Violated bool
	Firing   bool // the opening rule holds, the resolving one not yet
	// Ticket: of the rules that held since the run fires, each is worth a ticket
	// and none a page.
	Ticket bool
	// Observed is the quantile in seconds, of Errors the share of failed requests;
	// NaN when not measured.
	Observed float64
	Baseline float64 // median of Observed over healthy windows, NaN when none
	// Healthy are the windows of which Baseline is the median, at most maxBaseline; of a
	// learned objective the threshold too is learned from them.
	Healthy  int
	Count    float64
	BadRatio float64 // share of bad requests: above the threshold, or failed
	Errors   float64
	// Onset is the start of the first violated window of the current run, ns; 0
	// when none. The window that ends a run still carries the run's.
	Onset int64
	// Requests and Bad are those of the measured windows since Onset, and how many
	// of them were bad.
	Requests, Bad float64
	// Burn is how fast the error budget burns; zero where that is not known.
	Burn Burn
	// Budget is what is left of it; zero where that is not known.
	Budget Budget
}
