// Package rca finds the root cause of a violated SLO: it screens the nodes of
// the causal graph for what left its normal behaviour given its causes, searches
// for the smallest set of services and channels whose restoration would have met
// the SLO (counterfactuals of the GVAE), and then for the resource within each.
// Until a model is ready, a robust scorer on the same graph answers.
package rca

import (
	"github.com/sage-rca/sage/internal/identity"
)

// Kind is what sort of thing is to blame (attribute rca.root_cause.kind).
type Kind string

// The kinds of root causes.
const (
	KindService    Kind = "service"
	KindInstance   Kind = "instance"
	KindHost       Kind = "host"
	KindEdge       Kind = "edge"
	KindDependency Kind = "dependency" // an uninstrumented leaf
	KindTraffic    Kind = "traffic"
	KindChange     Kind = "change"
	KindAbsence    Kind = "absence"
	KindUnknown    Kind = "unknown"
)

// Mechanism is how it hurts (attribute rca.root_cause.mechanism).
type Mechanism string

// The mechanisms.
const (
	CPU       Mechanism = "cpu"
	Memory    Mechanism = "memory"
	Disk      Mechanism = "disk"
	Network   Mechanism = "network"
	ErrorRate Mechanism = "error_rate"
	QueueWait Mechanism = "queue_wait"
	Retry     Mechanism = "retry"
	Pool      Mechanism = "pool"
	GC        Mechanism = "gc"
	Traffic   Mechanism = "traffic"
	Change    Mechanism = "change"
	Latent    Mechanism = "latent" // no monitored resource explains it
)

// Method is who answered (attribute rca.method).
type Method string

// The methods.
const (
	MethodGVAE   Method = "gvae_counterfactual"
	MethodRobust Method = "robust_score"
)

// Cause is one candidate.
type Cause struct {
	Kind      Kind
	Mechanism Mechanism
	Service   identity.Service
	Instance  string // the replica to blame, "" where all are
	// Host is the host to blame, of KindHost: Service is whom it hurts most, Neighbours
	// are others that run on it and are slower too.
	Host       string
	Neighbours []identity.Service
	Edge       identity.Edge // KindEdge: the call whose network is to blame
	Metric     string        // metric or feature that shows it, "" for Latent; see feature.ShownMetric
	Observed   float64       // value of Metric in the window (raw unit)
	Usual      float64       // its normal value
	// Unmonitored says of Latent that no metric is known of any resource of the service, or
	// that there was no room in the record for some.
	Unmonitored bool

	Probability  float64 // that it is a root cause
	Contribution float64 // share of the excess that it explains; sums to 1 over the candidates
	// Quantile is the entry's tail in seconds had this cause alone been normal,
	// with a 90 % interval; NaN where the method cannot say.
	Quantile, Lower, Upper float64
	Path                   []string // services, entry to cause
	Evidence               []string // display strings, strongest first
}

// Verdict is the answer to one violated window.
type Verdict struct {
	Method Method
	// Culprits are the causes that together restore the SLO, in the order found;
	// empty where Abstained.
	Culprits []Cause
	// Candidates are ranked, culprits first, at most 5.
	Candidates []Cause
	// Quantile, Lower, Upper: the tail in seconds had all culprits been normal.
	Quantile, Lower, Upper float64
	RestoresSLO            bool
	Confidence             float64  // level of the interval, 0.9
	RuledOut               []string // display strings
	Abstained              bool
	Reason                 string // why abstained
	HopsObserved           int    // of HopsTotal services on paths below the entry, those with spans of their own
	HopsTotal              int
	// Agreed says whether the robust scorer names the same first cause.
	Agreed bool
}
