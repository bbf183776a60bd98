package ingest

import (
	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/window"
)

// losses add up what is found when windows close, to be reported once no lock
// is held.
type losses struct {
	counts  [callgraph.NumReasons]int
	late    int
	windows int // refused
}

// take moves what f has counted to l.
func (l *losses) take(f *window.Folder) {
	for r, n := range f.Counts() {
		l.counts[r] += n
	}
	l.late += f.Late()
}

func (l *losses) report(o Observer) {
	if l.late > 0 {
		o.SpansRefused("late", l.late)
	}
	for range l.windows {
		o.WindowRefused()
	}
	for k, n := range l.counts {
		r := callgraph.Reason(k)
		switch {
		case n == 0:
		case r == callgraph.ReasonInvalidID, r == callgraph.ReasonDuplicate, r == callgraph.ReasonTraceLimit:
			o.SpansRefused(r.String(), n)
		default:
			o.SpansNoted(r.String(), n)
		}
	}
}
