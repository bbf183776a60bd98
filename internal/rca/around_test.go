package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
)

// spanless is front > {login > user, order > user, order > stock, stock > ads}, user with a store. Nobody
// has a span of the calls that it makes, but of those to the store.
func spanless() *world {
	w := newWorld().serve("ads", 0.010, 1).serve("user", 0.010, 1).serve("stock", 0.010, 1).serve("login", 0.005, 1).serve("order", 0.005, 1).serve("front", 0.005, 1).
		query("user", "db", 1, 0.005).
		call("login", "user", 1, 0.001).call("order", "user", 1, 0.001).call("order", "stock", 1, 0.001).call("stock", "ads", 1, 0.001).
		call("front", "login", 1, 0.001).call("front", "order", 1, 0.001)
	w.unseen = map[identity.Edge]bool{}
	for _, e := range w.edges {
		if _, leaf := w.leaf[e]; !leaf {
			w.unseen[e] = true
		}
	}
	return w
}

// Who lost own time, 1 s each, in requests that call others without spans, and around how many of 200 of
// each kind of call: who is left with it.
func TestAround(t *testing.T) {
	loginUser, orderUser, orderStock, stockAds := edge("login", "user"), edge("order", "user"), edge("order", "stock"), edge("stock", "ads")
	frontLogin, userDB := edge("front", "login"), edge("user", "db")
	type calls = map[identity.Edge]float64
	for name, c := range map[string]struct {
		slow []string
		late calls
		want map[string]float64
	}{
		"a delay at user, of whom two call":      {[]string{"login", "order"}, calls{loginUser: 200, orderUser: 200, userDB: 200}, map[string]float64{"user": 2}},
		"calls beside share what is around them": {[]string{"login", "order"}, calls{loginUser: 200, orderUser: 200, orderStock: 150, userDB: 200}, map[string]float64{"user": 2}},
		"losses at user":                         {[]string{"login", "order"}, calls{loginUser: 5, orderUser: 7, userDB: 4}, map[string]float64{"user": 2}},
		"one caller is slow, around all calls":   {[]string{"order"}, calls{orderUser: 200, orderStock: 200}, map[string]float64{"order": 1}},
		"one link cannot be told":                {[]string{"stock"}, calls{stockAds: 200}, map[string]float64{"stock": 1}},
		"another caller of user is in time":      {[]string{"order"}, calls{orderUser: 200, orderStock: 190}, map[string]float64{"order": 1}},
		"two are slow, whoever they call":        {[]string{"login", "order"}, calls{loginUser: 200, orderUser: 200, orderStock: 200}, map[string]float64{"login": 1, "order": 1}},
		"nothing is known of what is around":     {[]string{"login", "order"}, nil, map[string]float64{"login": 1, "order": 1}},
		"who calls nobody late":                  {[]string{"user"}, calls{frontLogin: 1}, map[string]float64{"user": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := spanless()
			r := newReach(graphOf(w), w.entry())
			by := make([]suspect, len(r.g.Channels))
			for _, n := range c.slow {
				k := r.g.ServiceChannel(svc(n))
				by[k] = suspect{channel: k, excess: 1, parts: []part{{
					channel: k, kind: KindService, mechanism: Latent, rpc: op(n), excess: 1, observed: 1, usual: 0.005, rise: 0.995, delayed: true,
				}}}
			}
			around(r, by, counted{lost: c.late})
			got := map[string]float64{}
			for k, u := range by {
				if u.excess > 0 {
					got[r.g.Channels[k].Service.Name] = u.excess
					for _, p := range u.parts {
						assert.Equal(t, len(c.want) == 1 && len(c.slow) == 2, p.mechanism == Network)
					}
				}
			}
			assert.Equal(t, c.want, got)
		})
	}
}

// Calls to the store of a service whose messages are late go with it where about as many are late.
func TestAround_leaves(t *testing.T) {
	loginUser, orderUser, userDB := edge("login", "user"), edge("order", "user"), edge("user", "db")
	for share, want := range map[float64]map[string]float64{ // of 200 calls to the store
		100: {"user": 3}, 40: {"user": 3}, 10: {"user": 2, "db": 1},
	} {
		w := spanless()
		r := newReach(graphOf(w), w.entry())
		by := make([]suspect, len(r.g.Channels))
		for _, n := range []string{"login", "order", "db"} {
			k := r.g.ServiceChannel(svc(n))
			p := part{channel: k, kind: KindService, mechanism: Latent, rpc: op(n), excess: 1, observed: 1, usual: 0.005, rise: 0.995}
			if n == "db" {
				p = part{channel: k, kind: KindDependency, mechanism: Latent, edge: userDB, excess: 1, rise: 0.4}
			}
			by[k] = suspect{channel: k, excess: 1, parts: []part{p}}
		}
		around(r, by, counted{lost: map[identity.Edge]float64{loginUser: 100, orderUser: 100, userDB: share}})
		got := map[string]float64{}
		for k, u := range by {
			if u.excess > 0 {
				got[r.g.Channels[k].Service.Name] = u.excess
			}
		}
		assert.Equal(t, want, got, "%v of 200", share)
	}
}
