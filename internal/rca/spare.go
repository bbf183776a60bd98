package rca

import (
	"math"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/identity"
)

// idleCPU is the share of its limit below which the CPU that a service uses is not short.
// One thread that computes all the time may use less: then nothing else moves.
const idleCPU = 0.5

// limited is the part of the names of metrics that say what share of its limit of CPU a
// service uses.
const limited = "cpu.limit_utilization"

// loopUse is the end of the names of metrics that say for what share of the time the one thread
// of an event loop is busy, in the replica where that is most.
const loopUse = "eventloop.utilization"

// idleLoop reports whether a metric says that an event loop waits for most of the time: what
// comes is served at once then. That something blocks it now and then its delay says.
func idleLoop(metric string, now float64) bool {
	return strings.HasSuffix(metric, loopUse) && now < idleCPU
}

// limitedCPU returns what share of its limit of CPU a service uses, the most that any of
// its metrics says; NaN where none does.
func (m metrics) limitedCPU(v *view, s identity.Service) float64 {
	share := math.NaN()
	for _, k := range m[s] {
		if now := v.at(k).now; strings.HasSuffix(k.Name, limited) && !(now <= share) && !math.IsNaN(now) {
			share = now
		}
	}
	return share
}

// spared returns metrics that moved without the use of CPU that leaves more than half of its
// limit, while nothing says that the service waits for CPU: it hurts nobody, and follows from
// what else moved. That is collecting garbage, waiting for a disk or for memory, and more data
// on disks or in memory where that grew by more times than the CPU did.
func spared(moved []movedMetric) []movedMetric {
	grew := 0.0
	for _, m := range moved {
		mean, host := meaningOf(m.key.Name)
		switch use := isUse(m.key.Name) && mean.per == perLoad; {
		case m.mechanism != CPU || host:
		case use && !(m.filled < idleCPU), !use && mean.grade == direct: // it waits, or is kept from its CPU
			return moved
		case use:
			grew = max(grew, m.times(mean))
		}
	}
	tells := func(m movedMetric) bool {
		switch mean, host := meaningOf(m.key.Name); m.mechanism {
		case GC, Memory:
			return !host && (mean.grade == direct || m.times(mean) > grew)
		case Disk:
			return mean.grade == direct || !host && m.times(mean) > grew
		default:
			return false
		}
	}
	if grew == 0 || !slices.ContainsFunc(moved, tells) {
		return moved
	}
	out := withoutUse(moved)
	slices.SortStableFunc(out, func(a, b movedMetric) int {
		switch x, y := tells(a), tells(b); {
		case x && !y:
			return -1
		case y && !x:
			return 1
		}
		return 0
	})
	return out
}

// withoutUse returns metrics that moved without those of the service's own use of CPU.
func withoutUse(moved []movedMetric) []movedMetric {
	return slices.DeleteFunc(slices.Clone(moved), func(m movedMetric) bool { return m.mechanism == CPU && isUse(m.key.Name) })
}

// times is how many times as much as usual a metric is, of what is usually nothing as the
// smallest rise that can hurt.
func (m movedMetric) times(mean meaning) float64 {
	now, usual := m.now, m.usual
	if usual == 0 {
		usual = mean.least
	}
	if mean.falls {
		now, usual = usual, now
	}
	return now / usual
}
