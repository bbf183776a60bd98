package simulate

import "time"

// FaultKind is what is done to an application.
type FaultKind string

// Faults, and what Size means.
const (
	CPUContention  FaultKind = "cpu_contention"  // Size hogs run in each container of Service and compete for its limit
	HostContention FaultKind = "host_contention" // Size hogs run on Host beside its containers
	Throttling     FaultKind = "throttling"      // the CPU limit of Service is Size cores
	MemoryPressure FaultKind = "memory"          // Service works with Size of its memory taken: beyond 0.8 page faults, more collections
	DiskContention FaultKind = "disk"            // another writer takes share Size of the disk time that Service sees
	NetworkDelay   FaultKind = "network_delay"   // Size seconds are added to every message that a replica of Service sends
	PacketLoss     FaultKind = "packet_loss"     // share Size of the messages that a replica of Service sends is lost, and sent again after RTO
	SlowDependency FaultKind = "slow_dependency" // Size times the work of an uninstrumented Service
	PoolExhaustion FaultKind = "pool"            // Pool of Service lets Size calls through
	Regression     FaultKind = "regression"      // Service holds a lock: Size seconds per request in which it waits and no metric moves
	BadReplica     FaultKind = "bad_replica"     // as Regression, of Replica alone
	TrafficSurge   FaultKind = "traffic"         // Size times the arrivals at Entry
	RetryStorm     FaultKind = "retry"           // Service refuses calls at once with probability Size, and they are tried again, up to 4 times
	CacheCollapse  FaultKind = "cache"           // hits of lookups at Service (a cache) are Size of what they were
)

// Decoys: what must raise nothing.
const (
	Deploy    FaultKind = "deploy"     // Service gets a new Version, from Start on, and is otherwise the same; counters reset
	OffPath   FaultKind = "off_path"   // Size hogs in Service, which no watched entry waits for
	Blip      FaultKind = "blip"       // NetworkDelay for a few seconds
	MetricGap FaultKind = "metric_gap" // Service reports no metrics
	Restart   FaultKind = "restart"    // replicas of Service are gone one after the other for Size seconds each, calls go to others (an only replica is replaced without a gap); counters reset
)

// Fault is one thing done to an application for a time.
type Fault struct {
	Kind       FaultKind
	Service    int // -1: none
	Replica    int // of Service; -1: all
	Host       int // -1: none
	Entry      int // index in Entries, -1: none
	Pool       int // of Service, -1: none
	Size       float64
	Start, End time.Duration // since the run began
}
