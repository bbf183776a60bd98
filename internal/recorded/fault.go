package recorded

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/identity"
)

// fault is one line of a fault list of Nezha's format.
type fault struct {
	at   time.Time
	pod  string
	kind string
}

// How long around an injection windows are normal, faulty or neither, by the end
// of the window: the set's authors inject for about three minutes, what a window
// shows lags behind, and so does recovery.
const (
	faultBegins = 30 * time.Second
	faultEnds   = 240 * time.Second
	normalUntil = -10 * time.Second
	normalFrom  = 300 * time.Second
)

// within reports whether t, in ns since 1970, lies from to until the injection.
func (f fault) within(t int64, from, to time.Duration) bool {
	d := time.Duration(t - f.at.UnixNano())
	return d >= from && d <= to
}

// acts reports whether a window that ends at t shows the fault.
func (f fault) acts(t int64) bool { return f.within(t, faultBegins, faultEnds) }

// outside reports whether a window that ends at t shows none of the faults.
func outside(faults []fault, t int64) bool {
	return !slices.ContainsFunc(faults, func(f fault) bool { return f.within(t, normalUntil, normalFrom) })
}

// mechanisms maps parts of the names of faults, and of the metrics that they show
// in, to mechanisms. The first that fits holds.
var mechanisms = []struct{ part, mechanism string }{
	{"cpu", "cpu"}, {"mem", "memory"}, {"network", "network"}, {"disk", "disk"},
}

// mechanismLatent is that of a fault in the code of a service.
const mechanismLatent = "latent"

// mechanism returns the kind of the fault by its type, else by the metric that it
// shows in according to the root causes of the recording. What is neither is in
// the code.
func (f fault) mechanism(causes rootCauses) string {
	for _, text := range [...]string{f.kind, causes[workload(f.pod)][f.kind]} {
		for _, m := range mechanisms {
			if strings.Contains(strings.ToLower(text), m.part) {
				return m.mechanism
			}
		}
	}
	return mechanismLatent
}

// rootCauses name the metric or the region of code in which a fault shows, by
// service and type.
type rootCauses map[string]map[string]string

// readRootCauses reads all root_cause_*.json of dir, of which there may be none.
func readRootCauses(dir string) (rootCauses, error) {
	files, err := filepath.Glob(filepath.Join(dir, "root_cause_*.json"))
	if err != nil {
		return nil, err
	}
	out := rootCauses{}
	for _, file := range files {
		if err := readJSON(file, &out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// incident returns the fault as one, without windows.
func (f fault) incident(causes rootCauses) Incident {
	return Incident{
		Name:      f.at.Format(time.TimeOnly) + " " + f.pod,
		Fault:     f.kind,
		Symptom:   Latency,
		Services:  []identity.Service{{Name: workload(f.pod)}},
		Mechanism: f.mechanism(causes),
	}
}
