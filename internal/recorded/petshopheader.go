package recorded

import (
	"slices"
	"strconv"
	"strings"
)

// isMetric reports whether a cell of the header names a metric that is read.
func isMetric(s string) bool {
	bare, _, _ := unitOf(s)
	switch plain(bare) {
	case Latency, "requests", Availability:
		return true
	}
	return false
}

// headerOrder returns the rows of the header as node, metric, statistic: the
// metrics are where most names of metrics are, and the statistics where most of the
// others are statistics.
func headerOrder(rows [][]string) [headerRows][]string {
	most := func(candidates []int, is func(string) bool) int {
		best, count := candidates[0], -1
		for _, k := range candidates {
			n := 0
			for _, s := range rows[k] {
				if is(s) {
					n++
				}
			}
			if n > count {
				best, count = k, n
			}
		}
		return best
	}
	metric := most([]int{1, 0, 2}, isMetric)
	rest := slices.DeleteFunc([]int{2, 1, 0}, func(k int) bool { return k == metric })
	statistic := most(rest, isStatistic)
	node := 3 - metric - statistic
	return [headerRows][]string{rows[node], rows[metric], rows[statistic]}
}

func isStatistic(s string) bool {
	_, quantile := statisticOrder(s)
	return quantile || isAverage(s) || strings.EqualFold(s, "sum")
}

func isAverage(s string) bool {
	switch plain(s) {
	case "average", "avg", "mean":
		return true
	}
	return false
}

// statisticOrder returns the order of a statistic that is a quantile, as in p99.
func statisticOrder(s string) (order float64, ok bool) {
	s = plain(s)
	if s == "median" {
		return 0.5, true
	}
	v, err := strconv.ParseFloat(strings.TrimPrefix(s, "p"), 64)
	return v / percent, err == nil && v > 0 && v < percent
}

// clockIndex returns the column with the time: the one that the header names so,
// else the first.
func clockIndex(rows [][]string) int {
	for _, row := range rows[:min(len(rows), headerRows+1)] {
		for i, s := range row {
			switch plain(s) {
			case "unix_timestamp", "timestamp", "time":
				return i
			}
		}
	}
	return 0
}
