// Package window folds served requests, calls and metric points into windows of
// event time. A window closes when the watermark says so; a closed window is an
// immutable, columnar Snapshot, mergeable over shards.
package window

import (
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// Snapshot is what was seen in [Start, End). It is immutable; its slices are
// sorted by key.
type Snapshot struct {
	Start, End int64 // ns since 1970
	RPCs       []RPC
	Edges      []Edge
	Resources  []Resource
	Sampled    Sampled
	Crowded    []Crowded // sorted by service
	Unread     []Unread  // likewise
	Refused    Refused
}

// RPC are the served requests of one operation. No sketch but Ending is nil.
type RPC struct {
	Key     identity.RPC
	Entries float64 // weight of the requests without a caller
	// Torn is the weight of those of Entries that had a caller of which the span never came
	// and is taken to be lost. It is 0 where that is usual: then the callers are browsers,
	// or proxies, that send no spans.
	Torn float64
	// Inner is the weight of those of Torn whose trace began at another service, around them:
	// somebody called them, who sends no spans. It is never taken from Torn.
	Inner     float64
	Async     bool    // most requests are messages consumed
	Stream    float64 // weight of requests that wait rather than work; not in Latency
	Count     float64 // weight of the requests in Latency
	Unseen    float64 // of Count what is more than the spans seen: those stand for others too
	Errors    float64
	ErrorType string // most frequent error.type, "" where no errors
	Latency   *sketch.Sketch
	Exclusive *sketch.Sketch
	// Ending is Latency of those without a caller that ended in the last third of the
	// window: it tells what goes on from what was over by then. Where a window was put
	// together from quantiles it is nil.
	Ending *sketch.Sketch
	// Union is that of all outbound calls, Sum is over callees of the union of the
	// calls to each, in ns, weighted: Union/Sum is 1 when callees are called one
	// after the other and less when at the same time.
	Union, Sum float64
	Instances  []Instance // sorted by ID, at most MaxInstances and OtherInstance
	Exemplar   Exemplar   // the slowest
	Typical    Exemplar   // near the median
}

// Instance is the share of one replica in an RPC. Version and Host, the name of the
// host that it runs on, are those that its latest request showed, "" where it said
// nothing of them.
type Instance struct {
	ID, Version, Host string
	Count             float64
	Unseen            float64 // of Count, as that of an RPC
	Errors            float64
	Latency           *sketch.Sketch
}

// Exemplar is a span that shows what a distribution means.
type Exemplar struct {
	Span     identity.Span
	Duration int64
}

// Edge are the calls along one edge. No sketch is nil.
type Edge struct {
	Key     identity.Edge
	Leaf    bool    // no callee was seen
	Async   bool    // no caller waits
	Stream  float64 // weight of calls that wait rather than work; counted nowhere else
	Count   float64 // weight of the calls
	Matched float64 // weight of the calls of which both sides are known
	// Within is the time of the calls within the caller's requests, Share that of
	// their union, in ns, weighted: Share/Within is 1 when the calls of a request
	// to this callee follow each other and less when they overlap.
	Within, Share float64
	// Offset is how long after the start of the caller's request calls began, in ns, weighted.
	Offset float64
	// Ahead is over direct calls (Around) of how many other calls of the same request began before
	// them, weighted: Ahead/Network.Count() is when in its requests such a call is made.
	Ahead     float64
	Errors    float64
	ErrorType string
	Client    *sketch.Sketch // as the caller sees it
	Server    *sketch.Sketch // of matched calls, as the callee sees it
	// Network is client minus server of matched calls, of messages none. Where callers have no
	// CLIENT spans along the edge, Client is empty and Matched is 0, it is the time around
	// direct calls (callgraph.Call.Around), which holds the network's: see Around.
	Network  *sketch.Sketch
	Queue    *sketch.Sketch // waits of Async calls
	Requests *sketch.Sketch // durations of the entry requests that made such calls, each once
	Again    *sketch.Sketch // waits of the caller's requests between failed calls and the next ones, of those that tried again
	Callers  []Gap          // of the calls by caller, sorted by ID, at most MaxInstances and OtherInstance
	Callees  []Gap          // the same by callee, of calls of which both sides are known, or the time around
	Exemplar Exemplar       // the slowest, by the wait of a message, else as the caller sees it
	Typical  Exemplar       // near the median of the same
}

// Resource are the metrics of one service.
type Resource struct {
	Service   identity.Service
	Values    []Value // mean over the instances that reported, sorted by metric
	Instances []InstanceValues
}

// InstanceValues are the metrics of one replica. Host is that on which they were
// measured, "" where nobody says so, and of replicas that send spans, which do.
type InstanceValues struct {
	ID, Host string
	Values   []Value
}

// Value is one metric over one window, in the metric's normalised unit.
type Value struct {
	Metric string
	Value  float64
}
