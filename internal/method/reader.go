package method

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
)

// reader reads columns of a history, split at the onset. It is not safe for
// concurrent use; the history that it reads is not changed.
type reader struct {
	h      *feature.History
	normal []bool // by row: before the onset, and not violated
	onset  int    // first row from the onset on
	column []float64
	base   []float64
	after  []float64
}

// newReader takes rows from onset on to be abnormal, at least the last one.
func newReader(h *feature.History, onset int64) *reader {
	r := &reader{h: h, normal: make([]bool, h.Len()), onset: h.Len() - 1}
	for row := range h.Len() - 1 {
		if onset > 0 && h.Start(row) >= onset {
			r.onset = row
			break
		}
		r.normal[row] = h.Health(row) != feature.Violated
	}
	return r
}

// raw undoes the logarithm in which a kind of column is kept.
func raw(k feature.Kind, v float64) float64 {
	switch k {
	case feature.Latency, feature.Exclusive, feature.Calls, feature.Overlap:
		return math.Exp(v)
	case feature.Load:
		return math.Expm1(v)
	case feature.Metric, feature.Errors:
	}
	return v
}

// values returns a column by row in its raw unit (seconds, requests per second,
// shares, the metric's own), NaN where missing. It appends to dst.
func (r *reader) values(k feature.Key, dst []float64) []float64 {
	from := len(dst)
	dst = r.h.Column(k, dst)
	for i, v := range dst[from:] {
		dst[from+i] = raw(k.Kind, v)
	}
	return dst
}

// split returns the values of a column in its raw unit over normal and over
// abnormal rows, without those that are missing. Both are valid until the next
// call and may be reordered.
func (r *reader) split(k feature.Key) (base, after []float64) {
	r.column = r.values(k, r.column[:0])
	r.base, r.after = r.base[:0], r.after[:0]
	for row, v := range r.column {
		switch {
		case math.IsNaN(v):
		case row >= r.onset:
			r.after = append(r.after, v)
		case r.normal[row]:
			r.base = append(r.base, v)
		}
	}
	return r.base, r.after
}

// minBaseline is the number of normal values below which nothing is said of a
// column.
const minBaseline = 3

// level is one column in the violated window beside its normal range, as it is
// kept: in logs where it is.
type level struct {
	now, usual, spread float64 // NaN where missing
	known              bool    // both sides
}

// z is (now - usual) / spread, NaN where one side is missing.
func (l level) z() float64 {
	if !l.known {
		return math.NaN()
	}
	return (l.now - l.usual) / l.spread
}

// level describes a column by median and IQR of normal rows (feature.Describe).
func (r *reader) level(k feature.Key) level {
	r.column = r.h.Column(k, r.column[:0])
	r.base = r.base[:0]
	for row, v := range r.column[:r.onset] {
		if r.normal[row] && !math.IsNaN(v) {
			r.base = append(r.base, v)
		}
	}
	now := r.column[len(r.column)-1]
	b := feature.Describe(k.Kind, r.base)
	return level{now: now, usual: b.Median, spread: b.Spread, known: b.N >= minBaseline && !math.IsNaN(now)}
}
