// Package incident keeps the lifecycle of incidents: open, update, resolve,
// expire. It decides which records leave and with which identity; how they look
// on the wire is internal/report's.
//
// An incident is one run of violations of one objective on one operation. Its ID
// follows from these and the onset of the run, and its sequence numbers count
// from 1, so that a reader that sees an event twice can tell.
package incident

import (
	"time"

	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// Phase is the state of an incident (attribute rca.incident.state).
type Phase string

// The phases.
const (
	Open     Phase = "open"
	Update   Phase = "update"
	Resolved Phase = "resolved"
	Expired  Phase = "expired"
)

// Reason of an update (attribute rca.incident.update_reason).
type Reason string

// The reasons.
const (
	RootChanged       Reason = "root_changed"
	LevelChanged      Reason = "level_changed" // a ticket has become a page
	ConfidenceChanged Reason = "confidence_changed"
	ImpactChanged     Reason = "impact_changed"
	Heartbeat         Reason = "heartbeat"
)

// Event is one transition of one incident: it becomes one rca.incident record,
// and one rca.root_cause record per candidate where it is an open or an update.
// It shares slices with later events of the incident: nobody may change them.
type Event struct {
	ID       string // at most 100 characters, stable over the incident's life
	Sequence int    // 1..n
	Phase    Phase
	Reason   Reason    // of an Update
	Time     time.Time // end of the window that caused it (event time)
	Start    time.Time // onset
	End      time.Time // zero while open
	SLO      slo.State
	// Verdict is the last that named a cause, an abstention where none did.
	Verdict  rca.Verdict
	Exemplar window.Exemplar // slowest request of the entry in the violated windows
	Baseline window.Exemplar // usual request of the entry before, zero where none is known
	Requests float64         // since onset
	Bad      float64
}

// Config are the rules of the lifecycle.
type Config struct {
	// HeartbeatEvery is the event time after which an open incident repeats
	// itself; never where it is not positive.
	HeartbeatEvery time.Duration
	// ExpireAfter is the event time after which an open incident expires; never
	// where it is not positive.
	ExpireAfter time.Duration
	// MaxOpen bounds the incidents that are open at once.
	MaxOpen int
}
