package feature

// A history is bounded in values: maxColumns columns of capacity rows. A system of more
// columns is better known for a shorter time than in part, since whatever has no column
// cannot be the cause of anything. So where there are more columns the record gets shorter,
// in steps of an eighth, that it be cut seldom.

// steps is the number of steps in which a record gets shorter.
const steps = 8

// leastRows is what is left of a record at least that is shortened: fewer say too little of
// what is usual. A new column for which it would have to be shorter is refused.
const leastRows = 256

// room returns the rows that there may be of so many columns, 0 where there is no room for
// these.
func (h *History) room(columns int) int {
	if columns <= h.maxColumns {
		return h.capacity
	}
	rows := h.capacity * (steps * h.maxColumns / columns) / steps
	if rows < leastRows {
		return 0
	}
	return rows
}

// resize makes the rings n long, with the last rows in them, and drops the columns that
// then hold nothing.
func (h *History) resize(n int) {
	kept := min(h.length, n)
	first := h.length - kept
	starts, health := make([]int64, n), make([]Health, n)
	for row := range kept {
		starts[row], health[row] = h.Start(first+row), h.Health(first+row)
	}
	for k, c := range h.columns {
		ring := missing(n)
		c.present = 0
		for row := range kept {
			if v := c.ring[h.at(first+row)]; v == v {
				ring[row] = v
				c.present++
			}
		}
		c.ring = ring
		if c.present == 0 {
			delete(h.columns, k)
			h.keys = nil
		}
	}
	h.starts, h.health, h.head, h.length, h.periods = starts, health, 0, kept, nil
}
