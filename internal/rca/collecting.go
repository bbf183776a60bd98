package rca

import (
	"slices"
	"strings"
)

// full is the share of its limit from which on memory is short.
const full = 0.9

// causes returns metrics that moved, the most telling first, without what is only a
// consequence of others: who runs out of memory spends its CPU on collecting garbage
// and on reading pages again, while who lacks CPU retains no more memory than before.
// Memory is short where it is near its limit, or where more of it goes along with more
// collecting, and nothing keeps the process from its CPU: requests that queue for that
// keep memory, too.
func causes(moved []movedMetric) []movedMetric {
	has := func(mechanism Mechanism, is func(name string) bool) bool {
		return slices.ContainsFunc(moved, func(m movedMetric) bool { return m.mechanism == mechanism && is(m.key.Name) })
	}
	collects := has(GC, func(string) bool { return true }) && !has(CPU, isThrottled)
	short := func(m movedMetric) bool {
		return m.mechanism == Memory && (collects || nearLimit(m))
	}
	if !slices.ContainsFunc(moved, short) {
		return moved
	}
	out := slices.DeleteFunc(slices.Clone(moved), func(m movedMetric) bool { return m.mechanism == CPU && isUse(m.key.Name) })
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

// nearLimit reports whether memory is as good as full. What was asked for is no limit, and
// the memory of the host not the service's.
func nearLimit(m movedMetric) bool {
	_, host := meaningOf(m.key.Name)
	return !host && m.now >= full && strings.HasSuffix(m.key.Name, "utilization") && !strings.Contains(m.key.Name, "request")
}

// isThrottled reports whether a metric says that a process is kept from its CPU.
func isThrottled(metric string) bool { return strings.Contains(metric, "throttl") }
