// Package callgraph turns the spans of a trace, which arrive in any order and
// over several batches, into served requests and calls between RPCs.
//
// A trace is held in a bounded index until it is complete or due (Advance), is
// then resolved as a whole, and leaves nothing behind but its producers, which
// consumers may refer to minutes later. All times are event time in nanoseconds
// since 1970; no wall clock is read.
package callgraph

import "github.com/sage-rca/sage/internal/identity"

// Kind is the kind of a span, as OTLP tells them apart.
type Kind uint8

// The kinds of spans.
const (
	Internal Kind = iota
	Server
	Client
	Producer
	Consumer
	// Those of spans that do not say it: their trace tells, and their attributes what they
	// look like. RPC is then named as of a SERVER, and Callee as of a CLIENT.
	Unspecified
	SeemsServer
	SeemsClient
)

// Span is what of a span matters here. Names are numbers of an identity.Names.
type Span struct {
	ID     identity.Span
	Parent identity.SpanID // zero: a root
	Kind   Kind
	// Stream marks spans that wait rather than work: server-sent events,
	// websockets, streaming RPCs, long polls, blocking receives.
	Stream bool
	Error  bool

	Start int64 // ns since 1970
	End   int64 // ns since 1970, not before Start
	// Weight is the number of spans that this one stands for (adjusted count).
	Weight float64

	Service identity.ServiceNo
	Replica identity.ReplicaNo // of Service, with its version; may be zero
	// RPC is Service with the operation served, of SERVER and CONSUMER spans, or
	// called, of CLIENT and PRODUCER spans.
	RPC identity.RPCNo
	// Callee is what a CLIENT or PRODUCER span calls, as its attributes name it
	// (peer.service, db.*, messaging.*, server.address), with the operation; its
	// service is zero where they do not. It becomes a leaf service where no span
	// of the callee is found.
	Callee identity.RPCNo
	// Terminal marks calls of what calls nobody else: databases, caches, brokers.
	Terminal bool
}

// More is what few spans have.
type More struct {
	ErrorType string
	// Links are the spans that this one is linked to: for a CONSUMER the
	// producers of its messages. At most MaxLinks are looked at.
	Links []identity.Span
}

// MaxLinks bounds the span links that are looked at, per span.
const MaxLinks = 8

// Served is a request that a service has served: a SERVER or CONSUMER span, or
// a span of another kind at which a trace enters a service.
type Served struct {
	RPC     identity.RPCNo
	Replica identity.ReplicaNo
	Span    identity.Span
	Time    int64 // event time that decides the window: end of the sync request at whose top this span stands
	Entry   bool  // no caller: a true root, or a SERVER whose parent never came (a browser, a proxy, or a loss: shares tell)
	Torn    bool  // of an Entry: it had a caller, of which the span never came
	Inner   bool  // likewise, as its trace began elsewhere: so it was no browser, nor a proxy
	Async   bool  // a message was consumed
	Stream  bool

	Duration  int64 // ns
	Exclusive int64 // ns: Duration minus the union of the outbound calls made meanwhile
	// ChildSum is the sum over callees of the union of the calls to each, in ns.
	// The union of all is Duration - Exclusive: it equals ChildSum where different
	// callees are called one after the other, and is less where they overlap.
	ChildSum int64

	Error     bool
	ErrorType string
	Weight    float64
}

// Call is one call of an RPC.
type Call struct {
	Edge Edge
	Span identity.Span // the client span; the callee's where there is none
	Time int64         // as Served.Time of the request that issued it; of the consumer where Async

	// CallerReplica and CalleeReplica are those of the spans at the two ends, the latter zero
	// where there is none.
	CallerReplica, CalleeReplica identity.ReplicaNo

	// Leaf is true where the callee is not instrumented: it has no Served.
	Leaf  bool
	Async bool // through a queue: the caller does not wait for the callee

	Client int64 // ns as the caller sees it; -1 where not known
	Server int64 // ns as the callee sees it; -1 where not known
	// Around is the time in ns around a call of which no CLIENT span tells (Client is -1), within
	// the caller's request: from the end of what the request called before, or its start, to the
	// start of the call, and from its end to the start of what it called next, or its end. The
	// way of the message is in it, and what the caller computes. -1 of all other calls, of
	// streams, and where it is not known.
	Around int64
	// Ahead is the number of other calls of the caller's request that began before this one, where
	// Around is known.
	Ahead int32
	// Within is the part of the call, as Client or else as Server, that lies within
	// the caller's request, in ns; Share is its share of the union of the request's
	// calls to this callee: Within where they follow each other, less where they
	// overlap. Both are 0 outside of a request.
	Within, Share int64
	// Offset is how long after the start of the caller's request the call began, in ns; 0 outside of
	// a request.
	Offset int64
	// Request is the duration in ns of the caller's request where that is an entry, and
	// this its first call to this callee: so each request is told of once. -1 elsewhere.
	Request int64
	// Again is the time in ns that the caller's request spent between a failed call to
	// this callee and the next one, summed, where this is the first of them and none
	// overlap: it waited to try again. 0 elsewhere.
	Again int64
	// Queue is the time in ns from the end of PRODUCER to the start of CONSUMER
	// of an Async call, never negative, by two clocks; -1 where not known.
	Queue int64

	Stream    bool
	Error     bool
	ErrorType string
	Weight    float64
}

// Reason says why a span, or a part of a trace, was not used as it stands.
type Reason uint8

// The reasons, each of which is a value of an attribute of self-telemetry.
const (
	ReasonInvalidID         Reason = iota // trace or span id of zeros
	ReasonDuplicate                       // span id seen before in this trace
	ReasonCycle                           // a span that is its own ancestor; broken deterministically
	ReasonUnmatchedClient                 // callee is instrumented but its span never came
	ReasonUnmatchedServer                 // SERVER whose parent never came; served all the same, as an entry
	ReasonUnmatchedConsumer               // none of the producers it refers to ever came; served all the same
	ReasonPendingLimit                    // trace resolved before it was due to stay in bounds
	ReasonTraceLimit                      // more spans in one trace than are kept
	ReasonSkewed                          // queue wait negative by the two clocks
	ReasonUnmatchedParent                 // call of a request of which a span never came: its caller is not known
	ReasonBridged                         // SERVER whose parent never came; served for an uninstrumented hop that was called around it
	ReasonNested                          // SERVER whose parent was never sent; part of the request of another service around it
	numReasons
)

// NumReasons is the number of reasons, which are 0 to NumReasons-1.
const NumReasons = int(numReasons)

// String returns the value of the self-telemetry attribute "reason".
func (r Reason) String() string {
	return [...]string{
		"invalid_id", "duplicate", "cycle", "unmatched_client", "unmatched_server",
		"unmatched_consumer", "pending_limit", "trace_limit", "clock_skew", "unmatched_parent",
		"bridged", "nested",
	}[r]
}

// Edge is the call of one RPC while another is served, as identity.Edge. Caller
// has an empty operation where the call was issued outside of any request.
type Edge struct{ Caller, Callee identity.RPCNo }

// Sink receives what an Assembler resolves. It is called synchronously, must not
// call the Assembler, and must not keep what the pointers point at.
type Sink interface {
	Served(*Served)
	Called(*Call)
	Counted(reason Reason, n int)
}
