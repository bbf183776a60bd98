package recorded

import (
	"math"
	"strconv"
	"strings"
)

// cell returns a number, NaN where there is none: a blank, "NaN", a short row, a
// column -1.
func cell(row []string, column int) float64 {
	if column < 0 || column >= len(row) {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(row[column], 64)
	if err != nil || math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// blank reports whether a cell says in one of the usual ways that nothing was
// measured.
func blank(s string) bool {
	switch strings.ToLower(s) {
	case "", "nan", "null", "none", "n/a", "na", "-":
		return true
	}
	return false
}

// The most that a latency, in ns, and another number may be: ten days or so, and
// what can still be counted.
const (
	mostLatency = 1e15
	mostNumber  = 1e18
)

// doubtful returns why a cell cannot be used, "" where it can or is missing.
func doubtful(s string, most float64) string {
	if blank(s) {
		return ""
	}
	switch v, err := strconv.ParseFloat(s, 64); {
	case math.IsInf(v, 0): // out of range too
		return "cells that are infinite, taken as missing"
	case err != nil:
		return "cells that are no number, taken as missing"
	case v < 0:
		return "cells below zero, taken as missing"
	case v > most:
		return "cells too large to be true, taken as missing"
	}
	return ""
}

// clean makes cells of some columns that cannot be used missing, and notes them:
// nothing that is recorded can be less than nothing, or more than most.
func (t *table) clean(columns []int, most float64, n notes) {
	for i, row := range t.rows {
		for _, c := range columns {
			if c < 0 || c >= len(row) {
				continue
			}
			if why := doubtful(row[c], most); why != "" {
				n.at(why, t.where(i, c))
				row[c] = ""
			}
		}
	}
}
