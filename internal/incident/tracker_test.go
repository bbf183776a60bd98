package incident

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

const minute = int64(time.Minute)

func rules() Config {
	return Config{HeartbeatEvery: 6 * time.Hour, ExpireAfter: 48 * time.Hour, MaxOpen: 2}
}

func rpc(name string) identity.RPC {
	return identity.RPC{Service: identity.Service{Name: name}, Operation: "GET /"}
}

// firing is a violated window of a run that began at onset.
func firing(name string, onset int64, badRatio float64) slo.State {
	return slo.State{
		Objective: slo.Objective{Name: name + "-p99"}, RPC: rpc(name),
		Measured: true, Violated: true, Firing: true, Onset: onset,
		Count: 100, BadRatio: badRatio, Requests: 300, Bad: 300 * badRatio,
	}
}

// well is a window without a run.
func well(name string) slo.State {
	return slo.State{Objective: slo.Objective{Name: name + "-p99"}, RPC: rpc(name), Measured: true, Count: 100}
}

// ending is the window that ends a run.
func ending(name string, onset int64) slo.State {
	s := well(name)
	s.Onset, s.Requests = onset, 500
	return s
}

// blames is a verdict that names services, such as "db 0.9" or "db cart 0.6"; "?"
// abstains, and were the services normal the SLO would be met after "met", as in "met db 0.9".
func blames(t *testing.T, text string) *rca.Verdict {
	t.Helper()
	if text == "" {
		return nil
	}
	if text == "?" {
		return &rca.Verdict{Abstained: true, Reason: "nothing explains it"}
	}
	var v rca.Verdict
	text, v.RestoresSLO = strings.CutPrefix(text, "met ")
	f := strings.Fields(text)
	var p float64
	_, err := fmt.Sscan(f[len(f)-1], &p)
	require.NoError(t, err)
	for _, name := range f[:len(f)-1] {
		v.Culprits = append(v.Culprits, rca.Cause{Kind: rca.KindService, Mechanism: rca.CPU, Service: identity.Service{Name: name}, Probability: p})
	}
	return &v
}

// one shows a tracker a window of one objective.
func one(tr *Tracker, now int64, s slo.State, v *rca.Verdict, slow, typical window.Exemplar) []Event {
	return tr.Observe(now, []Observed{{State: s, Verdict: v, Slow: slow, Typical: typical}})
}

// said is what a reader sees of events.
func said(events []Event) string {
	out := make([]string, 0, len(events))
	for _, e := range events {
		names := make([]string, 0, 2)
		for _, c := range e.Verdict.Culprits {
			names = append(names, c.Service.Name)
		}
		if e.Verdict.Abstained {
			names = append(names, "?")
		}
		s := fmt.Sprintf("%d %s", e.Sequence, e.Phase)
		if e.Reason != "" {
			s += " " + string(e.Reason)
		}
		out = append(out, s+" "+strings.Join(names, "+"))
	}
	return strings.Join(out, "; ")
}

func TestTracker_life(t *testing.T) {
	tr := NewTracker(rules())
	slow := window.Exemplar{Span: identity.Span{ID: identity.SpanID{1}}, Duration: 900}
	slower := window.Exemplar{Span: identity.Span{ID: identity.SpanID{2}}, Duration: 1900}
	typical := window.Exemplar{Span: identity.Span{ID: identity.SpanID{3}}, Duration: 100}

	assert.Empty(t, one(tr, 1*minute, well("front"), nil, slow, typical))
	pending := firing("front", 2*minute, 1)
	pending.Firing = false
	assert.Empty(t, one(tr, 2*minute, pending, nil, slow, slow), "violated, but the rule does not hold yet")

	events := one(tr, 3*minute, firing("front", minute, 0.3), blames(t, "db 0.9"), slow, slow)
	require.Equal(t, "1 open db", said(events))
	e := events[0]
	assert.Regexp(t, "^inc-[0-9a-f]{16}$", e.ID)
	assert.Equal(t, time.Unix(180, 0).UTC(), e.Time)
	assert.Equal(t, time.Unix(60, 0).UTC(), e.Start)
	assert.Zero(t, e.End)
	assert.Equal(t, slow, e.Exemplar)
	assert.Equal(t, typical, e.Baseline, "of the window before the run, not of this one")
	assert.InDelta(t, 300, e.Requests, 0)
	assert.InDelta(t, 90, e.Bad, 0)
	assert.Equal(t, 1, tr.Open())

	assert.Empty(t, one(tr, 4*minute, firing("front", minute, 0.3), blames(t, "db 0.95"), slower, slow), "nothing new")

	events = one(tr, 5*minute, ending("front", minute), nil, window.Exemplar{Duration: 5000}, slow)
	require.Equal(t, "2 resolved db", said(events))
	r := events[0]
	assert.Equal(t, e.ID, r.ID)
	assert.Equal(t, e.Start, r.Start)
	assert.Equal(t, time.Unix(300, 0).UTC(), r.End)
	assert.Equal(t, slower, r.Exemplar, "the slowest of the violated windows")
	assert.Equal(t, typical, r.Baseline)
	assert.False(t, r.SLO.Firing)
	assert.InDelta(t, 500, r.Requests, 0)
	assert.Zero(t, tr.Open())

	assert.Empty(t, one(tr, 6*minute, well("front"), nil, slow, typical))
	assert.Equal(t, "1 open ?", said(one(tr, 9*minute, firing("front", 8*minute, 1), nil, slow, typical)), "not judged yet")
}

// Each step is a violated window with a verdict, and what is said.
func TestTracker_updates(t *testing.T) {
	type step struct{ verdict, want string }
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"a new root must stand twice", []step{
			{"db 0.9", "1 open db"},
			{"cart 0.9", ""},
			{"cart 0.9", "2 update root_changed cart"},
		}},
		{"one that flaps says nothing", []step{
			{"db 0.9", "1 open db"},
			{"cart 0.9", ""},
			{"db 0.9", ""},
			{"cart 0.9", ""},
			{"ads 0.9", ""},
			{"db 0.9", ""},
		}},
		{"two different new ones are not one that stands", []step{
			{"db 0.9", "1 open db"},
			{"cart 0.9", ""},
			{"ads 0.9", ""},
			{"ads 0.9", "2 update root_changed ads"},
		}},
		{"after an abstention the first is taken at once", []step{
			{"?", "1 open ?"},
			{"?", ""},
			{"db 0.9", "2 update root_changed db"},
		}},
		{"an abstention takes back nothing", []step{
			{"db 0.9", "1 open db"},
			{"?", ""},
			{"?", ""},
			{"db 0.9", ""},
		}},
		{"and interrupts what stands", []step{
			{"db 0.9", "1 open db"},
			{"cart 0.9", ""},
			{"?", ""},
			{"cart 0.9", ""},
			{"cart 0.9", "2 update root_changed cart"},
		}},
		{"the order of a set is no change", []step{
			{"db cart 0.9", "1 open db+cart"},
			{"cart db 0.9", ""},
			{"cart db 0.9", ""},
		}},
		{"a larger set is one", []step{
			{"db 0.9", "1 open db"},
			{"db cart 0.9", ""},
			{"db cart 0.9", "2 update root_changed db+cart"},
		}},
		{"a smaller one that would not meet the SLO takes back nothing", []step{
			{"met db cart 0.9", "1 open db+cart"},
			{"db 0.9", ""},
			{"db 0.9", ""},
			{"db 0.9", ""},
			{"met db 0.9", ""},
			{"met db 0.9", ""},
			{"met db 0.9", ""},
			{"met db 0.9", "2 update root_changed db"},
		}},
		{"another one that would not is another one", []step{
			{"met db cart 0.9", "1 open db+cart"},
			{"db ads 0.9", ""},
			{"db ads 0.9", "2 update root_changed db+ads"},
		}},
		{"a part of a set must stand in four", []step{
			{"db cart 0.9", "1 open db+cart"},
			{"db 0.9", ""},
			{"db 0.9", ""},
			{"db 0.9", ""},
			{"db 0.9", "2 update root_changed db"},
		}},
		{"a band of confidence must stand twice", []step{
			{"db 0.9", "1 open db"},
			{"db 0.79", ""},
			{"db 0.8", ""},
			{"db 0.79", ""},
			{"db 0.5", "2 update confidence_changed db"},
			{"db 0.49", ""},
			{"db 0.1", "3 update confidence_changed db"},
		}},
		{"a change of root carries its confidence", []step{
			{"db 0.9", "1 open db"},
			{"cart 0.1", ""},
			{"cart 0.1", "2 update root_changed cart"},
			{"cart 0.1", ""},
			{"cart 0.1", ""},
		}},
		{"what was given up must stand twice as long each time", []step{
			{"db 0.9", "1 open db"},
			{"cart 0.9", ""},
			{"cart 0.9", "2 update root_changed cart"},
			{"db 0.9", ""},
			{"db 0.9", ""},
			{"cart 0.9", ""},
			{"db 0.9", ""},
			{"db 0.9", ""},
			{"db 0.9", ""},
			{"db 0.9", "3 update root_changed db"},
			{"ads 0.9", ""},
			{"ads 0.9", "4 update root_changed ads"},
			{"db 0.9", ""},
			{"db 0.9", ""},
			{"db 0.9", ""},
			{"db 0.9", ""},
			{"db 0.9", ""},
			{"db 0.9", ""},
			{"db 0.9", ""},
			{"db 0.9", "5 update root_changed db"},
		}},
		{"windows that are not judged interrupt nothing", []step{
			{"db 0.9", "1 open db"},
			{"cart 0.9", ""},
			{"", ""},
			{"cart 0.9", "2 update root_changed cart"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := NewTracker(rules())
			for i, s := range c.steps {
				got := one(tr, int64(i)*minute, firing("front", minute, 1), blames(t, s.verdict), window.Exemplar{}, window.Exemplar{})
				assert.Equal(t, s.want, said(got), "step %d: %s", i, s.verdict)
			}
		})
	}
}

func TestTracker_mechanismAndHostArePartOfTheRoot(t *testing.T) {
	for name, change := range map[string]func(*rca.Cause){
		"mechanism": func(c *rca.Cause) { c.Mechanism = rca.Pool },
		"host":      func(c *rca.Cause) { c.Host = "node-8" },
	} {
		t.Run(name, func(t *testing.T) {
			tr := NewTracker(rules())
			v := blames(t, "db 0.9")
			one(tr, 0, firing("front", minute, 1), v, window.Exemplar{}, window.Exemplar{})
			for i, want := range []string{"", "2 update root_changed db"} {
				other := blames(t, "db 0.9")
				change(&other.Culprits[0])
				assert.Equal(t, want, said(one(tr, int64(i), firing("front", minute, 1), other, window.Exemplar{}, window.Exemplar{})))
			}
		})
	}
}

func TestTracker_impact(t *testing.T) {
	tr := NewTracker(rules())
	for i, c := range []struct {
		bad  float64
		want string
	}{
		{0.05, "1 open db"},
		{0.09, ""},
		{0.10, "2 update impact_changed db"},
		{0.05, ""}, // less is no news
		{0.12, ""}, // and not worse than it was
		{0.60, "3 update impact_changed db"},
		{0.30, ""},
		{0.99, ""},
	} {
		got := one(tr, int64(i)*minute, firing("front", minute, c.bad), blames(t, "db 0.9"), window.Exemplar{}, window.Exemplar{})
		assert.Equal(t, c.want, said(got), "step %d", i)
	}

	tr = NewTracker(rules())
	one(tr, 0, firing("front", minute, 0.05), blames(t, "?"), window.Exemplar{}, window.Exemplar{})
	got := one(tr, minute, firing("front", minute, 0.6), blames(t, "db 0.9"), window.Exemplar{}, window.Exemplar{})
	assert.Equal(t, "2 update root_changed db", said(got), "one update says both")
	assert.Empty(t, one(tr, 2*minute, firing("front", minute, 0.6), blames(t, "db 0.9"), window.Exemplar{}, window.Exemplar{}))
}

func TestTracker_frozenWhileNothingIsMeasured(t *testing.T) {
	tr := NewTracker(rules())
	one(tr, 0, firing("front", minute, 1), blames(t, "db 0.9"), window.Exemplar{}, window.Exemplar{})
	s := firing("front", minute, 0)
	s.Measured, s.Violated = false, false
	assert.Empty(t, one(tr, minute, s, nil, window.Exemplar{}, window.Exemplar{}))

	lost := well("front") // as of a watcher that began anew
	lost.Measured = false
	assert.Empty(t, one(tr, 2*minute, lost, nil, window.Exemplar{}, window.Exemplar{}))
	lost.Measured, lost.Violated = true, true
	assert.Empty(t, one(tr, 3*minute, lost, nil, window.Exemplar{}, window.Exemplar{}))
	assert.Equal(t, 1, tr.Open())
	assert.Equal(t, "2 resolved db", said(one(tr, 4*minute, well("front"), nil, window.Exemplar{}, window.Exemplar{})))
}

func TestTracker_heartbeatAndExpiry(t *testing.T) {
	hour := 60 * minute
	tr := NewTracker(rules())
	one(tr, 0, firing("front", minute, 1), blames(t, "db 0.9"), window.Exemplar{}, window.Exemplar{})
	assert.Empty(t, tr.Tick(6*hour-1))
	assert.Equal(t, "2 update heartbeat db", said(tr.Tick(6*hour)))
	assert.Empty(t, tr.Tick(7*hour))
	one(tr, 8*hour, firing("front", minute, 1), blames(t, "cart 0.9"), window.Exemplar{}, window.Exemplar{})
	assert.Equal(t, "3 update root_changed cart", said(one(tr, 8*hour+1, firing("front", minute, 1), blames(t, "cart 0.9"), window.Exemplar{}, window.Exemplar{})))
	assert.Empty(t, tr.Tick(12*hour), "any update is a sign of life")
	assert.Equal(t, "4 update heartbeat cart", said(tr.Tick(14*hour+1)))

	events := tr.Tick(48 * hour)
	require.Equal(t, "5 expired cart", said(events))
	assert.Equal(t, time.Unix(48*3600, 0).UTC(), events[0].End)
	assert.Zero(t, tr.Open())
	assert.Empty(t, one(tr, 49*hour, firing("front", minute, 1), blames(t, "db 0.9"), window.Exemplar{}, window.Exemplar{}),
		"what has expired does not open again")
	assert.Empty(t, one(tr, 50*hour, ending("front", minute), nil, window.Exemplar{}, window.Exemplar{}))
	assert.Empty(t, tr.shut, "nothing is remembered for longer than needed")
	assert.Equal(t, "1 open db", said(one(tr, 51*hour, firing("front", 51*hour, 1), blames(t, "db 0.9"), window.Exemplar{}, window.Exemplar{})),
		"but the next run does")
}

func TestTracker_neverWhereNotConfigured(t *testing.T) {
	tr := NewTracker(Config{MaxOpen: 1})
	one(tr, 0, firing("front", minute, 1), nil, window.Exemplar{}, window.Exemplar{})
	assert.Empty(t, tr.Tick(1<<60))
}

func TestTracker_maxOpen(t *testing.T) {
	tr := NewTracker(rules())
	for _, name := range []string{"a", "b"} {
		assert.Len(t, one(tr, minute, firing(name, minute, 1), nil, window.Exemplar{}, window.Exemplar{}), 1)
	}
	for i := range int64(3) {
		assert.Empty(t, one(tr, (2+i)*minute, firing("c", minute, 1), nil, window.Exemplar{}, window.Exemplar{}))
	}
	assert.Equal(t, 1, tr.Refused(), "one incident, however often")
	assert.Equal(t, 2, tr.Open())

	one(tr, 6*minute, ending("a", minute), nil, window.Exemplar{}, window.Exemplar{})
	assert.Equal(t, "1 open db", said(one(tr, 7*minute, firing("c", minute, 1), blames(t, "db 0.9"), window.Exemplar{}, window.Exemplar{})),
		"it opens where there is room again")
}

func TestTracker_notesAreBounded(t *testing.T) {
	tr := NewTracker(rules())
	for i := range 3 * maxNotes {
		one(tr, int64(i), well(fmt.Sprint(i)), nil, window.Exemplar{}, window.Exemplar{Duration: int64(i)})
	}
	assert.Len(t, tr.usual, maxNotes)
	assert.NotContains(t, tr.usual, key{"0-p99", rpc("0")}, "the oldest goes")
}

func TestID(t *testing.T) {
	k := key{"front-p99", rpc("front")}
	assert.Equal(t, id(k, minute), id(k, minute))
	ids := map[string]bool{id(k, minute): true, id(k, minute+1): true, id(key{"front-p50", k.RPC}, minute): true, id(key{"front-p99", rpc("back")}, minute): true}
	// Names that run into each other when joined.
	ids[id(key{"a", identity.RPC{Service: identity.Service{Name: "b c"}}}, 1)] = true
	ids[id(key{"a b", identity.RPC{Service: identity.Service{Name: "c"}}}, 1)] = true
	assert.Len(t, ids, 6)
}

// A ticket that becomes a page says so at once, and not again.
func TestTracker_levelChanged(t *testing.T) {
	tr := NewTracker(rules())
	ticket := func(at int64, is bool) []Event {
		s := firing("a", minute, 0.2)
		s.Ticket = is
		return one(tr, at*minute, s, nil, window.Exemplar{}, window.Exemplar{})
	}
	require.Len(t, ticket(2, true), 1, "opened")
	assert.Empty(t, ticket(3, true))
	events := ticket(4, false)
	require.Len(t, events, 1)
	assert.Equal(t, Update, events[0].Phase)
	assert.Equal(t, LevelChanged, events[0].Reason)
	assert.False(t, events[0].SLO.Ticket)
	assert.Empty(t, ticket(5, false))
	assert.Empty(t, ticket(6, true), "a page that burns slower is a page all the same")
}

// An incident shows the slowest request of each of five violated windows, the slowest
// first, and the latest five usual ones before; none twice.
func TestTracker_traces(t *testing.T) {
	request := func(i byte, d int64) window.Exemplar {
		return window.Exemplar{Span: identity.Span{Trace: identity.TraceID{i}, ID: identity.SpanID{1}}, Duration: d}
	}
	traces := func(all []window.Exemplar) (out []int) {
		for _, x := range all {
			out = append(out, int(x.Span.Trace[0]))
		}
		return out
	}
	tr := NewTracker(rules())
	for i := range byte(8) {
		one(tr, int64(i)*minute, well("front"), nil, window.Exemplar{}, request(1+i/2, 100))
	}
	one(tr, 8*minute, well("front"), nil, window.Exemplar{}, window.Exemplar{})
	opened := one(tr, 9*minute, firing("front", 9*minute, 1), blames(t, "db 0.9"), request(10, 500), window.Exemplar{})
	require.Len(t, opened, 1)
	assert.Equal(t, []int{4, 3, 2, 1}, traces(opened[0].Usual))
	assert.Equal(t, []int{10}, traces(opened[0].Slow))
	for i, d := range []int64{300, 900, 100, 600, 700, 200, 900} {
		one(tr, int64(10+i)*minute, firing("front", 9*minute, 1), blames(t, "db 0.9"), request(byte(11+i), d), window.Exemplar{})
	}
	ended := one(tr, 20*minute, ending("front", 9*minute), nil, request(30, 9999), window.Exemplar{})
	require.Len(t, ended, 1)
	assert.Equal(t, []int{12, 17, 15, 14, 10}, traces(ended[0].Slow), "the first of equals")
	assert.Equal(t, int64(900), ended[0].Exemplar.Duration)
	assert.Equal(t, []int{10}, traces(opened[0].Slow), "what was said stays as it was")
}
