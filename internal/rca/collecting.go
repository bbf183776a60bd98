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
func causes(moved []movedMetric) []movedMetric {
	collects := slices.ContainsFunc(moved, func(m movedMetric) bool { return m.mechanism == GC })
	short := func(m movedMetric) bool {
		if m.mechanism != Memory {
			return false
		}
		_, host := meaningOf(m.key.Name)
		ofLimit := strings.HasSuffix(m.key.Name, "utilization") && !strings.Contains(m.key.Name, "request")
		return !host && (collects || ofLimit && m.now >= full)
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
