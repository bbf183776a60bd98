package feature

// period is a period of which the normal rows are known.
type period struct {
	since, before int64
	runs          []run
}

// run is a part of the rings, of rows that follow each other.
type run struct{ from, to int }

// mostPeriods is how many periods are remembered: the three that Renew compares.
const mostPeriods = 3

// runs returns where the normal rows of a period are. The columns have them in common,
// so that they are remembered until rows change.
func (h *History) runs(since, before int64) []run {
	for _, p := range h.periods {
		if p.since == since && p.before == before {
			return p.runs
		}
	}
	var out []run
	row := 0
	for since != 0 && row < h.length && h.starts[h.at(row)] < since {
		row++
	}
	for ; row < h.length; row++ {
		i := h.at(row)
		if h.starts[i] >= before {
			break
		}
		if h.health[i] == Violated {
			continue
		}
		if last := len(out) - 1; last >= 0 && out[last].to == i {
			out[last].to++
		} else {
			out = append(out, run{i, i + 1})
		}
	}
	if len(h.periods) >= mostPeriods {
		h.periods = nil
	}
	h.periods = append(h.periods, period{since, before, out})
	return out
}
