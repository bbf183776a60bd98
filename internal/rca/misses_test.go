package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

// caching is front > store > {cache, db}, of which the database is asked by a tenth
// of the requests.
func caching() *world {
	return newWorld().serve("store", 0.010, 1).serve("front", 0.005, 1).
		query("store", "cache", 1, 0.002).query("store", "db", 0.1, 0.030).call("front", "store", 1, 0.002)
}

func TestDiagnose_misses(t *testing.T) {
	// Ten times as many queries make the database slow: the store's ways have changed.
	collapse := func(w *world) { w.calls[edge("store", "db")], w.leaf[edge("store", "db")] = 1, 0.120 }
	for m, v := range both(caching(), collapse) {
		require.Len(t, v.Culprits, 1, m)
		assert.Equal(t, svc("store"), v.Culprits[0].Service, m)
		sound(t, v)
	}
	// As many queries as ever, and slow: the database is.
	slow := func(w *world) { w.leaf[edge("store", "db")] = 1.5 }
	for m, v := range both(caching(), slow) {
		require.Len(t, v.Culprits, 1, m)
		assert.Equal(t, svc("db"), v.Culprits[0].Service, m)
	}
	// A query that every request made is tried again because the database is slow.
	always := caching()
	always.calls[edge("store", "db")] = 1
	tried := func(w *world) { w.calls[edge("store", "db")], w.leaf[edge("store", "db")] = 2, 0.200 }
	for m, v := range both(always, tried) {
		assert.Contains(t, services(v), "db", m)
	}
}

// What a store is asked for more often, beside a cache of which nothing else is known, is what the
// cache does not hold.
func TestDiagnose_cacheMisses(t *testing.T) {
	w := newWorld().serve("store", 0.010, 1).serve("front", 0.005, 1).
		query("store", "redis:session", 1, 0.002).query("store", "db", 0.1, 0.030).call("front", "store", 1, 0.002)
	collapse := func(w *world) { w.calls[edge("store", "db")] = 1 }
	for m, v := range both(w, collapse) {
		assert.Equal(t, []expected{{KindService, Latent, "store", identity.Edge{}, MissMetric}}, namesOf(v.Culprits), m)
		assert.Equal(t, "db GET /db called 1 times a request vs 0.1 usual: more often than usual it is not in redis:session", v.Culprits[0].Evidence[0], m)
	}
	for m, v := range both(caching(), collapse) {
		assert.Equal(t, []expected{{KindService, Latent, "store", identity.Edge{}, CallsMetric}}, namesOf(v.Culprits), m)
	}
}

func services(v Verdict) (out []string) {
	for _, c := range v.Culprits {
		out = append(out, c.Service.Name)
	}
	return out
}
