package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// mute are symptoms of a user that does not answer calls of some RPCs.
type mute struct {
	lossyServices
	of       []identity.RPC
	occupies float64
}

func (m mute) unanswered(of identity.RPC, _ float64) (*silent, bool) {
	for _, p := range m.of {
		if p == of {
			return &silent{service: svc("user"), missing: 400, expected: 400}, true
		}
	}
	return nil, false
}

func (m mute) occupied(identity.Service) float64 { return m.occupies }

// Who lost so many seconds of own time while user does not answer order: who is left with it.
func TestInVain(t *testing.T) {
	for name, c := range map[string]struct {
		lost map[string]float64
		mute []string
		want map[string]float64
	}{
		"the caller":                         {map[string]float64{"order": 8}, []string{"order"}, map[string]float64{"user": 8}},
		"both callers":                       {map[string]float64{"order": 8, "login": 8}, []string{"order", "login"}, map[string]float64{"user": 16}},
		"who waits until a worker is free":   {map[string]float64{"order": 8, "front": 5}, []string{"order"}, map[string]float64{"user": 13}},
		"who lost much more than that":       {map[string]float64{"order": 8, "front": 17}, []string{"order"}, map[string]float64{"user": 8, "front": 17}},
		"who does not call it":               {map[string]float64{"order": 8, "ads": 2}, []string{"order"}, map[string]float64{"user": 8, "ads": 2}},
		"somebody else, while user answers":  {map[string]float64{"order": 8}, nil, map[string]float64{"order": 8}},
		"user itself, as far as it is there": {map[string]float64{"user": 1}, []string{"user"}, map[string]float64{"user": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := spanless()
			r := newReach(graphOf(w), w.entry())
			by := make([]suspect, len(r.g.Channels))
			for n, s := range c.lost {
				k := r.g.ServiceChannel(svc(n))
				by[k] = suspect{channel: k, excess: s, parts: []part{{channel: k, kind: KindService, mechanism: Latent, rpc: op(n), excess: s, observed: s, delayed: true}}}
			}
			var m mute
			for _, n := range c.mute {
				m.of = append(m.of, op(n))
			}
			inVain(r, by, m)
			got := map[string]float64{}
			for k, u := range by {
				if u.excess > 0 {
					got[r.g.Channels[k].Service.Name] = u.excess
				}
			}
			assert.Equal(t, c.want, got)
		})
	}
}

// Calls of back by mid, a third of which fails after 8 s and is answered by nobody.
func TestDiagnose_noAnswer(t *testing.T) {
	midBack := edge("mid", "back")
	for name, c := range map[string]struct {
		matched float64 // of 400 calls
		served  float64 // p99 of those that are, in seconds
		fails   float64
		want    string
	}{
		"by nobody":               {260, 0.02, 0.35, "back"},
		"but all are":             {400, 8, 0.35, ""},
		"none of them fails":      {260, 0.02, 0, ""},
		"a few spans are missing": {395, 0.02, 0.35, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := incident(chain(), func(*world) {})
			last := rec[len(rec)-1]
			set := func(class cbn.Class, e identity.Edge, s float64) {
				for k := range last {
					if k.Kind == feature.Latency && k.Node.Class == class && k.Node.Edge == e && k.Quantile > 0 {
						last[k] = math.Log(s)
					}
				}
			}
			set(cbn.ClientNode, midBack, 8)
			set(cbn.ServerNode, identity.Edge{Callee: op("back")}, c.served)
			for _, n := range []string{"mid", "front"} {
				set(cbn.ServerNode, identity.Edge{Callee: op(n)}, 8)
			}
			set(cbn.ClientNode, edge("front", "mid"), 8)
			last[errorsOf("mid", "back")] = c.fails
			in.Snapshot.Edges = append(in.Snapshot.Edges, window.Edge{Key: midBack, Count: 400, Matched: c.matched, Errors: 400 * c.fails})
			in.Habits = &Habits{attending: map[identity.Service]map[string]attendance{svc("back"): {"b1": {share: 0.33, windows: 9, start: healthyRows - 1}}}}
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			if c.want == "" {
				assert.True(t, v.Abstained)
				return
			}
			require.False(t, v.Abstained, v.Reason)
			assert.Equal(t, []string{c.want}, services(v))
			assert.Equal(t, "b1", v.Culprits[0].Instance)
			assert.Equal(t, ErrorRate, v.Culprits[0].Mechanism)
			assert.Equal(t, unansweredMetric, v.Culprits[0].Metric)
			assert.InDelta(t, 140, v.Culprits[0].Observed, 1e-9)
			sound(t, v)
		})
	}
}
