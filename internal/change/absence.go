package change

import (
	"time"

	"github.com/sage-rca/sage/internal/identity"
)

// Rules of absence.
const (
	minUnanswered = 5   // calls of a window, below which they say nothing
	minFailed     = 0.5 // share of them that failed
)

// Absence is a service that was there, serves nothing in the last window, and is called
// all the same.
type Absence struct {
	Since         time.Time // start of the first window in which it served nothing
	Calls, Failed float64   // of the last window
}

// Absent reports whether a service is absent after the last window: it has served in enough windows, serves none, and most of at least
// five calls to it fail. A call that succeeds was answered by somebody whose spans
// are lost.
func (l *Ledger) Absent(s identity.Service) (Absence, bool) {
	v := l.services[s]
	if v == nil || v.Age < l.cfg.Confirm || v.Silent == 0 || v.calls.count < minUnanswered || v.calls.failed < minFailed*v.calls.count {
		return Absence{}, false
	}
	return Absence{Since: moment(v.Last + l.size), Calls: v.calls.count, Failed: v.calls.failed}, true
}
