package ingest

import (
	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/window"
)

// sink is a folder that also counts what its call graph has to say. Its shard's
// lock guards it.
type sink struct {
	*window.Folder
	counts [callgraph.NumReasons]int
}

// Counted implements callgraph.Sink.
func (s *sink) Counted(r callgraph.Reason, n int) { s.counts[r] += n }

// losses add up what the sinks of all shards have counted.
type losses struct {
	counts [callgraph.NumReasons]int
	late   int
}

// take moves what s has counted to l.
func (l *losses) take(s *sink) {
	for r, n := range s.counts {
		l.counts[r] += n
	}
	s.counts = [callgraph.NumReasons]int{}
	if f, ok := any(s.Folder).(interface{ Late() int }); ok {
		l.late += f.Late()
	}
}

func (l *losses) report(o Observer) {
	if l.late > 0 {
		o.SpansRefused("late", l.late)
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
