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
)

// observe shows a tracker what a text says of several objectives, such as
// "a:db 0.9, b:?, c:well": verdicts of violated windows of runs that began in window 1, or
// an end. "b~" is a ticket, "b@shop" is of an operation of the shop.
func observe(t *testing.T, tr *Tracker, i int, text string) string {
	t.Helper()
	var all []Observed
	for _, part := range strings.Split(text, ", ") {
		name, verdict, _ := strings.Cut(part, ":")
		name, ticket := strings.CutSuffix(name, "~")
		name, of, other := strings.Cut(name, "@")
		o := Observed{State: firing(name, minute, 1)}
		switch verdict {
		case "ends":
			o.State = ending(name, minute)
		case "well":
			o.State = well(name)
		default:
			o.Verdict = blames(t, verdict)
		}
		o.State.Ticket = ticket && o.State.Firing
		if other {
			o.State.RPC = rpc(of)
		}
		all = append(all, o)
	}
	now := int64(i+2) * minute
	var lines []string
	for _, e := range append(tr.Observe(now, all), tr.Tick(now)...) {
		s := e.SLO.Objective.Name[:1] + " " + said([]Event{e})
		for _, p := range e.Parts {
			s += " +" + p.SLO[:1]
		}
		if e.Raised {
			s += " raised"
		}
		if e.MergedInto != "" {
			s += " merged"
		}
		if e.Recurrence > 0 {
			s += fmt.Sprintf(" again %d", e.Recurrence)
		}
		lines = append(lines, s)
	}
	return strings.Join(lines, "; ")
}

func TestTracker_merges(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps [][2]string
	}{
		{"at once: one opens", [][2]string{
			{"a:db 0.9, b:db 0.5", "a 1 open db +b"},
			{"a:db 0.9, b:ends", ""},
			{"a:ends, b:well", "a 2 resolved db +b"},
		}},
		{"later: who was told of it is told that it is over", [][2]string{
			{"a:db 0.9", "a 1 open db"},
			{"a:db 0.9, b:?", "b 1 open ?"},
			{"a:db 0.9, b:db 0.9", "a 2 update impact_changed db +b; b 2 resolved db merged"},
			{"a:ends, b:db 0.9", ""},
			{"a:well, b:db 0.9", ""},
			{"a:well, b:ends", "a 3 resolved db +b"},
		}},
		{"a run that comes back before its parts are well goes on", [][2]string{
			{"a:db 0.9, b:db 0.9", "a 1 open db +b"},
			{"a:ends, b:db 0.9", ""},
			{"a:db 0.9, b:db 0.9", ""},
			{"a:db 0.9, b:ends", ""},
			{"a:ends, b:well", "a 2 resolved db +b"},
		}},
		{"a part that comes back joins again", [][2]string{
			{"a:db 0.9, b:db 0.9", "a 1 open db +b"},
			{"a:db 0.9, b:ends", ""},
			{"a:db 0.9, b:db 0.9", "a 2 update impact_changed db +b"},
			{"a:ends, b:ends", "a 3 resolved db +b"},
		}},
		{"another cause stays apart", [][2]string{
			{"a:db 0.9, b:cart 0.9", "a 1 open db; b 1 open cart"},
			{"a:ends, b:ends", "a 2 resolved db; b 2 resolved cart"},
		}},
		{"unknown causes are not one", [][2]string{
			{"a:?, b:?", "a 1 open ?; b 1 open ?"},
			{"a:ends, b:ends", "a 2 resolved ?; b 2 resolved ?"},
		}},
		{"the first of one among those of the other", [][2]string{
			{"a:db cart 0.9, b:cart 0.9, c:ads 0.9", "a 1 open db+cart +b; c 1 open ads"},
		}},
		{"a cause that would be said nowhere keeps its incident", [][2]string{
			{"a:db cart 0.9, b:cart ads 0.9, c:ads 0.9", "a 1 open db+cart; b 1 open cart+ads +c"},
		}},
		{"what is merged stays so, whatever is found later", [][2]string{
			{"a:db 0.9, b:db 0.9", "a 1 open db +b"},
			{"a:db 0.9, b:cart 0.9", ""},
			{"a:db 0.9, b:cart 0.9", ""},
			{"a:ends, b:ends", "a 2 resolved db +b"},
		}},
		{"the earlier one is a ticket: it becomes part of the page", [][2]string{
			{"b~:db 0.9", "b 1 open db"},
			{"b~:db 0.9, a:db 0.9", "a 1 open db +b; b 2 resolved db merged"},
			{"b~:ends, a:ends", "a 2 resolved db +b"},
		}},
		{"the page opens before the ticket is over, whatever their names are", [][2]string{
			{"a~:db 0.9", "a 1 open db"},
			{"a~:db 0.9, b:db 0.9", "b 1 open db +a; a 2 resolved db merged"},
			{"a~:ends, b:ends", "b 2 resolved db +a"},
		}},
		{"with its parts", [][2]string{
			{"b~:db 0.9, c~:db 0.9", "b 1 open db +c"},
			{"a:db 0.9, b~:db 0.9, c~:db 0.9", "a 1 open db +b +c; b 2 resolved db +c merged"},
			{"a:ends, b~:ends, c~:db 0.9", ""},
			{"c~:ends", "a 2 resolved db +b +c"},
		}},
		{"a part becomes a page: so does the whole", [][2]string{
			{"a~:db 0.9, b~:db 0.9", "a 1 open db +b"},
			{"a~:db 0.9, b:db 0.9", "a 2 update level_changed db +b raised"},
			{"a~:db 0.9, b:db 0.9", ""},
			{"a~:ends, b:ends", "a 3 resolved db +b raised"},
		}},
		{"a root that changes merges when it is said", [][2]string{
			{"a:db 0.9, b:cart 0.9", "a 1 open db; b 1 open cart"},
			{"a:db 0.9, b:db 0.9", ""},
			{"a:db 0.9, b:db 0.9", "a 2 update impact_changed db +b; b 2 resolved db merged"},
		}},
		{"it recurs, a part with its whole", [][2]string{
			{"a:db 0.9, b:db 0.9", "a 1 open db +b"},
			{"a:ends, b:ends", "a 2 resolved db +b"},
			{"a:db 0.9", "a 1 open db again 1"},
			{"a:ends", "a 2 resolved db again 1"},
			{"b:db 0.9", "b 1 open db"},
			{"a:cart 0.9", "a 1 open cart"},
			{"a:db 0.9", ""},
			{"a:db 0.9", "b 2 update impact_changed db +a; a 2 resolved db merged again 2"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := rules()
			cfg.MaxOpen = 3
			tr := NewTracker(cfg)
			for i, s := range c.steps {
				require.Equal(t, s[1], observe(t, tr, i, s[0]), "step %d: %s", i, s[0])
			}
		})
	}
}

func TestTracker_expiresWithParts(t *testing.T) {
	cfg := Config{ExpireAfter: 3 * time.Minute, MaxOpen: 9}
	tr := NewTracker(cfg)
	assert.Equal(t, "a 1 open db +b", observe(t, tr, 0, "a:db 0.9, b:db 0.9"))
	assert.Equal(t, 1, tr.Open())
	assert.Empty(t, observe(t, tr, 2, "a:db 0.9, b:db 0.9"))
	assert.Equal(t, "a 2 expired db +b", observe(t, tr, 3, "a:db 0.9, b:db 0.9"))
	assert.Empty(t, observe(t, tr, 4, "a:db 0.9, b:db 0.9"), "neither opens again")
	assert.Empty(t, observe(t, tr, 5, "a:ends, b:ends"))
	assert.Equal(t, "b 1 open db", observe(t, tr, 6, "b:db 0.9"))
}

func TestTracker_recurrenceIsForgotten(t *testing.T) {
	tr := NewTracker(Config{MaxOpen: 9})
	day := 24 * 60
	observe(t, tr, 0, "a:db 0.9")
	observe(t, tr, 1, "a:ends")
	assert.Equal(t, "a 1 open db again 1", observe(t, tr, 7*day, "a:db 0.9"))
	observe(t, tr, 7*day+2, "a:ends")
	assert.Equal(t, "a 1 open db again 1", observe(t, tr, 7*day+3, "a:db 0.9"), "the first is more than 7 days ago")

	for i := range maxNotes + 10 {
		observe(t, tr, 8*day+2*i, "b:db 0.9")
		observe(t, tr, 8*day+2*i+1, "b:ends")
	}
	assert.LessOrEqual(t, len(tr.past), maxNotes)
}

func TestOrigin(t *testing.T) {
	db, cart := identity.Service{Name: "db"}, identity.Service{Name: "cart"}
	edge := func(from string) rca.Cause {
		return rca.Cause{Kind: rca.KindEdge, Service: db, Edge: identity.Edge{Caller: rpc(from), Callee: rpc("db")}}
	}
	same := func(a, b rca.Cause) bool {
		return within(&rca.Verdict{Culprits: []rca.Cause{a}}, &rca.Verdict{Culprits: []rca.Cause{b}})
	}
	service := rca.Cause{Kind: rca.KindService, Service: db, Mechanism: rca.CPU}
	assert.True(t, same(service, rca.Cause{Kind: rca.KindInstance, Service: db, Instance: "db-1", Mechanism: rca.Latent}), "how it hurts does not matter")
	assert.True(t, same(service, rca.Cause{Kind: rca.KindHost, Service: db, Host: "node-7", Mechanism: rca.CPU}), "nor that its host does it")
	host := func(of identity.Service, name string) rca.Cause {
		return rca.Cause{Kind: rca.KindHost, Service: of, Host: name}
	}
	assert.True(t, same(host(db, "node-7"), host(cart, "node-7")), "whom it hurts most does not matter")
	assert.False(t, same(host(db, "node-7"), host(cart, "node-8")))
	assert.True(t, same(host(db, "node-7"), host(db, "node-8")), "a service that is hurt twice")
	assert.False(t, same(host(db, ""), host(cart, "")), "no host is none in common")
	assert.False(t, same(service, rca.Cause{Kind: rca.KindService, Service: cart}))
	assert.False(t, same(service, edge("cart")), "the way to it is another matter")
	assert.True(t, same(edge("cart"), edge("cart")))
	assert.False(t, same(edge("cart"), edge("ads")))
	assert.False(t, same(service, rca.Cause{Kind: rca.KindTraffic, Service: db}))
	assert.False(t, same(rca.Cause{}, rca.Cause{}), "nothing is nothing in common")
	assert.False(t, same(rca.Cause{Kind: rca.KindUnknown, Service: db}, rca.Cause{Kind: rca.KindUnknown, Service: db}))
}

func TestPause(t *testing.T) {
	var p Pause
	p.pause(10*minute, true)
	assert.False(t, p.pause(11*minute, false))
	assert.False(t, p.pause(12*minute, false))
	assert.Zero(t, p.frozen())
	assert.True(t, p.pause(13*minute, false), "after three windows")
	assert.False(t, p.pause(14*minute, false), "once")
	assert.Equal(t, time.Unix(600, 0).UTC(), p.frozen())
	p.pause(15*minute, true)
	assert.Zero(t, p.frozen())
	for i := range int64(8) {
		assert.False(t, p.pause((16+i)*minute, false), "it came back from 4")
	}
	assert.True(t, p.pause(24*minute, false))
}

// What decides who is part of whom is the same after storage.
func TestTracker_partsSurviveStorage(t *testing.T) {
	tr := NewTracker(Config{MaxOpen: 9})
	assert.Equal(t, "a 1 open db +b", observe(t, tr, 0, "a:db 0.9, b:db 0.9"))
	stored, err := tr.MarshalBinary()
	require.NoError(t, err)
	again := NewTracker(Config{MaxOpen: 9})
	require.NoError(t, again.UnmarshalBinary(stored))
	assert.Equal(t, 1, again.Open())
	assert.Empty(t, observe(t, again, 1, "a:ends, b:db 0.9"))
	assert.Equal(t, "a 2 resolved db +b", observe(t, again, 2, "b:ends"))

	orphan := NewTracker(Config{MaxOpen: 9})
	require.NoError(t, orphan.UnmarshalBinary(stored))
	for k, in := range orphan.open {
		if !in.part() {
			delete(orphan.open, k)
		}
	}
	stored, err = orphan.MarshalBinary()
	require.NoError(t, err)
	require.Error(t, again.UnmarshalBinary(stored), "a part of nothing")
}

func TestPages(t *testing.T) {
	assert.True(t, pages(slo.State{}))
	assert.False(t, pages(slo.State{Ticket: true}))
	assert.False(t, pages(slo.State{Objective: slo.Objective{Learned: true}}))
}
