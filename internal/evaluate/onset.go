package evaluate

import (
	"time"

	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/rca"
)

// onset says from when on a method takes windows for abnormal.
type onset uint8

// The onsets. The engine's is the first violated window of the run.
const (
	estimated onset = iota
	known
	late
)

// lateBy is how late the late onset is.
const lateBy = 60 * time.Second

// told is a method that is told another onset than the engine's.
type told struct {
	named
	onset onset
}

func tell(m method.Method, o onset, name string) told { return told{named{m, name}, o} }

// moved returns the question as the method is to see it, given the true onset.
func (t told) moved(q rca.Input, began int64) rca.Input {
	switch t.onset {
	case known:
		q.Onset = min(began, q.Snapshot.Start)
	case late:
		q.Onset = min(began+int64(lateBy), q.Snapshot.Start)
	case estimated:
	}
	return q
}
