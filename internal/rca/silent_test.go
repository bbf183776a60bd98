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

// silenced is an incident of spanless, in which requests fail by so much, and so much of each kind of call is
// missing, usually 400 of each in a window of 10 s.
func silenced(fails map[string]float64, missing map[identity.Edge]float64) (Input, table) {
	w := spanless()
	in, rec := failed(w, failures{served: fails})
	in.Errors, in.Snapshot.End = true, in.Snapshot.Start+10e9
	last := rec[len(rec)-1]
	served := map[string]float64{}
	var edges []window.Edge
	for _, e := range in.Snapshot.Edges {
		left := 1 - missing[e.Key]
		served[e.Key.Callee.Service.Name] += left
		if e.Count *= left; left > 0 {
			last[feature.Key{Kind: feature.Calls, Edge: e.Key}] += math.Log(left)
			edges = append(edges, e)
			continue
		}
		for k := range last {
			if k.Edge == e.Key {
				delete(last, k)
			}
		}
	}
	in.Snapshot.Edges = edges
	var rpcs []window.RPC
	for _, r := range in.Snapshot.RPCs {
		name := r.Key.Service.Name
		if n, called := served[name]; called && n == 0 {
			for k := range last {
				if k.Edge == (identity.Edge{Callee: r.Key}) || k.Kind == feature.Latency && k.Node == cbn.Server(r.Key) {
					delete(last, k)
				}
			}
			continue
		}
		rpcs = append(rpcs, r)
	}
	in.Snapshot.RPCs = rpcs
	return in, rec
}

// Who is to blame for requests that fail, where calls that have no CLIENT spans are missing.
func TestDiagnose_silent(t *testing.T) {
	loginUser, orderUser, orderStock, stockAds := edge("login", "user"), edge("order", "user"), edge("order", "stock"), edge("stock", "ads")
	type fails = map[string]float64
	type missing = map[identity.Edge]float64
	first := &Habits{ahead: map[identity.Edge]float64{orderUser: 0, orderStock: 1}}
	last := &Habits{ahead: map[identity.Edge]float64{orderUser: 1, orderStock: 0}}
	third := func(share float64) *Habits {
		return &Habits{attending: map[identity.Service]map[string]attendance{svc("user"): {"u1": {share: share, windows: 9, start: healthyRows - 1}}}}
	}
	for name, c := range map[string]struct {
		fails   fails
		missing missing
		habits  *Habits
		want    string
		kind    Kind
	}{
		"called by two, and what is called behind it":     {fails{"front": 1, "login": 1, "order": 1}, missing{loginUser: 1, orderUser: 1, orderStock: 1, stockAds: 1}, first, "user", KindAbsence},
		"nobody knows which is called first":              {fails{"front": 1, "login": 1, "order": 1}, missing{loginUser: 1, orderUser: 1, orderStock: 1, stockAds: 1}, new(Habits), "user", KindAbsence},
		"in windows that somebody recorded":               {fails{"front": 1, "order": 1}, missing{orderUser: 1}, nil, "order", KindService},
		"the second call":                                 {fails{"front": 1, "order": 1}, missing{orderStock: 1, stockAds: 1}, first, "stock", KindAbsence},
		"the first call, the second has others":           {fails{"front": 1, "order": 1}, missing{orderStock: 1, orderUser: 1, stockAds: 1}, last, "stock", KindAbsence},
		"further down":                                    {fails{"front": 1, "order": 1, "stock": 1}, missing{stockAds: 1}, first, "ads", KindAbsence},
		"the caller fails nearly always, before it calls": {fails{"front": 0.9, "order": 0.9}, missing{orderUser: 0.9, orderStock: 0.9, stockAds: 0}, first, "order", KindService},
		"others are answered":                             {fails{"front": 0.9, "order": 0.9}, missing{orderUser: 1}, first, "order", KindService},
		"the caller fails behind its calls":               {fails{"front": 1, "order": 1}, nil, first, "order", KindService},
		"a replica":                                       {fails{"front": 0.3, "login": 0.3, "order": 0.3}, missing{loginUser: 0.3, orderUser: 0.3, orderStock: 0.3}, third(0.33), "user", KindInstance},
		"no replica is missing":                           {fails{"front": 0.3, "order": 0.3}, missing{orderUser: 0.3, orderStock: 0.3}, new(Habits), "order", KindService},
		"a replica that serves more than is missing":      {fails{"front": 0.1, "order": 0.1}, missing{loginUser: 0.1, orderUser: 0.1}, third(0.33), "order", KindService},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := silenced(c.fails, c.missing)
			in.Habits = c.habits
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			x := v.Culprits[0]
			assert.Equal(t, []string{c.want}, services(v))
			assert.Equal(t, c.kind, x.Kind)
			assert.Equal(t, ErrorRate, x.Mechanism)
			if x.Kind == KindInstance {
				assert.Equal(t, "u1", x.Instance)
			}
			if x.Kind != KindService {
				assert.Equal(t, unansweredMetric, x.Metric)
			}
			sound(t, v)
		})
	}
}
