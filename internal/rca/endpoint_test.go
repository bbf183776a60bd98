package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

// hub is front > hub > {a, b}, hub > db.
func hub() *world {
	return newWorld().
		serve("a", 0.020, 1).serve("b", 0.020, 1).serve("hub", 0.010, 1).serve("front", 0.005, 1).
		query("hub", "db", 1, 0.030).
		call("hub", "a", 1, 0.002).call("hub", "b", 1, 0.002).call("front", "hub", 1, 0.002)
}

func TestDiagnose_gapsMeet(t *testing.T) {
	delay := func(w *world, d float64, edges ...identity.Edge) {
		for _, e := range edges {
			if _, leaf := w.leaf[e]; leaf {
				w.leaf[e] += d
			} else {
				w.network[e] += d
			}
		}
	}
	for name, c := range map[string]struct {
		fault func(*world)
		want  []string // services
		kind  Kind
	}{
		"all messages of one service": {
			func(w *world) {
				delay(w, 0.1, edge("front", "hub"), edge("hub", "a"), edge("hub", "b"), edge("hub", "db"))
			}, []string{"hub"}, KindService,
		},
		"its callers' side and a leaf": {
			func(w *world) { delay(w, 0.1, edge("front", "hub"), edge("hub", "db")) }, []string{"hub"}, KindService,
		},
		"a single link is a link": {
			func(w *world) { delay(w, 0.1, edge("hub", "a")) }, []string{"a"}, KindEdge,
		},
		"a leaf that is slower by much more is slow itself": {
			func(w *world) { delay(w, 0.1, edge("front", "hub")); delay(w, 0.4, edge("hub", "db")) }, []string{"db", "hub"}, KindDependency,
		},
		"two links that do not meet": {
			func(w *world) { delay(w, 0.15, edge("front", "hub")); delay(w, 0.15, edge("a", "store")) }, []string{"hub", "store"}, KindEdge,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := hub
			if name == "two links that do not meet" {
				w = func() *world {
					return newWorld().
						serve("store", 0.010, 1).serve("a", 0.020, 1).serve("hub", 0.010, 1).serve("front", 0.005, 1).
						call("a", "store", 1, 0.002).call("hub", "a", 1, 0.002).call("front", "hub", 1, 0.002)
				}
			}
			for m, v := range both(w(), c.fault) {
				require.False(t, v.Abstained, m)
				var got []string
				for _, x := range v.Culprits {
					got = append(got, x.Service.Name)
				}
				assert.ElementsMatch(t, c.want, got, m)
				assert.Equal(t, c.kind, v.Culprits[0].Kind, m)
				if c.kind != KindDependency {
					assert.Equal(t, Network, v.Culprits[0].Mechanism, m)
					assert.Equal(t, networkMetric, v.Culprits[0].Metric, m)
				}
				sound(t, v)
			}
		})
	}
}

// Two leaves that are slower by the same are one service whose messages are late;
// by different amounts they are two slow leaves.
func TestDiagnose_leavesOfOneService(t *testing.T) {
	two := func() *world {
		return newWorld().serve("hub", 0.010, 1).serve("front", 0.005, 1).
			query("hub", "db", 1, 0.030).query("hub", "cache", 1, 0.002).call("front", "hub", 1, 0.002)
	}
	same := func(w *world) { w.leaf[edge("hub", "db")] += 0.1; w.leaf[edge("hub", "cache")] += 0.1 }
	for m, v := range both(two(), same) {
		require.Len(t, v.Culprits, 1, m)
		assert.Equal(t, svc("hub"), v.Culprits[0].Service, m)
		assert.Equal(t, Network, v.Culprits[0].Mechanism, m)
	}
	other := func(w *world) { w.leaf[edge("hub", "db")] += 0.3; w.leaf[edge("hub", "cache")] += 0.1 }
	for m, v := range both(two(), other) {
		assert.Equal(t, svc("db"), v.Culprits[0].Service, m)
	}
}

// A link that the entry's requests do not use says at which end a delay is.
func TestDiagnose_linksBeyond(t *testing.T) {
	for name, c := range map[string]struct {
		late []identity.Edge
		kind Kind
	}{
		"another caller's is as late":      {[]identity.Edge{edge("front", "hub"), edge("other", "hub")}, KindService},
		"it is not":                        {[]identity.Edge{edge("front", "hub")}, KindEdge},
		"one that is late ends at neither": {[]identity.Edge{edge("front", "hub"), edge("other", "ads")}, KindEdge},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld().
				serve("hub", 0.010, 1).serve("ads", 0.010, 1).serve("other", 0.005, 1).serve("front", 0.005, 1).
				call("other", "hub", 1, 0.002).call("other", "ads", 1, 0.002).call("front", "hub", 1, 0.002)
			in, rec := incident(w, func(w *world) {
				for _, e := range c.late {
					w.network[e] += 0.1
				}
			})
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.Len(t, v.Culprits, 1)
			assert.Equal(t, svc("hub"), v.Culprits[0].Service)
			assert.Equal(t, c.kind, v.Culprits[0].Kind)
			assert.Equal(t, Network, v.Culprits[0].Mechanism)
		})
	}
}

// A link between the same two services says nothing of the end that a delay is at.
func TestDiagnose_linksBeyondOfTheSameTwo(t *testing.T) {
	w := newWorld().serve("hub", 0.010, 1).serve("other", 0.005, 1).serve("front", 0.005, 1).
		call("other", "hub", 1, 0.002).call("front", "hub", 1, 0.002)
	in, rec := incident(w, func(w *world) {
		w.network[edge("front", "hub")] += 0.1
		w.network[edge("other", "hub")] += 0.1
	})
	d := &diagnosis{in: in, r: newReach(in.Graph, in.Entry), v: newView(rec, in.Onset, 3.5)}
	d.v.measure(d.r, in.Snapshot)
	e := endpoint{r: d.r, by: make([]suspect, len(d.r.g.Channels)), symptoms: d}
	e.index()
	c := d.r.g.NetworkChannel(edge("front", "hub"))
	e.by[c].parts = []part{{rise: 0.1}}
	assert.Equal(t, 1, e.beyond(svc("hub"), c), "other is a third")
	for n := range d.r.g.Nodes {
		if x := &d.r.g.Nodes[n].Edge; x.Caller == op("other") {
			x.Caller = identity.RPC{Service: svc("front"), Operation: "another"}
		}
	}
	assert.Equal(t, 0, e.beyond(svc("hub"), c))
}
