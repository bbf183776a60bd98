package incident

import "time"

// frozenAfter is the number of windows without a measurement after which an incident
// is said to be frozen: neither goes it on nor is it over, for all that is known.
const frozenAfter = 3

// Pause is how long an objective has not been measured. Its fields are persisted.
type Pause struct {
	Measured int64 // end of the last window that was, ns
	Windows  int   // in a row that were not
	Longest  int   // such row that has ended
}

// pause takes in a window, and reports whether the incident is frozen with it: after
// twice the longest pause that it has come back from, so that an operation with
// few requests does not flap.
func (p *Pause) pause(now int64, measured bool) bool {
	if measured {
		p.Longest = max(p.Longest, p.Windows)
		p.Measured, p.Windows = now, 0
		return false
	}
	p.Windows++
	return p.Windows == p.patience()
}

func (p *Pause) patience() int { return max(frozenAfter, 2*p.Longest+1) }

// frozen returns the time since which nothing was measured, zero where that is not
// long.
func (p *Pause) frozen() time.Time {
	if p.Windows < p.patience() {
		return time.Time{}
	}
	return time.Unix(0, p.Measured).UTC()
}

func frozen(is bool) Reason {
	if is {
		return Frozen
	}
	return ""
}
