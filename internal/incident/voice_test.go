package incident

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
)

// Whichever came first, there is one incident, that is closed once, and says all causes.
func TestTracker_mergesWiderIncidents(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps [][2]string
	}{
		{"the smaller one first", [][2]string{
			{"a:db 0.9", "a 1 open db"},
			{"a:db 0.9, b:db cart 0.9", "a 2 update root_changed db+cart +b"},
			{"a:db 0.9, b:db cart 0.9", ""},
			{"a:ends, b:db cart 0.9", ""},
			{"a:well, b:ends", "a 3 resolved db+cart +b"},
		}},
		{"the larger one first", [][2]string{
			{"a:db cart 0.9", "a 1 open db+cart"},
			{"a:db cart 0.9, b:cart 0.9", "a 2 update impact_changed db+cart +b"},
			{"a:ends, b:ends", "a 3 resolved db+cart +b"},
		}},
		{"at once: that which says more", [][2]string{
			{"a:db 0.9, b:db cart 0.9", "b 1 open db+cart +a"},
			{"a:ends, b:ends", "b 2 resolved db+cart +a"},
		}},
		{"both open, and one finds more", [][2]string{
			{"a:ads 0.9, b:db cart 0.9", "a 1 open ads; b 1 open db+cart"},
			{"a:cart 0.9, b:db cart 0.9", ""},
			{"a:cart 0.9, b:db cart 0.9", "b 2 update impact_changed db+cart +a; a 2 resolved cart merged"},
			{"a:ends, b:ends", "b 3 resolved db+cart +a"},
		}},
		{"both open, and one finds less", [][2]string{
			{"a:db ads 0.9, b:db cart 0.9", "a 1 open db+ads; b 1 open db+cart"},
			{"a:db 0.9, b:db cart 0.9", ""},
			{"a:db 0.9, b:db cart 0.9", ""},
			{"a:db 0.9, b:db cart 0.9", ""},
			{"a:db 0.9, b:db cart 0.9", "b 2 update impact_changed db+cart +a; a 2 resolved db merged"},
			{"a:ends, b:ends", "b 3 resolved db+cart +a"},
		}},
		{"of a page and a ticket, the page", [][2]string{
			{"b~:db cart 0.9", "b 1 open db+cart"},
			{"b~:db cart 0.9, a:db 0.9", "a 1 open db+cart +b; b 2 resolved db+cart merged"},
			{"b~:ends, a:ends", "a 2 resolved db+cart +b"},
		}},
		{"what is said by both is said once, and no news when the other finds it", [][2]string{
			{"a:db 0.9", "a 1 open db"},
			{"a:db 0.9, b:db cart 0.9", "a 2 update root_changed db+cart +b"},
			{"a:db cart 0.9, b:db cart 0.9", ""},
			{"a:db cart 0.9, b:db cart 0.9", ""},
			{"a:db cart 0.9, b:ends", ""},
			{"a:ends, b:well", "a 3 resolved db+cart +b"},
		}},
		{"with what is said of its own parts", [][2]string{
			{"c~:db 0.9", "c 1 open db"},
			{"c~:db 0.9, b~:db cart 0.9", "c 2 update root_changed db+cart +b"},
			{"a:db 0.9, b~:db cart 0.9, c~:db 0.9", "a 1 open db+cart +b +c; c 3 resolved db+cart +b merged"},
			{"a:ends, b~:ends, c~:ends", "a 2 resolved db+cart +b +c"},
		}},
		{"one that speaks says so when it finds something else", [][2]string{
			{"a:db 0.9", "a 1 open db"},
			{"a:db 0.9, b:db cart 0.9", "a 2 update root_changed db+cart +b"},
			{"a:db 0.9, b:db ads 0.9", ""},
			{"a:db 0.9, b:db ads 0.9", "a 3 update root_changed db+ads +b"},
		}},
		{"neither contains the other: two operations", [][2]string{
			{"a:db cart 0.9, b:db ads 0.9", "a 1 open db+cart; b 1 open db+ads"},
		}},
		{"one operation", [][2]string{
			{"a@shop:db cart 0.9, b@shop:db ads 0.9", "a 1 open db+cart+ads +b"},
			{"a@shop:ends, b@shop:ends", "a 2 resolved db+cart+ads +b"},
		}},
		{"one operation, two faults", [][2]string{
			{"a@shop:db 0.9, b@shop:cart 0.9", "a 1 open db; b 1 open cart"},
		}},
		{"one operation, no cause known", [][2]string{
			{"a@shop:?, b@shop:?, c:?", "a 1 open ? +b; c 1 open ?"},
			{"a@shop:?, b@shop:db 0.9, c:?", "a 2 update root_changed db +b"},
			{"a@shop:db 0.9, b@shop:db 0.9, c:db 0.9", "a 3 update impact_changed db +b +c; c 2 resolved db merged"},
			{"a@shop:ends, b@shop:ends, c:ends", "a 4 resolved db +b +c"},
		}},
		{"one operation, of which one finds no cause", [][2]string{
			{"a@shop:?", "a 1 open ?"},
			{"a@shop:?, b@shop:db 0.9", "a 2 update root_changed db +b"},
			{"a@shop:cart 0.9, b@shop:db 0.9", "a 3 update root_changed cart+db +b"},
		}},
		{"one operation: a part that finds more", [][2]string{
			{"a@shop:db 0.9, b@shop:db 0.9", "a 1 open db +b"},
			{"a@shop:db 0.9, b@shop:db cart 0.9", ""},
			{"a@shop:db 0.9, b@shop:db cart 0.9", "a 2 update root_changed db+cart +b"},
			{"a@shop:db 0.9, b@shop:ends", ""},
			{"a@shop:ends, b@shop:well", "a 3 resolved db+cart +b"},
		}},
		{"one operation: a part that finds something else is not heard", [][2]string{
			{"a@shop:db 0.9, b@shop:db 0.9", "a 1 open db +b"},
			{"a@shop:db 0.9, b@shop:cart 0.9", ""},
			{"a@shop:db 0.9, b@shop:cart 0.9", ""},
		}},
		{"it recurs with all causes", [][2]string{
			{"a:db 0.9, b:db cart 0.9", "b 1 open db+cart +a"},
			{"a:ends, b:ends", "b 2 resolved db+cart +a"},
			{"b:cart 0.9", "b 1 open cart again 1"},
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

// An operation that is slow and one that fails are two matters where nobody knows why.
func TestTracker_unknownCausesOfTwoSorts(t *testing.T) {
	state := func(name string, of slo.Indicator) Observed {
		s := firing(name, minute, 1)
		s.RPC, s.Objective.Indicator = rpc("shop"), of
		return Observed{State: s, Verdict: blames(t, "?")}
	}
	assert.Len(t, NewTracker(rules()).Observe(minute, []Observed{state("a", slo.Latency), state("b", slo.Errors)}), 2)
	assert.Len(t, NewTracker(rules()).Observe(minute, []Observed{state("a", slo.Errors), state("b", slo.Errors)}), 1)
}

// What another objective blames is said with what is known of it here, its own what-if of
// another tail is not.
func TestJoined(t *testing.T) {
	cause := func(name string, p, q float64) rca.Cause {
		return rca.Cause{
			Kind: rca.KindService, Service: identity.Service{Name: name}, Mechanism: rca.CPU, Probability: p,
			Quantile: q, Lower: q, Upper: q, Contribution: q / 10, Evidence: []string{name},
		}
	}
	own := rca.Verdict{
		Method: rca.MethodGVAE, Agreed: true, Quantile: 2, RestoresSLO: true,
		Culprits:   []rca.Cause{cause("db", 0.9, 2)},
		Candidates: []rca.Cause{cause("db", 0.9, 2), cause("ads", 0.1, 3), cause("cart", 0.05, 4)},
	}
	other := voice{key{"p50", rpc("shop")}, rca.Verdict{Method: rca.MethodRobust, Quantile: 7, Culprits: []rca.Cause{cause("cart", 0.8, 8), cause("mail", 0.7, 9), cause("db", 0.6, 9)}}, nil}

	v := joined(own, &other)
	names := func(causes []rca.Cause) (out []string) {
		for _, c := range causes {
			out = append(out, c.Service.Name)
		}
		return out
	}
	assert.Equal(t, []string{"db", "cart", "mail"}, names(v.Culprits))
	assert.Equal(t, []string{"db", "cart", "mail", "ads"}, names(v.Candidates), "culprits first, each once")
	assert.InDelta(t, 2, v.Quantile, 0)
	assert.True(t, v.RestoresSLO)
	assert.Equal(t, rca.MethodGVAE, v.Method)
	assert.InDelta(t, 0.8, v.Culprits[1].Probability, 0, "of who blames it")
	assert.InDelta(t, 4, v.Culprits[1].Quantile, 0, "of this tail")
	assert.InDelta(t, 0.4, v.Culprits[1].Contribution, 1e-12)
	assert.True(t, math.IsNaN(v.Culprits[2].Quantile))
	assert.Equal(t, []string{"blamed for p50 of shop GET /", "mail"}, v.Culprits[2].Evidence)
	assert.Equal(t, []string{"db"}, names(own.Culprits), "the verdict itself stays")
	assert.Equal(t, v, joined(v, &other), "twice is once")

	v = joined(rca.Verdict{Abstained: true, Reason: "?", Quantile: math.NaN(), RuledOut: []string{"cpu"}}, &other)
	assert.False(t, v.Abstained)
	assert.Empty(t, v.Reason)
	assert.Empty(t, v.RuledOut)
	assert.True(t, math.IsNaN(v.Quantile))
	assert.Equal(t, rca.MethodRobust, v.Method)
	assert.Equal(t, []string{"cart", "mail", "db"}, names(v.Candidates))
}

// What parts say is the same after storage.
func TestTracker_voicesSurviveStorage(t *testing.T) {
	tr := NewTracker(Config{MaxOpen: 9})
	assert.Equal(t, "a 1 open db", observe(t, tr, 0, "a:db 0.9"))
	assert.Equal(t, "a 2 update root_changed db+cart +b", observe(t, tr, 1, "a:db 0.9, b:db cart 0.9"))
	stored, err := tr.MarshalBinary()
	require.NoError(t, err)
	again := NewTracker(Config{MaxOpen: 9})
	require.NoError(t, again.UnmarshalBinary(stored))
	assert.Empty(t, observe(t, again, 2, "a:db 0.9, b:db cart 0.9"))
	assert.Empty(t, observe(t, again, 3, "a:db 0.9, b:ends"))
	assert.Equal(t, "a 3 resolved db+cart +b", observe(t, again, 4, "a:ends, b:well"))
}
