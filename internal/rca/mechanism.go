package rca

import "strings"

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
}

// meanings maps parts of metric names to what they say. The names are those of
// ingest's catalogue, scope.mechanism.aspect, or OpenTelemetry's own where a user
// has a metric included. The first line of which a name contains all parts holds.
var meanings = []struct {
	parts []string
	meaning
}{
	{[]string{"throttl"}, meaning{CPU, direct, perNothing, false}},
	{[]string{"cpu", "pressure"}, meaning{CPU, direct, perNothing, false}},
	{[]string{"eventloop"}, meaning{CPU, direct, perLoad, false}}, // one thread does all the work

	{[]string{"gc.goal"}, meaning{}},
	{[]string{"gogc"}, meaning{}},
	{[]string{"last_gc"}, meaning{Memory, indirect, perNothing, false}},
	{[]string{"gc.last_collection"}, meaning{Memory, indirect, perNothing, false}},
	{[]string{"jvm.gc"}, meaning{GC, direct, perLoad, false}},
	{[]string{".gc."}, meaning{GC, direct, perLoad, false}},
	{[]string{"_gc_"}, meaning{GC, direct, perLoad, false}},

	{[]string{"pending_requests"}, meaning{Pool, direct, perNothing, false}},
	{[]string{"connection", "wait_time"}, meaning{Pool, direct, perNothing, false}},
	{[]string{"connection", "timeout"}, meaning{Pool, direct, perNothing, false}},
	{[]string{"pool", "pending"}, meaning{Pool, direct, perNothing, false}},
	{[]string{"pool", "wait"}, meaning{Pool, direct, perNothing, false}},
	{[]string{"pool", "timeout"}, meaning{Pool, direct, perNothing, false}},
	{[]string{"pool", "queue"}, meaning{Pool, direct, perNothing, false}},
	{[]string{"lock_contention"}, meaning{Pool, direct, perLoad, false}},
	{[]string{"memory", "pool"}, meaning{Memory, indirect, perNothing, false}},
	{[]string{"pool"}, meaning{Pool, indirect, perRunning, false}},
	{[]string{"db.client.connection"}, meaning{Pool, indirect, perRunning, false}},
	{[]string{"thread"}, meaning{Pool, indirect, perRunning, false}},
	{[]string{"goroutine"}, meaning{Pool, indirect, perRunning, false}},
	{[]string{"files.open"}, meaning{Pool, indirect, perRunning, false}},
	{[]string{"file_descriptor"}, meaning{Pool, indirect, perRunning, false}},

	{[]string{"consumer", "lag"}, meaning{QueueWait, direct, perNothing, false}},
	{[]string{"queue", "depth"}, meaning{QueueWait, direct, perNothing, false}},

	{[]string{"retrans"}, meaning{Network, direct, perLoad, false}},
	{[]string{"network", "error"}, meaning{Network, direct, perLoad, false}},
	{[]string{"network", "drop"}, meaning{Network, direct, perLoad, false}},
	{[]string{"network.connection"}, meaning{Network, indirect, perRunning, false}},
	{[]string{"network"}, meaning{Network, indirect, perLoad, false}},

	{[]string{"iowait"}, meaning{Disk, direct, perNothing, false}},
	{[]string{"io", "pressure"}, meaning{Disk, direct, perNothing, false}},
	{[]string{"disk", "io_time"}, meaning{Disk, direct, perLoad, false}},
	{[]string{"disk", "operation_time"}, meaning{Disk, direct, perLoad, false}},
	{[]string{"disk", "busy"}, meaning{Disk, direct, perLoad, false}},
	{[]string{"disk", "wait"}, meaning{Disk, direct, perLoad, false}},
	{[]string{"disk", "pending"}, meaning{Disk, direct, perNothing, false}},
	{[]string{"disk", "utilization"}, meaning{Disk, indirect, perNothing, false}},
	{[]string{"disk", "usage"}, meaning{Disk, indirect, perNothing, false}},
	{[]string{"disk"}, meaning{Disk, indirect, perLoad, false}},
	{[]string{"blockio"}, meaning{Disk, indirect, perLoad, false}},
	{[]string{"filesystem", "utilization"}, meaning{Disk, indirect, perNothing, false}},

	{[]string{"oom"}, meaning{Memory, direct, perNothing, false}},
	{[]string{"memory", "pressure"}, meaning{Memory, direct, perNothing, false}},
	{[]string{"major", "faults"}, meaning{Memory, direct, perLoad, false}},
	{[]string{"faults"}, meaning{Memory, indirect, perLoad, false}},
	{[]string{"swap"}, meaning{Memory, direct, perNothing, false}},
	{[]string{"paging"}, meaning{Memory, direct, perLoad, false}},
	{[]string{"memory", "available"}, meaning{Memory, indirect, perNothing, true}},
	{[]string{"memory", "free"}, meaning{Memory, indirect, perNothing, true}},
	{[]string{"memory", "virtual"}, meaning{}},
	{[]string{"memory", "alloc"}, meaning{Memory, indirect, perLoad, false}},
	{[]string{"memory"}, meaning{Memory, indirect, perNothing, false}},
	{[]string{"heap"}, meaning{Memory, indirect, perNothing, false}},

	{[]string{"cpu", "idle"}, meaning{CPU, indirect, perNothing, true}},
	{[]string{"cpu", "count"}, meaning{}},
	{[]string{"cpu", "frequency"}, meaning{CPU, direct, perNothing, true}},
	{[]string{"load_average"}, meaning{CPU, indirect, perLoad, false}},
	{[]string{"cpu.load"}, meaning{CPU, indirect, perLoad, false}},
	{[]string{"context_switches"}, meaning{CPU, indirect, perLoad, false}},
	{[]string{"cpu"}, meaning{CPU, direct, perLoad, false}},
}

// limits end the names of metrics that say what is allowed, not what is used.
var limits = [...]string{".limit", "_limit", ".request", "_request", ".max", ".uptime", "_limit_bytes"}

// hostPrefix marks metrics of the host that a service runs on.
const hostPrefix = "host."

// meaningOf returns what a rise of the metric says, and whether it is of the
// host rather than of the service itself.
func meaningOf(metric string) (m meaning, host bool) {
	name, host := strings.CutPrefix(metric, hostPrefix)
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

// isShare reports whether a metric lies between 0 and 1.
func isShare(metric string) bool {
	return strings.HasSuffix(metric, "utilization") || strings.HasSuffix(metric, "ratio")
}
