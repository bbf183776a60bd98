package feature

import "github.com/sage-rca/sage/internal/window"

// Instead is a history of which the last row is that of another window: of several that were
// put together, say.
type Instead struct {
	*History
	last map[Key]float64
}

// Instead returns h with the columns of s as its last row. It reads h, which must not be
// changed while it is in use. A column that s has no value for keeps that of h.
func (h *History) Instead(s *window.Snapshot) *Instead {
	x := &Instead{History: h, last: make(map[Key]float64)}
	columns(h.unmixed(s), func(k Key, v float64) { x.last[k] = v })
	return x
}

// Value returns a value, NaN where it is missing.
func (x *Instead) Value(k Key, row int) float64 {
	if row == x.Len()-1 {
		if v, ok := x.last[k]; ok {
			return v
		}
	}
	return x.History.Value(k, row)
}
