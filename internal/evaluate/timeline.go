package evaluate

import (
	"time"

	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// Timeline is one system as it was seen, window by window, with what was done to
// it: the input of Stream.
type Timeline struct {
	Name      string
	Window    time.Duration
	Snapshots []*window.Snapshot
	Objective slo.Objective
	Episodes  []Episode
	// Without holds the true tail without the faults by start of the window, in
	// seconds; nil where nobody knows.
	Without map[int64]float64
}

// Episode is one thing that was done: an incident, or a decoy, which must raise
// nothing.
type Episode struct {
	Truth      Truth
	Decoy      bool
	Taught     bool  // there to learn from, not to be judged
	Start, End int64 // ns since 1970
	// Violated says whether users were hurt: whether the rule of the objective held for
	// what they truly waited. Without a truth it is taken for granted.
	Violated bool
}

// covers reports whether a window that begins at start shows the episode, or what
// is left of it: queues take some windows to drain.
func (e *Episode) covers(start int64, size time.Duration) bool {
	return start > e.Start-int64(size) && start < e.End+drain*int64(size)
}

// learned returns the number of windows before the first episode that is judged.
func (t *Timeline) learned() int {
	for i := range t.Episodes {
		if e := &t.Episodes[i]; !e.Taught && !e.Decoy {
			return int((e.Start - t.Snapshots[0].Start) / int64(t.Window))
		}
	}
	return len(t.Snapshots)
}

// drain is the number of windows after an episode that may still show it.
const drain = 4
