package rca

import (
	"strings"

	"github.com/sage-rca/sage/internal/feature"
)

// grade says how much a metric tells of a mechanism.
type grade uint8

const (
	ignored  grade = iota // configuration, counts of things that do not hurt
	indirect              // use of a resource, which has harmless reasons too
	direct                // saturation or waiting itself
)

// per says what a metric grows with even when nothing is wrong.
type per uint8

const (
	perNothing per = iota
	perLoad        // requests per second
	perRunning     // requests at once: load x latency (Little's law)
)

// meaning is what a rise of a metric says.
type meaning struct {
	mechanism Mechanism
	grade     grade
	per       per
	falls     bool // the metric falls when things get worse
	// least is the smallest rise that can hurt, in the metric's unit (seconds,
	// bytes, counts, cores; each per second for a rate). It keeps what is usually
	// zero, and so has no spread, from counting by a trifle.
	least float64
}

// meanings maps parts of metric names to what they say. The names are those of
// ingest's catalogue, scope.mechanism.aspect, or OpenTelemetry's own where a user
// has a metric included. The first line of which a name contains all parts holds.
var meanings = []struct {
	parts []string
	meaning
}{
	{[]string{"throttl"}, meaning{CPU, direct, perNothing, false, 0.01}},
	{[]string{"cpu", "pressure"}, meaning{CPU, direct, perNothing, false, 0.05}},
	{[]string{"eventloop"}, meaning{CPU, direct, perLoad, false, 0.005}}, // one thread does all the work

	{[]string{"gc.goal"}, meaning{}},
	{[]string{"gogc"}, meaning{}},
	{[]string{"last_gc"}, meaning{Memory, indirect, perNothing, false, 16e6}},
	{[]string{"gc.last_collection"}, meaning{Memory, indirect, perNothing, false, 16e6}},
	{[]string{"jvm.gc"}, meaning{GC, direct, perLoad, false, 0.02}},
	{[]string{".gc."}, meaning{GC, direct, perLoad, false, 0.02}},
	{[]string{"_gc_"}, meaning{GC, direct, perLoad, false, 0.02}},

	{[]string{"pending_requests"}, meaning{Pool, direct, perNothing, false, 1}},
	{[]string{"connection", "wait_time"}, meaning{Pool, direct, perNothing, false, 0.002}},
	{[]string{"connection", "timeout"}, meaning{Pool, direct, perNothing, false, 0.1}},
	{[]string{"pool", "pending"}, meaning{Pool, direct, perNothing, false, 1}},
	{[]string{"pool", "wait"}, meaning{Pool, direct, perNothing, false, 0.002}},
	{[]string{"pool", "timeout"}, meaning{Pool, direct, perNothing, false, 0.1}},
	{[]string{"pool", "queue"}, meaning{Pool, direct, perNothing, false, 1}},
	{[]string{"lock_contention"}, meaning{Pool, direct, perLoad, false, 10}},
	{[]string{"memory", "pool"}, meaning{Memory, indirect, perNothing, false, 16e6}},
	{[]string{"pool"}, meaning{Pool, indirect, perRunning, false, 3}},
	{[]string{"db.client.connection"}, meaning{Pool, indirect, perRunning, false, 3}},
	{[]string{"thread"}, meaning{Pool, indirect, perRunning, false, 5}},
	{[]string{"goroutine"}, meaning{Pool, indirect, perRunning, false, 50}},
	{[]string{"files.open"}, meaning{Pool, indirect, perRunning, false, 50}},
	{[]string{"file_descriptor"}, meaning{Pool, indirect, perRunning, false, 50}},

	{[]string{"consumer", "lag"}, meaning{QueueWait, direct, perNothing, false, 10}},
	{[]string{"queue", "depth"}, meaning{QueueWait, direct, perNothing, false, 10}},

	{[]string{"retrans"}, meaning{Network, direct, perLoad, false, 1}},
	{[]string{"network", "error"}, meaning{Network, direct, perLoad, false, 1}},
	{[]string{"network", "drop"}, meaning{Network, direct, perLoad, false, 1}},
	{[]string{"network.connection"}, meaning{Network, indirect, perRunning, false, 20}},
	{[]string{"network"}, meaning{Network, indirect, perLoad, false, 1e5}},

	{[]string{"iowait"}, meaning{Disk, direct, perNothing, false, 0.05}},
	{[]string{"io", "pressure"}, meaning{Disk, direct, perNothing, false, 0.05}},
	{[]string{"disk", "io_time"}, meaning{Disk, direct, perLoad, false, 0.1}},
	{[]string{"disk", "operation_time"}, meaning{Disk, direct, perLoad, false, 0.1}},
	{[]string{"disk", "busy"}, meaning{Disk, direct, perLoad, false, 0.1}},
	{[]string{"disk", "wait"}, meaning{Disk, direct, perLoad, false, 0.1}},
	{[]string{"disk", "pending"}, meaning{Disk, direct, perNothing, false, 1}},
	{[]string{"disk", "utilization"}, meaning{Disk, indirect, perNothing, false, 0.05}},
	{[]string{"disk", "usage"}, meaning{Disk, indirect, perNothing, false, 1e8}},
	{[]string{"disk.io"}, meaning{Disk, indirect, perLoad, false, 1e6}},
	{[]string{"disk"}, meaning{Disk, indirect, perLoad, false, 50}},
	{[]string{"blockio"}, meaning{Disk, indirect, perLoad, false, 1e6}},
	{[]string{"filesystem", "utilization"}, meaning{Disk, indirect, perNothing, false, 0.05}},

	{[]string{"oom"}, meaning{Memory, direct, perNothing, false, 0}},
	{[]string{"memory", "pressure"}, meaning{Memory, direct, perNothing, false, 0.05}},
	{[]string{"major", "faults"}, meaning{Memory, direct, perLoad, false, 5}},
	{[]string{"faults"}, meaning{Memory, indirect, perLoad, false, 1000}},
	{[]string{"swap"}, meaning{Memory, direct, perNothing, false, 0.05}},
	{[]string{"paging"}, meaning{Memory, direct, perLoad, false, 50}},
	{[]string{"memory", "available"}, meaning{Memory, indirect, perNothing, true, 16e6}},
	{[]string{"memory", "free"}, meaning{Memory, indirect, perNothing, true, 16e6}},
	{[]string{"memory", "virtual"}, meaning{}},
	{[]string{"memory", "alloc"}, meaning{Memory, indirect, perLoad, false, 1e6}},
	{[]string{"memory"}, meaning{Memory, indirect, perNothing, false, 0.05}},
	{[]string{"heap"}, meaning{Memory, indirect, perNothing, false, 16e6}},

	{[]string{"cpu", "idle"}, meaning{CPU, indirect, perNothing, true, 0.05}},
	{[]string{"cpu", "count"}, meaning{}},
	{[]string{"cpu", "frequency"}, meaning{CPU, direct, perNothing, true, 0}},
	{[]string{"load_average"}, meaning{CPU, indirect, perLoad, false, 0.5}},
	{[]string{"cpu.load"}, meaning{CPU, indirect, perLoad, false, 0.5}},
	{[]string{"context_switches"}, meaning{CPU, indirect, perLoad, false, 200}},
	{[]string{"cpu"}, meaning{CPU, direct, perLoad, false, 0.05}},
}

// limits end the names of metrics that say what is allowed, not what is used.
var limits = [...]string{".limit", "_limit", ".request", "_request", ".max", ".uptime", "_limit_bytes"}

// hostPrefix marks metrics of the host that a service runs on.
const hostPrefix = "host."

// MechanismOf returns what a rise of the metric says is short, "" where it says
// nothing of a resource.
func MechanismOf(metric string) Mechanism {
	m, _ := meaningOf(metric)
	return m.mechanism
}

// meaningOf returns what a rise of the metric says, and whether it is of the
// host rather than of the service itself.
func meaningOf(metric string) (m meaning, host bool) {
	name, host := strings.CutPrefix(metric, hostPrefix)
	if aspect, _, ok := feature.SplitNamed(name); ok {
		return ofNames[aspect], host
	}
	name = strings.ToLower(name)
	for _, l := range limits {
		if strings.HasSuffix(name, l) {
			return meaning{}, host
		}
	}
next:
	for _, line := range meanings {
		for _, p := range line.parts {
			if !strings.Contains(name, p) {
				continue next
			}
		}
		return line.meaning, host || strings.HasPrefix(name, "system.")
	}
	return meaning{}, host
}
