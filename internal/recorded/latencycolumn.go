package recorded

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// latencyColumn is a column with one quantile of a latency.
type latencyColumn struct {
	order float64 // in (0, 1)
	at    int     // index
	unit  float64 // in ns
}

// latencyColumns finds the columns <prefix>P<order>(<unit>), by ascending order,
// and notes those that have no unit.
func latencyColumns(t *table, prefix string, n notes) []latencyColumn {
	if prefix == "" {
		return nil
	}
	pattern := regexp.MustCompile("^" + regexp.QuoteMeta(plain(prefix)) + `p([0-9]+(?:\.[0-9]+)?)$`)
	var out []latencyColumn
	for i, h := range t.header {
		bare, unit, known := unitOf(h)
		m := pattern.FindStringSubmatch(plain(bare))
		if m == nil {
			continue
		}
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil || v <= 0 || v >= percent {
			continue
		}
		if !known {
			n.at("latencies not read, since their columns have no unit: name it as in "+prefix+"P99(s)", fmt.Sprintf("%s column %d (%s)", t.name, i+1, h))
			continue
		}
		out = append(out, latencyColumn{v / percent, i, unit})
	}
	slices.SortStableFunc(out, func(a, b latencyColumn) int { return cmp.Compare(a.order, b.order) })
	return slices.CompactFunc(out, func(a, b latencyColumn) bool { return a.order == b.order })
}
