// Package slo watches latency objectives of operations over windows: the
// configured ones, and ones learned from healthy tails where none is configured.
//
// A Watcher holds one track per objective and operation. A window in which the
// operation had too few requests is not measured: it freezes the track, and
// neither opens nor resolves anything.
package slo

import (
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// Objective is one SLO: quantile of the latency of the operations that match
// stays at most Threshold, in Target of the windows.
type Objective struct {
	Name      string           // unique among the configured ones
	Service   identity.Service // Namespace empty: any namespace
	Operation string           // glob: * matches any run of characters, ? any one
	Quantile  float64          // in (0, 1)
	Threshold time.Duration    // 0 while it is being learned
	Target    float64          // objective, share of good requests, in (0, 1); default 0.99
	Learned   bool             // not configured but learned
}

// Config are the rules.
type Config struct {
	Objectives []Objective
	// Learn adds an objective for each entry operation that none matches.
	Learn LearnConfig
	// Open when violated in OpenK of the last OpenN measured windows; healthy
	// again after ResolveM measured windows in a row that meet the objective.
	OpenK, OpenN, ResolveM int
	// MinRequests of an operation in a window for the window to count as measured.
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
}

// Observation is one served operation in one window.
type Observation struct {
	RPC     identity.RPC
	Entry   bool // reached from outside: learned objectives are for these
	Latency *sketch.Sketch
	Errors  float64
}

// State is what is known of one objective on one operation after a window.
type State struct {
	Objective Objective
	RPC       identity.RPC
	Measured  bool    // enough requests in this window
	Violated  bool    // this window violates the objective
	Firing    bool    // the opening rule holds, the resolving one not yet
	Observed  float64 // quantile in seconds, NaN when not measured
	Baseline  float64 // median of the same quantile over healthy windows, NaN when none
	Count     float64
	BadRatio  float64 // share of requests above the threshold
	Errors    float64
	// Onset is the start of the first violated window of the current run, ns; 0
	// when none. The window that ends a run still carries the run's.
	Onset int64
	// Requests and Bad are those of the measured windows since Onset, and how many
	// of them were above the threshold.
	Requests, Bad float64
}
