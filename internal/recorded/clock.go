package recorded

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// layouts are those of times in recordings; a fraction is accepted by all of them.
// What has no zone is UTC.
var layouts = [...]string{
	"2006-01-02 15:04:05 -0700 MST", time.RFC3339, "2006-01-02 15:04:05",
	"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05",
	"2006-01-02T15:04:05-0700", "2006/01/02 15:04:05", "2006-01-02 15:04",
}

// parseTime reads a time as the recordings write it: UTC, with or without a
// fraction, a zone and what Go prints of a monotonic clock.
func parseTime(s string) (time.Time, error) {
	s, _, _ = strings.Cut(s, " m=")
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil && usable(t) {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write it as 2006-01-02 15:04:05, in UTC", s)
}

// usable reports whether a time can be told in nanoseconds since 1970.
func usable(t time.Time) bool { return t.Year() >= 1970 && t.Year() < 2200 }

// parseClock reads a time as parseTime does, or one that is a number, see epoch.
func parseClock(s string) (time.Time, error) {
	if v, err := strconv.ParseFloat(s, 64); err == nil {
		if ns, ok := epoch(v); ok {
			return time.Unix(0, ns).UTC(), nil
		}
	}
	return parseTime(s)
}

// epoch returns the ns of a time since 1970 that is given in seconds, or in ms, µs
// or ns: seconds as large as those are further in the future than any recording.
func epoch(v float64) (ns int64, ok bool) {
	if !(v >= 0) || v > math.MaxInt64/2 {
		return 0, false
	}
	factor := nsPerSecond
	for _, limit := range [...]float64{1e11, 1e14, 1e17} {
		if v >= limit {
			factor /= 1e3
		}
	}
	whole, part := math.Modf(v)
	if whole*factor > math.MaxInt64/2 {
		return 0, false
	}
	return int64(whole)*int64(factor) + int64(math.Round(part*factor)), true
}

// clockColumn returns the column that says when the rows were written: Time, and
// where there is none or nothing in it is a time, TimeStamp, which is wrong in
// places.
func (t *table) clockColumn(n notes) (int, error) {
	at := t.column(colTime)
	for _, row := range t.rows {
		if at >= 0 && at < len(row) {
			if _, err := parseClock(row[at]); err == nil {
				return at, nil
			}
		}
	}
	if stamp := t.column(colTimeStamp); stamp >= 0 {
		if len(t.rows) > 0 {
			n.at("files without a time in "+colTime+", of which "+colTimeStamp+" is read", t.name)
		}
		return stamp, nil
	}
	if at >= 0 {
		return at, nil
	}
	return -1, fmt.Errorf("%s: no column %s (as 2006-01-02 15:04:05, in UTC) among %q: its rows have no time", t.name, colTime, t.header[:min(len(t.header), maxNamed)])
}
