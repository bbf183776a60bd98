package rca

import (
	"math"
	"slices"
	"strings"
)

// full is the share of its limit from which on memory is short, or CPU.
const full = 0.9

// causes returns metrics that moved, the most telling first, without what is only a
// consequence of others: who runs out of memory spends its CPU on collecting garbage
// and on reading pages again, while who lacks CPU retains no more memory than before.
// Memory is short where it is near its limit, or where more of it goes along with more
// collecting, and nothing keeps the process from its CPU: requests that queue for that
// keep memory, too. Who moves far more data to and from disks than usual, and needs more
// CPU by far less, needs it for that, and who has CPU left lacks something else: see spared.
func causes(moved []movedMetric) []movedMetric {
	has := func(mechanism Mechanism, is func(name string) bool) bool {
		return slices.ContainsFunc(moved, func(m movedMetric) bool { return m.mechanism == mechanism && is(m.key.Name) })
	}
	collects := has(GC, func(string) bool { return true }) && !has(CPU, isThrottled)
	short := func(m movedMetric) bool {
		return m.mechanism == Memory && (collects || nearLimit(m))
	}
	if !slices.ContainsFunc(moved, short) {
		return spared(movers(moved))
	}
	out := withoutUse(moved)
	slices.SortStableFunc(out, func(a, b movedMetric) int {
		switch x, y := short(a) || a.mechanism == GC, short(b) || b.mechanism == GC; {
		case x && !y:
			return -1
		case y && !x:
			return 1
		}
		return 0
	})
	return out
}

// outOfProportion is by how many times as much as usual a service reads and writes, and how
// many times as much as the CPU that it uses grew, where the CPU follows from that.
const outOfProportion = 10

// movers returns metrics that moved without the use of CPU that follows from what is moved to
// and from disks.
func movers(moved []movedMetric) []movedMetric {
	var cpu, disk float64
	for _, m := range moved {
		mean, host := meaningOf(m.key.Name)
		switch {
		case host:
		case m.mechanism == CPU && mean.grade == direct:
			cpu = max(cpu, m.times(mean))
		case m.mechanism == Disk && mean.per == perLoad:
			disk = max(disk, m.times(mean))
		}
	}
	if math.IsInf(cpu, 1) || disk < outOfProportion || disk < outOfProportion*cpu || slices.ContainsFunc(moved, func(m movedMetric) bool { return isThrottled(m.key.Name) }) {
		return moved
	}
	return withoutUse(moved)
}

// nearLimit reports whether memory is as good as full.
func nearLimit(m movedMetric) bool { return m.filled >= full }

// memoryLimit is the metric of what a container may take, in bytes: 0 where that is all.
const memoryLimit = "container.memory.limit"

// filled returns what share of its limit a metric of memory says is taken, of a limit in bytes
// that is NaN where it is not known; NaN where it does not say. What was asked for is no limit,
// the memory of the host is not the service's, and what a container uses with its cache of
// files is often all that it may.
func filled(metric string, now, limit float64) float64 {
	mean, host := meaningOf(metric)
	if host || mean.mechanism != Memory || mean.falls {
		return math.NaN()
	}
	switch name := sense(metric); {
	case name == "memory_percent", name == "memory_share" && now > 1:
		return now / 100
	case name == "memory_share", strings.HasSuffix(name, "utilization") && !strings.Contains(name, "request"):
		return now
	case limit > 0 && (name == "container.memory.working_set" || name == "container.memory.rss"):
		return now / limit
	}
	return math.NaN()
}

// isThrottled reports whether a metric says that a process is kept from its CPU.
func isThrottled(metric string) bool { return strings.Contains(sense(metric), "throttl") }
