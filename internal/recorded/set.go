package recorded

import (
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Set is a recording as windows.
type Set struct {
	Name     string        // of the directory
	Window   time.Duration // length of each window
	Entry    identity.RPC  // whose latency is the symptom
	Quantile float64       // of the objective that is violated, in (0, 1)
	// Normal are the windows outside of all faults, in order of time.
	Normal    []*window.Snapshot
	Incidents []Incident
	Reported  []string // by others of such recordings, in words
	Notes     []string // what was left out or repaired, and how often
}

// Incident is one injected fault.
type Incident struct {
	Name     string       // of the fault in the recording
	Fault    string       // type, as the recording calls it
	Symptom  string       // Latency or Availability
	Entry    identity.RPC // whose symptom it is
	Quantile float64      // of the objective that is violated, in (0, 1)
	// Windows are those in which the fault acts, in order of time.
	Windows []*window.Snapshot
	// Before are windows of the same file before the onset, which may be none.
	Before   []*window.Snapshot
	Services []identity.Service // where the fault was injected
	// Mechanism is the kind of the fault: "cpu", "memory", "network", "latent" (in
	// the service, with no metric that shows it), "error_rate", "" if unknown.
	Mechanism string
}

// The symptoms of an Incident.
const (
	Latency      = "latency"
	Availability = "availability"
)
