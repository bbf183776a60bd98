// Package incident keeps the lifecycle of incidents: open, update, resolve,
// expire. It decides which records leave and with which identity; how they look
// on the wire is internal/report's.
//
// An incident is one run of violations of one objective on one operation, with those
// runs that share its root cause meanwhile: its parts (merge.go). Its ID follows
// from the objective, the operation and the onset of the run, and its sequence
// numbers count from 1, so that a reader that sees an event twice can tell.
package incident

import (
	"time"

	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/identity"
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
	Frozen            Reason = "frozen" // its objective is not measured any more
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
	// Onset is an estimate of when what is wrong began, zero where none is known. Start
	// is a fact, of the first window that the rules take for violated.
	Onset Onset
	// Parts are the objectives that are hurt by the same cause: merged so far, sorted.
	Parts []Part
	// Raised says that a part is worth a page, which the objective itself is not.
	Raised bool
	// MergedInto is the ID of the incident of which a Resolved one is a part from now on.
	MergedInto string
	// Recurrence counts the incidents of the same objective with the same root cause
	// that ended within the last 7 days.
	Recurrence int
	// Frozen is the time since which the objective is not measured, zero where it is.
	Frozen time.Time
	// Verdict is the last that named a cause, an abstention where none did, with what parts
	// blame beyond it.
	Verdict rca.Verdict
	// Others are the culprits, the last ones of Verdict, that parts alone blame. What is
	// supposed of the tail does not suppose that they are normal.
	Others int
	// Changes are what changed before, with its culprits or on the way to them; after an
	// abstention, below the entry.
	Changes  []Linked
	Exemplar window.Exemplar // slowest request of the entry in the violated windows
	Baseline window.Exemplar // usual request of the entry before, zero where none is known
	// Slow are the slowest requests of violated windows, one of each, and Usual the latest
	// usual ones before: at most MaxTraces, Exemplar and Baseline among them.
	Slow, Usual []window.Exemplar
	Requests    float64 // since onset
	Bad         float64
}

// Part is an objective on an operation that is hurt by an incident of another.
type Part struct {
	SLO string
	RPC identity.RPC
}

// Onset is an estimate of when what is wrong began: with 90 % between Earliest and
// Latest.
type Onset struct{ Time, Earliest, Latest time.Time }

// Known reports whether there is an estimate.
func (o Onset) Known() bool { return !o.Time.IsZero() }

// Linked is a change that came before an incident.
type Linked struct {
	Change  change.Change
	Culprit bool // it changed the first culprit itself
	// Compared says how the two versions serve side by side, where they do.
	Compared *change.Comparison
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
