// Package feature turns snapshots into the columns that models are fitted to,
// keeps a bounded history of them, and knows what is normal.
//
// A column is keyed by what it measures, so that it survives changes of the
// causal graph. Missing is NaN, never zero.
package feature

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Health says whether a window met its objectives.
type Health uint8

// The healths.
const (
	Unknown  Health = iota // near the objective, or not measured yet
	Healthy                // well within the objective
	Violated               // not normal: never learned from as such
)

// History is a bounded, columnar record of windows: one ring of float32 per key.
// It is not safe for concurrent use; Clone gives a reader its own.
type History struct {
	window     time.Duration
	capacity   int
	maxColumns int
	refused    int
	unkept     map[identity.Service]unkept // of which values were refused lately
	renewed    int64                       // see Renew

	head    int // ring position of row 0
	length  int
	starts  []int64
	health  []Health
	columns map[Key]*column
	keys    []Key    // sorted; nil where to be sorted again
	order   order    // memory of Baseline
	periods []period // of Baseline, of the rows as they are
}

// column is one ring, how many of its values are not missing, and where its quartiles were.
type column struct {
	ring      []float32
	present   int
	quartiles brackets
}

// NewHistory returns a history of at most windows rows of maxColumns columns. Of more
// columns it keeps fewer rows, see room.go. It panics unless all arguments are positive.
func NewHistory(window time.Duration, windows, maxColumns int) *History {
	if window <= 0 || windows <= 0 || maxColumns <= 0 {
		panic("feature: window, rows and columns must be positive")
	}
	return &History{
		window: window, capacity: windows, maxColumns: maxColumns,
		columns: make(map[Key]*column),
	}
}

// Window returns the length of a window.
func (h *History) Window() time.Duration { return h.window }

// Len returns the number of rows.
func (h *History) Len() int { return h.length }

// Refused returns how many values were left out because of the bound of columns.
func (h *History) Refused() int { return h.refused }

// Start returns the start of a row's window, in ns since 1970.
func (h *History) Start(row int) int64 { return h.starts[h.at(row)] }

// Health returns what SetHealth has set, Unknown at first.
func (h *History) Health(row int) Health { return h.health[h.at(row)] }

// SetHealth says whether the window of a row met its objectives.
func (h *History) SetHealth(row int, v Health) {
	h.health[h.at(row)] = v
	h.periods = nil
}

// at returns the position of a row in the rings. It panics for a row that is not there.
func (h *History) at(row int) int {
	if row < 0 || row >= h.length {
		panic("feature: no such row")
	}
	return (h.head + row) % len(h.starts)
}

// Value returns a value, NaN where it is missing.
func (h *History) Value(k Key, row int) float64 {
	i := h.at(row)
	if c := h.columns[k]; c != nil {
		return float64(c.ring[i])
	}
	return math.NaN()
}

// Column appends the values of a key, oldest first, to dst.
func (h *History) Column(k Key, dst []float64) []float64 {
	c := h.columns[k]
	for row := range h.length {
		v := math.NaN()
		if c != nil {
			v = float64(c.ring[h.at(row)])
		}
		dst = append(dst, v)
	}
	return dst
}

// Keys returns the keys of all columns, sorted. The caller must not change them.
func (h *History) Keys() []Key {
	if h.keys == nil {
		h.keys = slices.SortedFunc(maps.Keys(h.columns), Key.Compare)
	}
	return h.keys
}

// Append adds the row of a snapshot, and drops the oldest row where there is no
// room, and the columns that then hold nothing. Rows that do not start before s
// are dropped first: where time was set back, as by a second replay, the record
// is of the past only.
func (h *History) Append(s *window.Snapshot) {
	for h.length > 0 && h.Start(h.length-1) >= s.Start {
		h.pop()
	}
	h.forgetAround(s)
	i := h.push()
	h.starts[i], h.health[i] = s.Start, Unknown
	h.forgive(s.Start)
	columns(h.unmixed(s), func(k Key, v float64) {
		f := float32(v)
		if f != f || math.IsInf(float64(f), 0) {
			return
		}
		c := h.columns[k]
		if c == nil {
			rows := h.room(len(h.columns) + 1)
			if rows == 0 {
				h.leaveOut(k, s.Start)
				return
			}
			if rows < len(h.starts) {
				h.resize(rows)
				i = h.at(h.length - 1)
			}
			c = &column{ring: missing(len(h.starts))}
			h.columns[k] = c
			h.keys = nil
		}
		if c.ring[i] != c.ring[i] {
			c.present++
		}
		c.ring[i] = f
	})
}

// push makes room for a row, all of it missing, and returns its position.
func (h *History) push() int {
	h.periods = nil
	if rows := h.room(len(h.columns)); h.length == len(h.starts) && h.length < rows {
		h.resize(min(rows, max(64, 2*len(h.starts))))
	}
	if h.length < len(h.starts) {
		h.length++
		return h.at(h.length - 1)
	}
	i := h.head
	h.head = (h.head + 1) % len(h.starts)
	h.clear(i)
	return i
}

// pop drops the last row.
func (h *History) pop() {
	h.clear(h.at(h.length - 1))
	h.length--
	h.periods = nil
}

// clear makes all values at a position of the rings missing, and drops the
// columns that then hold nothing.
func (h *History) clear(i int) {
	for k, c := range h.columns {
		if c.ring[i] == c.ring[i] {
			c.present--
			c.ring[i] = float32(math.NaN())
		}
		if c.present == 0 {
			delete(h.columns, k)
			h.keys = nil
		}
	}
}

// missing returns n missing values.
func missing(n int) []float32 {
	r := make([]float32, n)
	for i := range r {
		r[i] = float32(math.NaN())
	}
	return r
}

// Clone returns a copy that shares nothing with h.
func (h *History) Clone() *History {
	c := *h
	c.starts = slices.Clone(h.starts)
	c.health = slices.Clone(h.health)
	c.keys, c.order, c.periods = nil, order{}, nil
	c.unkept = maps.Clone(h.unkept)
	c.columns = make(map[Key]*column, len(h.columns))
	for k, v := range h.columns {
		c.columns[k] = &column{ring: slices.Clone(v.ring), present: v.present}
	}
	return &c
}
