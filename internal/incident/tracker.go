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

// maxNotes bounds what is remembered of operations without an open incident: as
// much as slo.Watcher has tracks.
const maxNotes = slo.MaxTracks

// Tracker holds the open incidents. It is not safe for concurrent use.
type Tracker struct {
	cfg  Config
	open map[key]*incident
	// shut holds the onset of runs that are not to open an incident: those that
	// have expired, which are persisted, and those refused, to count each once.
	shut map[key]shut
	// usual holds the latest usual request of operations that are well.
	usual   map[key]usual
	refused int
}

// key is what an incident is about: at most one is open for it.
type key struct {
	SLO string
	RPC identity.RPC
}

func (k key) compare(o key) int { return cmp.Or(cmp.Compare(k.SLO, o.SLO), k.RPC.Compare(o.RPC)) }

type shut struct {
	Onset   int64
	Expired bool
}

type usual struct {
	At       int64
	Exemplar window.Exemplar
}

// incident is one that is open. Its fields are persisted.
type incident struct {
	Last   Event // as it would be said next
	Said   int64 // event time at which it was last said, ns
	Opened int64 // event time, ns

	Confidence, Impact int    // bands as last said
	Root               string // that stood in the last verdict, where it is not what was said
	Leaning            int    // confidence band of the last verdict, where it is not what was said; else -1
}

// NewTracker returns a tracker without incidents.
func NewTracker(cfg Config) *Tracker {
	return &Tracker{cfg: cfg, open: make(map[key]*incident), shut: make(map[key]shut), usual: make(map[key]usual)}
}

// Refused returns how many incidents were not opened, or later, because of MaxOpen.
func (t *Tracker) Refused() int { return t.refused }

// Open returns the number of open incidents.
func (t *Tracker) Open() int { return len(t.open) }

// Observe takes in the state of an objective after the window that ended at now,
// firing or not, with a verdict where one was given and with a slow and a typical
// request of the window, and returns what is to be said.
func (t *Tracker) Observe(now int64, s slo.State, v *rca.Verdict, slow, typical window.Exemplar) []Event {
	k := key{s.Objective.Name, s.RPC}
	in := t.open[k]
	if in == nil {
		if s.Firing {
			return t.start(k, now, s, v, slow)
		}
		delete(t.shut, k)
		if s.Measured && s.Onset == 0 && typical != (window.Exemplar{}) {
			note(t.usual, k, usual{now, typical}, func(u usual) int64 { return u.At })
		}
		return nil
	}
	if !s.Firing && (!s.Measured || s.Violated) {
		return nil // not how a run ends: whoever evaluates the objective began anew
	}
	worse := in.Last.SLO.Ticket && !s.Ticket
	in.take(s, slow)
	if !s.Firing {
		delete(t.open, k)
		return []Event{in.say(now, Resolved, "")}
	}
	reason := in.changed(s, v)
	if worse { // whoever was not paged by a ticket shall be, whatever else has changed
		reason = LevelChanged
	}
	if reason != "" {
		return []Event{in.say(now, Update, reason)}
	}
	return nil
}

// Tick returns the heartbeats and expiries that are due at now. An incident that
// expires does not open again before its run of violations has ended.
func (t *Tracker) Tick(now int64) []Event {
	var out []Event
	for _, k := range slices.SortedFunc(maps.Keys(t.open), key.compare) {
		in := t.open[k]
		switch {
		case t.cfg.ExpireAfter > 0 && now-in.Opened >= int64(t.cfg.ExpireAfter):
			delete(t.open, k)
			note(t.shut, k, shut{in.Last.SLO.Onset, true}, func(s shut) int64 { return s.Onset })
			out = append(out, in.say(now, Expired, ""))
		case t.cfg.HeartbeatEvery > 0 && now-in.Said >= int64(t.cfg.HeartbeatEvery):
			out = append(out, in.say(now, Update, Heartbeat))
		}
	}
	return out
}

// start opens the incident of a run, where it may.
func (t *Tracker) start(k key, now int64, s slo.State, v *rca.Verdict, slow window.Exemplar) []Event {
	closed, ok := t.shut[k]
	ok = ok && closed.Onset == s.Onset
	if ok && closed.Expired {
		return nil
	}
	if len(t.open) >= t.cfg.MaxOpen {
		if !ok {
			t.refused++
			note(t.shut, k, shut{Onset: s.Onset}, func(s shut) int64 { return s.Onset })
		}
		return nil
	}
	delete(t.shut, k)
	in := &incident{
		Opened: now, Leaning: -1,
		Last: Event{
			ID: id(k, s.Onset), Start: time.Unix(0, s.Onset).UTC(), Baseline: t.usual[k].Exemplar,
			Verdict: rca.Verdict{Abstained: true, Reason: "not judged yet"},
		},
	}
	delete(t.usual, k)
	in.take(s, slow)
	if v != nil {
		in.Last.Verdict = *v
	}
	in.Confidence, in.Impact = confidence(in.Last.Verdict), impact(s)
	t.open[k] = in
	return []Event{in.say(now, Open, "")}
}

// take notes a window of the run.
func (in *incident) take(s slo.State, slow window.Exemplar) {
	in.Last.SLO = s
	in.Last.Requests, in.Last.Bad = s.Requests, s.Bad
	if s.Violated && slow.Duration > in.Last.Exemplar.Duration {
		in.Last.Exemplar = slow
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

// note sets m[k]. Where that makes too many, the one of the earliest time goes.
func note[V any](m map[key]V, k key, v V, at func(V) int64) {
	m[k] = v
	if len(m) <= maxNotes {
		return
	}
	oldest := k
	for o, w := range m {
		if c := cmp.Compare(at(w), at(m[oldest])); c < 0 || c == 0 && o.compare(oldest) < 0 {
			oldest = o
		}
	}
	delete(m, oldest)
}

// id is the same for the same objective, operation and onset, also after a
// restart: readers deduplicate by it.
func id(k key, onset int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %d", k.SLO, k.RPC.Service.Namespace, k.RPC.Service.Name, k.RPC.Operation, onset))
	return "inc-" + hex.EncodeToString(sum[:8])
}
