package simulate

import "time"

// App is an application: what runs where, and what a request does. Services,
// RPCs and hosts refer to each other by index.
type App struct {
	Name     string
	Hosts    []Host
	Services []Service
	RPCs     []RPC
	Entries  []Entry
	// Link is the network between any two replicas on different hosts; between
	// those on one host only a tenth of its delay.
	Link Link
}

// Host is a machine.
type Host struct {
	Name  string
	Cores float64
	// DiskRate is the work in seconds that its disk does per second: 1 is one disk.
	// All services on the host queue for it, first come first served.
	DiskRate  float64
	MemoryMiB float64
}

// Service is one deployable. Each replica is a container.
type Service struct {
	Name    string
	Version string // service.version, "" for none
	// Uninstrumented services send no spans; callers name them (peer.service,
	// db.system.name, server.address).
	Uninstrumented bool
	// System is what kind of dependency it is: "" for a service that speaks HTTP or
	// gRPC, else a db.system.name or messaging.system such as postgresql, redis, kafka.
	System  string
	Runtime string // whose metrics it reports: "jvm", "go", "nodejs" or ""
	Hosts   []int  // one replica on each host listed
	// Workers serve requests, one at a time each; further ones wait, first come
	// first served, inside the server's span. 0: as many as there are requests.
	Workers int
	// CPULimit in cores per replica; beyond it the container is throttled in
	// periods of 100 ms. 0: none.
	CPULimit  float64
	MemoryMiB float64 // limit of a replica, 0: none
	GC        GC
	// Pools are connection pools of each replica, by which calls go.
	Pools []Pool
}

// GC stops a replica for Pause whenever it has allocated HeapMiB. The zero value
// never does.
type GC struct {
	HeapMiB float64
	Pause   Dist
}

// Pool lets Size calls at a time through; further ones wait at the caller, before
// the client's span starts.
type Pool struct {
	Name string
	Size int
}

// RPC is an operation of a service. A request does its own work in len(Steps)+1
// equal parts, one before, between and after the steps.
type RPC struct {
	Service   int
	Operation string
	Protocol  Protocol
	CPU       Dist    // seconds of one core
	Disk      Dist    // seconds of the disk, before the first step
	AllocMiB  float64 // allocated per request
	// RequestKiB and ReplyKiB are the sizes of the messages. 0: 1 and 4.
	RequestKiB, ReplyKiB float64
	Steps                []Step
	ErrorRate            float64 // share of requests that fail of themselves
}

// Protocol is how an RPC is called.
type Protocol uint8

// The protocols.
const (
	HTTP Protocol = iota
	GRPC
	DB
	Messaging
)

// Step are calls that are made at the same time; the request goes on when all
// that it waits for have answered.
type Step struct {
	Calls []Call
}

// Call is what a request does to another RPC.
type Call struct {
	RPC         int
	Probability float64 // that it is made; 1 always
	Times       int     // one after another, at least 1
	// Async calls are messages: nobody waits for them (PRODUCER and CONSUMER spans).
	// They have neither Pool nor Timeout nor Cache.
	Async bool
	Pool  int // index in the caller's Pools, -1: none
	// Timeout after which an attempt is given up, 0: never; it is tried again at
	// most Retries times, after Backoff that doubles each time. Its server goes on.
	// What the server answers with an error is not tried again.
	Timeout time.Duration
	Retries int
	Backoff time.Duration
	// Cache makes a call a lookup: with probability Hit the Miss call is not made,
	// else it is made next, in the same sequence.
	Cache *Cache
}

// Cache is what happens after a lookup.
type Cache struct {
	Hit  float64
	Miss *Call
}

// Entry is an RPC that requests from outside arrive at, as a Poisson process of
// Rate requests per second that drifts: Rate * (1 + Swing*sin(2 pi t/Period) + a
// slow random walk of standard deviation Wander).
type Entry struct {
	RPC           int
	Rate          float64
	Swing, Wander float64
	Period        time.Duration
}

// Link is a one-way network path.
type Link struct {
	Delay  Dist    // seconds, one way
	Loss   float64 // probability that a message is lost and sent again after RTO
	RTO    time.Duration
	PerMiB float64 // not modelled by zero: seconds per MiB of payload
}

// Dist is a distribution of non-negative numbers: log-normal with mean Mean and
// coefficient of variation CV; a constant where CV is 0; exponential where CV is
// Exponential.
type Dist struct {
	Mean, CV float64
}

// Exponential as a Dist's CV stands for the exponential distribution.
const Exponential = -1
