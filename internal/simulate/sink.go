package simulate

import "time"

// Sink takes what happens in a run, in the order of virtual time. What it is
// given is valid until it returns.
type Sink interface {
	// Span tells of a span that has ended, also of spans of services that are
	// Uninstrumented, and of the CLIENT side of every call.
	Span(s *Span)
	// Sample tells of the state of every host, and of every replica that reports (all
	// but those under a MetricGap), every Config.SampleEvery.
	Sample(at time.Duration, replicas []ReplicaState, hosts []HostState)
	// Entry tells of an answered request of an entry: what a user has seen.
	Entry(entry int, start, end time.Duration, failed bool)
}

// SpanKind is that of OpenTelemetry.
type SpanKind uint8

// The kinds.
const (
	Server SpanKind = iota
	Client
	Producer
	Consumer
)

// Span is one span. Times are since the run began.
type Span struct {
	Trace      [16]byte
	ID, Parent [8]byte // Parent zero: a root
	// Link is, of a Consumer, the span of its Producer, whose trace it does not share;
	// what an Uninstrumented broker sends on keeps the Producer of who sent it there.
	LinkTrace [16]byte
	LinkSpan  [8]byte
	Kind      SpanKind
	Service   int // that sends it
	Replica   int // of Service
	RPC       int // served or called
	// A Server's span includes the wait for a worker, a Consumer's does not. A
	// Producer's ends when the message has been delivered.
	Start     time.Duration
	End       time.Duration
	Failed    bool
	ErrorType string // where Failed: timeout, unavailable, internal
	Attempt   int    // of a Client: 0 the first, 1 the first retry
	Deploys   int    // of Service since the run began: 0 the App's Version
}

// ReplicaState is the state of one replica at the time of a sample. Counters only
// grow, but for a restart, which begins them anew at zero.
type ReplicaState struct {
	Service, Replica, Host int
	Up                     bool
	Started                time.Duration // since when counters count
	Deploys                int           // of Service since the run began: 0 the App's Version
	CPUSeconds             float64       // counter of the container: requests, collections and hogs
	Hogged                 float64       // counter: the part of CPUSeconds that hogs in the container used
	Throttled              float64       // counter: seconds
	DiskSeconds            float64       // counter: disk time used
	DiskOps                float64       // counter
	MemoryMiB              float64
	PageFaults             float64   // counter: major ones
	SentMiB, ReceivedMiB   float64   // counters
	Retransmits            float64   // counter
	GCSeconds              float64   // counter
	GCCount                float64   // counter
	Active                 int       // requests being served
	Waiting                int       // requests that wait for a worker
	PoolUsed, PoolWaiting  []int     // by pool: connections in use (also those lost to PoolExhaustion), calls that wait
	PoolWait               []float64 // counter by pool: seconds waited
	PoolAcquired           []float64 // counter by pool: calls that got a connection
}

// HostState is the state of one host at the time of a sample.
type HostState struct {
	Host        int
	CPUSeconds  float64 // counter, hogs included
	DiskSeconds float64 // counter: busy time
	MemoryMiB   float64
	SentMiB     float64 // counter
	Retransmits float64 // counter
}
