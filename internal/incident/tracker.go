package incident

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// Tracker holds the open incidents. It is not safe for concurrent use.
type Tracker struct {
	cfg     Config
	open    map[key]*incident
	refused int
}

// key is what an incident is about: at most one is open for it.
type key struct {
	slo string
	rpc identity.RPC
}

func (k key) compare(o key) int { return cmp.Or(cmp.Compare(k.slo, o.slo), k.rpc.Compare(o.rpc)) }

// incident is one that is open. Its fields are persisted.
type incident struct {
	Last    Event // as it was last said
	Said    int64 // event time of Last, ns
	Opened  int64
	Pending string // root that stood in the last verdict and not yet in Last
}

// NewTracker returns a tracker without incidents.
func NewTracker(cfg Config) *Tracker { return &Tracker{cfg: cfg, open: make(map[key]*incident)} }

// Refused returns how many incidents were not opened because of MaxOpen.
func (t *Tracker) Refused() int { return t.refused }

// Open returns the number of open incidents.
func (t *Tracker) Open() int { return len(t.open) }

// Observe takes in the state of an objective after the window that ended at now,
// with a verdict where one was given, and returns what is to be said.
func (t *Tracker) Observe(now int64, s slo.State, v *rca.Verdict, slow, typical window.Exemplar) []Event {
	k := key{s.Objective.Name, s.RPC}
	in := t.open[k]
	switch {
	case in == nil && s.Firing:
		return t.start(k, now, s, v, slow, typical)
	case in == nil:
		return nil
	}
	in.take(s, slow, typical)
	if !s.Firing {
		delete(t.open, k)
		return []Event{in.say(now, Resolved, "")}
	}
	if v == nil {
		return nil
	}
	if reason := in.judge(*v); reason != "" {
		return []Event{in.say(now, Update, reason)}
	}
	return nil
}

// Tick returns the heartbeats and expiries that are due at now.
func (t *Tracker) Tick(now int64) []Event {
	var out []Event
	for _, k := range slices.SortedFunc(maps.Keys(t.open), key.compare) {
		in := t.open[k]
		switch {
		case t.cfg.ExpireAfter > 0 && now-in.Opened >= int64(t.cfg.ExpireAfter):
			delete(t.open, k)
			out = append(out, in.say(now, Expired, ""))
		case t.cfg.HeartbeatEvery > 0 && now-in.Said >= int64(t.cfg.HeartbeatEvery):
			out = append(out, in.say(now, Update, Heartbeat))
		}
	}
	return out
}

func (t *Tracker) start(k key, now int64, s slo.State, v *rca.Verdict, slow, typical window.Exemplar) []Event {
	if len(t.open) >= t.cfg.MaxOpen {
		t.refused++
		return nil
	}
	in := &incident{Opened: now, Last: Event{ID: id(k, s.Onset), Start: time.Unix(0, s.Onset).UTC()}}
	in.take(s, slow, typical)
	in.Last.Verdict = rca.Verdict{Abstained: true, Reason: "not judged yet"}
	if v != nil {
		in.Last.Verdict = *v
	}
	t.open[k] = in
	return []Event{in.say(now, Open, "")}
}

// take notes a window.
func (in *incident) take(s slo.State, slow, typical window.Exemplar) {
	in.Last.SLO = s
	if s.Measured {
		in.Last.Requests += s.Count
		in.Last.Bad += s.Count * s.BadRatio
	}
	if s.Violated && slow.Duration > in.Last.Exemplar.Duration {
		in.Last.Exemplar = slow
	}
	if typical != (window.Exemplar{}) && !s.Violated || in.Last.Baseline == (window.Exemplar{}) {
		in.Last.Baseline = typical
	}
}

// say returns the next event of the incident.
func (in *incident) say(now int64, p Phase, r Reason) Event {
	in.Last.Sequence++
	in.Last.Phase, in.Last.Reason = p, r
	in.Last.Time = time.Unix(0, now).UTC()
	if p == Resolved || p == Expired {
		in.Last.End = in.Last.Time
	}
	in.Said = now
	return in.Last
}

// judge takes in a verdict and returns why it is worth an update, "" where it is
// not. A new root must stand in two verdicts in a row, unless there was none:
// readers are paged by updates. An abstention takes back nothing.
func (in *incident) judge(v rca.Verdict) Reason {
	if v.Abstained {
		return ""
	}
	before := in.Last.Verdict
	next := roots(v)
	if next != roots(before) {
		if !before.Abstained && in.Pending != next {
			in.Pending = next
			return ""
		}
		in.Pending = ""
		in.Last.Verdict = v
		return RootChanged
	}
	in.Pending = ""
	changed := band(confidence(v)) != band(confidence(before))
	in.Last.Verdict = v
	if changed {
		return ConfidenceChanged
	}
	return ""
}

// roots names the culprit set, whatever its order.
func roots(v rca.Verdict) string {
	names := make([]string, 0, len(v.Culprits))
	for _, c := range v.Culprits {
		names = append(names, fmt.Sprintf("%q %q %q %q %q", c.Kind, c.Service, c.Instance, c.Edge, c.Mechanism))
	}
	slices.Sort(names)
	return fmt.Sprint(names)
}

func confidence(v rca.Verdict) float64 {
	if len(v.Culprits) == 0 {
		return 0
	}
	return v.Culprits[0].Probability
}

// band tells low, medium and high confidence apart.
func band(p float64) int {
	switch {
	case p >= 0.8:
		return 2
	case p >= 0.5:
		return 1
	default:
		return 0
	}
}

// id is the same for the same objective, operation and onset, also after a
// restart: readers deduplicate by it.
func id(k key, onset int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %d", k.slo, k.rpc.Service.Namespace, k.rpc.Service.Name, k.rpc.Operation, onset))
	return "inc-" + hex.EncodeToString(sum[:8])
}
