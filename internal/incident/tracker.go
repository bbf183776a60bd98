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
	cfg Config
	// open holds the runs of violations that have an incident, or are part of one.
	open map[key]*incident
	// shut holds the onset of runs that are not to open an incident: those that
	// have expired, which are persisted, and those refused, to count each once.
	shut map[key]shut
	// usual holds the latest usual requests of operations that are well.
	usual   map[key]usual
	past    []past // incidents that have ended, oldest first
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
	All      []window.Exemplar // the latest first
}

// incident is one that is open. Its fields are persisted.
type incident struct {
	Last   Event // as it would be said next
	Said   int64 // event time at which it was last said, ns
	Opened int64 // event time, ns

	Confidence, Impact int      // bands as last said
	Root               string   // that stood in the last verdicts, where it is not what was said
	Stand              int      // in how many
	Left               []string // culprit sets that were said and given up
	Leaning            int      // confidence band of the last verdict, where it is not what was said; else -1

	Into   key     // the incident of which it is a part, zero: none
	Speaks bool    // what it blames as a part is said, see listen
	Voices []voice // of its parts, sorted by them
	Told   string  // culprits as last said; "": nothing yet
	Over   bool    // its own run has ended, and one of a part has not
	Pause          // of measured windows
}

// part reports whether an incident is a part of another.
func (in *incident) part() bool { return in.Into != key{} }

// NewTracker returns a tracker without incidents.
func NewTracker(cfg Config) *Tracker {
	return &Tracker{cfg: cfg, open: make(map[key]*incident), shut: make(map[key]shut), usual: make(map[key]usual)}
}

// Refused returns how many incidents were not opened, or later, because of MaxOpen.
func (t *Tracker) Refused() int { return t.refused }

// Open returns the number of open incidents; parts of others do not count.
func (t *Tracker) Open() int {
	n := 0
	for _, in := range t.open {
		if !in.part() {
			n++
		}
	}
	return n
}

// Observed is the state of an objective after a window, firing or not, with what else
// the window shows of it.
type Observed struct {
	State slo.State
	// Verdict is nil where none was given.
	Verdict *rca.Verdict
	// Changes are those that a reader of Verdict should know of, the most telling first.
	Changes []Linked
	// Onset is asked for when an incident opens; nil, or a zero Onset: not known.
	Onset func() Onset
	// Slow and Typical are requests of the window.
	Slow, Typical window.Exemplar
}

// step is what a window means for one incident.
type step struct {
	opens, ends bool
	reason      Reason
}

// Observe takes in the objectives after the window that ended at now, each once, and
// returns what is to be said, sorted by objective and operation.
func (t *Tracker) Observe(now int64, all []Observed) []Event {
	steps := make(map[key]step)
	for i := range all {
		o := &all[i]
		k := key{o.State.Objective.Name, o.State.RPC}
		if in := t.open[k]; in != nil {
			if s := t.goOn(in, now, o); s != (step{}) {
				steps[k] = s
			}
		} else if t.begin(k, now, o) {
			steps[k] = step{opens: true}
		}
	}
	return t.say(now, steps, t.merge())
}

// goOn takes in a window of an open incident.
func (t *Tracker) goOn(in *incident, now int64, o *Observed) step {
	s := o.State
	if in.Over && !s.Firing {
		return step{}
	}
	froze := in.pause(now, s.Measured)
	if !s.Firing {
		if !s.Measured || s.Violated { // not how a run ends: whoever evaluates the objective began anew
			return step{reason: frozen(froze)}
		}
		in.take(s, o.Slow)
		in.Over = true
		return step{ends: true}
	}
	in.Over = false
	worse := in.Last.SLO.Ticket && !s.Ticket && !in.Last.Raised
	in.take(s, o.Slow)
	reason := in.changed(s, o.Verdict, o.Changes)
	switch {
	case worse: // whoever was not paged by a ticket shall be, whatever else has changed
		reason = LevelChanged
	case reason == "":
		reason = frozen(froze)
	}
	return step{reason: reason}
}

// begin opens the incident of a run, where it may, and reports whether it did.
func (t *Tracker) begin(k key, now int64, o *Observed) bool {
	s := o.State
	if !s.Firing {
		delete(t.shut, k)
		if s.Measured && s.Onset == 0 && o.Typical != (window.Exemplar{}) {
			note(t.usual, k, usual{now, o.Typical, latest(t.usual[k].All, o.Typical)}, func(u usual) int64 { return u.At })
		}
		return false
	}
	closed, ok := t.shut[k]
	ok = ok && closed.Onset == s.Onset
	if ok && closed.Expired {
		return false
	}
	if len(t.open) >= t.cfg.MaxOpen {
		if !ok {
			t.refused++
			note(t.shut, k, shut{Onset: s.Onset}, func(s shut) int64 { return s.Onset })
		}
		return false
	}
	delete(t.shut, k)
	in := &incident{
		Opened: now, Leaning: -1, Pause: Pause{Measured: now},
		Last: Event{
			ID: id(k, s.Onset), Start: time.Unix(0, s.Onset).UTC(), Baseline: t.usual[k].Exemplar, Usual: t.usual[k].All,
			Verdict: rca.Verdict{Abstained: true, Reason: "not judged yet"},
		},
	}
	delete(t.usual, k)
	in.take(s, o.Slow)
	if o.Verdict != nil {
		in.Last.Verdict, in.Last.Changes = *o.Verdict, o.Changes
	}
	if o.Onset != nil {
		in.Last.Onset = o.Onset()
	}
	in.Confidence, in.Impact = confidence(in.Last.Verdict), impact(s)
	t.open[k] = in
	return true
}

// say returns the events of a window: steps of incidents, and then those of parts that have
// joined others. Of what goes on as another incident that one is said first: an alert that
// resolves before the other fires tells whoever is on call that all is well.
func (t *Tracker) say(now int64, steps map[key]step, joined map[key]bool) []Event {
	touched := make(map[key]bool, len(steps)) // incidents of which something may be said
	grown := make(map[key]bool)
	for k := range steps {
		touched[k], touched[t.whole(k)] = true, true
	}
	for k := range joined {
		touched[k], touched[t.whole(k)], grown[t.whole(k)] = true, true, true
	}
	var out, merged []Event
	for _, k := range slices.SortedFunc(maps.Keys(touched), key.compare) {
		for _, e := range t.transition(k, now, steps[k], joined[k], grown[k]) {
			if e.MergedInto != "" {
				merged = append(merged, e)
			} else {
				out = append(out, e)
			}
		}
	}
	return append(out, merged...)
}

// transition returns what is to be said of one incident, and forgets it where it has
// ended.
func (t *Tracker) transition(k key, now int64, s step, joins, grows bool) []Event {
	in := t.open[k]
	if in == nil { // a part that has ended, already
		return nil
	}
	if in.part() {
		var out []Event
		if joins && !s.opens { // whoever was told that it is open shall know that it is no more
			in.Last.MergedInto = t.open[in.Into].Last.ID
			out = append(out, t.tell(k, in, now, Resolved, ""))
		}
		if in.Over {
			delete(t.open, k)
		}
		return out
	}
	raised := t.raised(k) && !in.Last.Raised
	in.Last.Raised = in.Last.Raised || raised
	reason := in.renamed(s.reason)
	switch {
	case in.Over && !t.lasts(k):
		e := t.tell(k, in, now, Resolved, "")
		t.remember(k, in, now)
		t.end(k)
		return []Event{e}
	case s.opens:
		return []Event{t.tell(k, in, now, Open, "")}
	case raised:
		return []Event{t.tell(k, in, now, Update, LevelChanged)}
	case reason != "":
		return []Event{t.tell(k, in, now, Update, reason)}
	case grows:
		return []Event{t.tell(k, in, now, Update, ImpactChanged)}
	}
	return nil
}

// Tick returns the heartbeats and expiries that are due at now. An incident that
// expires does not open again before its run of violations has ended, and neither do
// its parts.
func (t *Tracker) Tick(now int64) []Event {
	var out []Event
	for _, k := range slices.SortedFunc(maps.Keys(t.open), key.compare) {
		in := t.open[k]
		switch {
		case in == nil || in.part():
		case t.cfg.ExpireAfter > 0 && now-in.Opened >= int64(t.cfg.ExpireAfter):
			out = append(out, t.tell(k, in, now, Expired, ""))
			t.remember(k, in, now)
			for _, p := range append(t.parts(k), k) {
				note(t.shut, p, shut{t.open[p].Last.SLO.Onset, true}, func(s shut) int64 { return s.Onset })
			}
			t.end(k)
		case t.cfg.HeartbeatEvery > 0 && now-in.Said >= int64(t.cfg.HeartbeatEvery):
			out = append(out, t.tell(k, in, now, Update, Heartbeat))
		}
	}
	return out
}

// end forgets an incident with its parts.
func (t *Tracker) end(k key) {
	for _, p := range t.parts(k) {
		delete(t.open, p)
	}
	delete(t.open, k)
}

// take notes a window of the run.
func (in *incident) take(s slo.State, slow window.Exemplar) {
	in.Last.SLO = s
	in.Last.Requests, in.Last.Bad = s.Requests, s.Bad
	if s.Violated {
		in.Last.Slow = slowest(in.Last.Slow, slow)
	}
	if s.Violated && slow.Duration > in.Last.Exemplar.Duration {
		in.Last.Exemplar = slow
	}
}

// tell returns the next event of the incident.
func (t *Tracker) tell(k key, in *incident, now int64, p Phase, r Reason) Event {
	in.Last.Sequence++
	in.Last.Phase, in.Last.Reason = p, r
	in.Last.Time = time.Unix(0, now).UTC()
	if p == Resolved || p == Expired {
		in.Last.End = in.Last.Time
	}
	in.Last.Frozen = in.frozen()
	in.Last.Recurrence = t.recurrence(k, in, now)
	in.Said = now
	e := in.Last
	e.Verdict, e.Changes = in.verdict(), in.changes()
	e.Others = len(e.Verdict.Culprits) - len(in.Last.Verdict.Culprits)
	in.Told = roots(e.Verdict)
	return e
}

// renamed is why an incident is worth an update, given its own reason: where the culprits that
// are said of it, with those of its parts, are others than they were, and only there, that
// they have changed.
func (in *incident) renamed(own Reason) Reason {
	if in.Told == "" || own == LevelChanged {
		return own
	}
	switch same := roots(in.verdict()) == in.Told; {
	case !same:
		return RootChanged
	case own == RootChanged:
		return ""
	}
	return own
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
