package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
)

// fallback is front > shop > {price, old}, of which old is slow and was never called before: price
// is called by so many of a hundred requests instead of all, and so many of its calls fail.
func fallback(called, failing float64) (Input, table) {
	w := newWorld().serve("price", 0.010, 1).serve("old", 0.300, 1).serve("shop", 0.005, 1).serve("front", 0.005, 1).
		call("shop", "price", 1, 0.001).call("shop", "old", 0.9, 0.001).call("front", "shop", 1, 0.001)
	in, rec := incident(w, func(w *world) {
		w.calls[edge("shop", "price")] = called / 100
		w.errors[op("price")] = failing
	})
	rec[healthyRows][errorsOf("shop", "price")] = failing
	for i := range healthyRows {
		for k := range rec[i] {
			switch e := k.Edge; {
			case e.Callee == op("old"), k.Node.Edge.Callee == op("old"):
				delete(rec[i], k)
			case k.Kind == feature.Latency && (k.Node.Edge.Callee == op("front") || k.Node.Edge.Callee == op("shop")):
				rec[i][k] += math.Log(0.2) // without 300 ms
			}
		}
	}
	return in, rec
}

// Who is asked in place of one that fails is not the cause of what it takes; who is asked in place
// of one that is well is, and so is who is asked besides.
func TestDiagnose_fallback(t *testing.T) {
	for name, c := range map[string]struct {
		called, failing float64
		want            string
		mechanism       Mechanism
	}{
		"a breaker is open":           {10, 1, "price", ErrorRate},
		"another is taken instead":    {10, 0, "old", Latent},
		"it fails, and is called too": {100, 1, "old", Latent},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := fallback(c.called, c.failing)
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.NotEmpty(t, v.Culprits, v.Reason)
			assert.Equal(t, c.want, v.Culprits[0].Service.Name)
			assert.Equal(t, c.mechanism, v.Culprits[0].Mechanism)
		})
	}
}
