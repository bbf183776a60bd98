package foreign

import "time"

// System describes an application: what runs where, how it is observed, who uses it.
type System struct {
	Name     string
	Hosts    int
	Cores    int // of each host
	Services []Service
	Stores   []Store
	Users    []Users
	Telemetry
	// Wire is the usual time of one way between hosts; of messages within one a
	// third of it.
	Wire time.Duration
	// Mesh puts a proxy on both sides of every call between services, which tells
	// of itself.
	Mesh bool
}

// Service is a service of some replicas. The first endpoint called "consume" takes
// messages of the queue of the service's name.
type Service struct {
	Name      string
	Replicas  int
	Language  Language
	Quota     float64 // cores, 0: none
	Workers   int     // requests that are served at once; 0: any number
	Version   string
	Endpoints []Endpoint
	// Pools are the connections that it may have to stores, by name; others have 64.
	Pools map[string]int
	// Pinned is the number, from 1, of the host of all its replicas.
	Pinned int
	// Heap of a replica in MiB, for languages with a collector that stops the world.
	Heap int
}

// Language decides how a service runs and how it tells of itself.
type Language int

// The languages.
const (
	Go Language = iota
	Java
	Node // one thread runs
	Python
)

// Endpoint is one operation: Route of HTTP or full method of gRPC.
type Endpoint struct {
	Name    string // by which callers know it
	Method  string // of HTTP; "" is gRPC
	Route   string
	Service string // of gRPC
	Steps   []Step
}

// Store is a database or a cache: it has no telemetry of its own.
type Store struct {
	Name    string // DNS name
	System  string
	Port    int
	Threads int
	Mean    time.Duration // service time of a query
	Sigma   float64
}

// Users are a kind of request from outside. Those of endpoint "consume" have no rate:
// they are whoever waits for messages to be processed.
type Users struct {
	Service, Endpoint string
	Rate              float64 // per second
	Burst             int     // requests that come at once each minute, besides
}

// Consume is the endpoint that takes messages.
const Consume = "consume"

// Web is the system of a Store that is a third party, asked over HTTPS.
const Web = "https"

// Step is what a request does next.
type Step interface{ step() }

type (
	// CPU computes.
	CPU struct {
		Mean  time.Duration
		Sigma float64
	}
	// Call calls an endpoint of a service.
	Call struct {
		Service, Endpoint string
		Share             float64       // of the requests that call; 0: all
		Timeout           time.Duration // of an attempt; 0: 30 s
		Retries           int
		Optional          bool // a failure is no failure of the caller
	}
	// Parallel does all at once and waits for the last.
	Parallel []Step
	// Query asks a store through the pool of connections to it.
	Query struct {
		Store, Statement string
		Weight           float64 // times the store's mean; 0: 1
		Miss             []Step  // what follows a miss of a cache
		Hit              float64 // share of hits of a cache
	}
	// Publish sends a message to the queue of a service.
	Publish struct {
		Queue  string // service
		Topic  string // name of the queue; "": the service's
		Broker string // store that keeps it; "": one that is not seen and does not fail
		Reply  bool   // wait until it has been processed
	}
	// Disk reads or writes.
	Disk struct{ Mean time.Duration }
	// Locked does its steps while it holds the replica's lock of that name.
	Locked struct {
		Name  string
		Steps []Step
	}
	// Session holds a connection of the pool to a store during its steps, whose
	// queries of that store go over it.
	Session struct {
		Store string
		Steps []Step
	}
	// Inner is an internal span around steps.
	Inner struct {
		Name  string
		Steps []Step
	}
)

func (CPU) step()      {}
func (Call) step()     {}
func (Parallel) step() {}
func (Query) step()    {}
func (Publish) step()  {}
func (Disk) step()     {}
func (Locked) step()   {}
func (Session) step()  {}
func (Inner) step()    {}

// Telemetry says how a system is observed.
type Telemetry struct {
	// Old uses the semantic conventions of before 2023.
	Old bool
	// Names is how servers name their spans.
	Names Names
	// Mute leaves status unset where nothing failed and where something did: only
	// attributes tell.
	Mute bool
	// Resource says what resources of spans hold besides service.name.
	Resource Resource
	// Meters are the metrics that there are.
	Meters []Meter
	// Every is how often; 0: 10 s.
	Every time.Duration
	// Sampled is the share of traces that is kept at the head; 0: all. Where
	// Thresholds is set, tracestate says so.
	Sampled    float64
	Thresholds bool
	// Lost is the share of batches that never arrive.
	Lost float64
	// Skew is by how much clocks of hosts differ at most.
	Skew time.Duration
	// Links: consumers begin traces of their own, linked to the producer.
	Links bool
}

// Names is how server spans are named.
type Names int

// Names of server spans.
const (
	MethodRoute Names = iota // GET /orders/{id}
	RouteOnly                // /orders/{id}
	MethodOnly               // GET, with http.route
	RawPath                  // GET /orders/8231, no route
)

// Resource is how a resource tells where it runs.
type Resource int

// Resources of spans.
const (
	Kubernetes Resource = iota
	Docker
	Process
	Bare // service.name alone
)

// Meter is a source of metrics.
type Meter int

// Sources of metrics.
const (
	Kubelet      Meter = iota // kubeletstats receiver
	DockerAPI                 // docker_stats receiver
	Hosts                     // hostmetrics receiver
	Runtime                   // SDKs: process, jvm, go, nodejs, pools
	Cadvisor                  // Prometheus receiver on cAdvisor: labels on points
	CadvisorIO                // what else cAdvisor tells: limits, faults, files, sockets
	NodeExporter              // Prometheus receiver on node exporters
	OldRuntime                // JVM metrics by their names of before 2024
)
