package method

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/rca"
)

// sound checks what holds for every answer.
func sound(t *testing.T, a Answer) {
	t.Helper()
	require.LessOrEqual(t, len(a.Culprits), len(a.Ranking))
	assert.Equal(t, len(a.Culprits) == 0, a.Reason != "", "abstains with a reason, and only then")
	for i, c := range a.Ranking {
		if i < len(a.Culprits) {
			assert.Equal(t, a.Culprits[i], c, "culprits come first")
		}
		assert.False(t, math.IsNaN(c.Score) || math.IsInf(c.Score, 0) || c.Score < 0, "score %v", c.Score)
		for _, o := range a.Ranking[:i] {
			assert.NotEqual(t, o.Service, c.Service, "twice")
			assert.GreaterOrEqual(t, o.Score, c.Score, "order")
		}
	}
}

func slowBack(w *world) {
	w.own["back"] *= 6
	w.metrics["back"][cpuMetric] = 0.95
}

// A service that works longer and whose CPU says so is no question to any method
// but the random one.
func TestDiagnose_easy(t *testing.T) {
	in := incident(newWorld(), 2, slowBack)
	for _, m := range unfitted(1)[1:] {
		t.Run(m.Name(), func(t *testing.T) {
			a := m.Diagnose(in)
			sound(t, a)
			assert.Equal(t, []string{"back"}, named(a.Culprits))
			again := m.Diagnose(in)
			assert.Equal(t, a.Ranking, again.Ranking, "the same again")
			assert.Equal(t, a.Culprits, again.Culprits)
		})
	}
	t.Run("mechanism", func(t *testing.T) {
		assert.Equal(t, rca.CPU, Exclusive{}.Diagnose(in).Culprits[0].Mechanism)
		assert.Equal(t, rca.CPU, Robust{}.Diagnose(in).Culprits[0].Mechanism)
		assert.Empty(t, MaxLatency{}.Diagnose(in).Culprits[0].Mechanism)
	})
}

// Of a slow way to back, neither back's latency nor its metrics know: what looks at
// columns of services blames a service that waits for it. With the columns of calls
// it can be seen.
func TestDiagnose_networkDelay(t *testing.T) {
	in := incident(newWorld(), 1, func(w *world) { w.link("mid", "back").gap = 0.080 })
	for _, m := range []Method{MaxLatency{}, NSigma{}, BARO{}} {
		t.Run(m.Name(), func(t *testing.T) {
			a := m.Diagnose(in)
			sound(t, a)
			assert.NotEqual(t, []string{"back"}, named(a.Culprits))
		})
	}
	for _, m := range []Method{NSigma{Calls: true}, BARO{Calls: true}, CIRCA{}, Exclusive{}, Robust{}} {
		t.Run(m.Name(), func(t *testing.T) {
			a := m.Diagnose(in)
			sound(t, a)
			require.Equal(t, []string{"back"}, named(a.Culprits))
			assert.Equal(t, rca.Network, a.Culprits[0].Mechanism)
		})
	}
}

// A database without spans is judged by how long its callers wait for it.
func TestDiagnose_leaf(t *testing.T) {
	in := incident(newWorld(), 1, func(w *world) { w.link("back", "db").leaf = 0.100 })
	for _, m := range []Method{MaxLatency{}, NSigma{}, BARO{}, CIRCA{}, Exclusive{}, Robust{}} {
		t.Run(m.Name(), func(t *testing.T) {
			a := m.Diagnose(in)
			sound(t, a)
			assert.Equal(t, []string{"db"}, named(a.Culprits))
		})
	}
}

// A metric that jumps without consequence misleads what takes the largest
// deviation; Exclusive asks what costs time.
func TestDiagnose_harmlessMetric(t *testing.T) {
	in := incident(newWorld(), 1, func(w *world) {
		w.own["back"] *= 4
		w.metrics["side"][memMetric] *= 30
	})
	for _, m := range []Method{NSigma{}, BARO{}} {
		a := m.Diagnose(in)
		assert.Equal(t, []string{"side"}, named(a.Culprits), m.Name())
		assert.Equal(t, rca.Memory, a.Culprits[0].Mechanism)
	}
	a := Exclusive{}.Diagnose(in)
	assert.Equal(t, []string{"back"}, named(a.Culprits))
	assert.Equal(t, rca.Latent, a.Culprits[0].Mechanism)
}

// What no entry request passes is not blamed, whatever it does.
func TestDiagnose_offThePath(t *testing.T) {
	w := newWorld()
	w.metrics["batch"] = map[string]float64{cpuMetric: 0.1}
	in := incident(w, 1, func(w *world) {
		slowBack(w)
		w.metrics["batch"][cpuMetric] = 50
	})
	for _, m := range unfitted(1) {
		assert.NotContains(t, named(m.Diagnose(in).Ranking), "batch", m.Name())
	}
}

// Every method abstains, and says why, where there is nothing to go by.
func TestDiagnose_abstains(t *testing.T) {
	in := incident(newWorld(), 1, slowBack)
	unknown, empty := in, in
	unknown.Entry = rpc("nobody")
	empty.History = feature.NewHistory(in.History.Window(), 10, 10)
	methods := append(unfitted(1), Published{}, &Thresholds{})
	for name, in := range map[string]rca.Input{"unknown entry": unknown, "no rows": empty, "nothing": {}} {
		for _, m := range methods {
			a := m.Diagnose(in)
			sound(t, a)
			assert.Empty(t, a.Culprits, "%s: %s", m.Name(), name)
			assert.True(t, math.IsNaN(a.Quantile))
		}
	}
	assert.Equal(t, reasonNoModel, Published{}.Diagnose(in).Reason)
	assert.Equal(t, reasonBelow, (&Thresholds{}).Diagnose(in).Reason)
}

// Names are what tables are keyed by.
func TestNames(t *testing.T) {
	var names []string
	for _, m := range append(unfitted(1), Published{}, &Thresholds{}, NSigma{Calls: true}, BARO{Calls: true}) {
		names = append(names, m.Name())
	}
	assert.Equal(t, []string{
		"random", "max_latency", "nsigma", "baro", "circa", "exclusive", "robust", "sage",
		"sage_published", "thresholds", "nsigma_calls", "baro_calls",
	}, names)
}

// Each service is first in a fifth of the windows: of n = 2000 draws with p = 1/5
// the share has a standard deviation of sqrt(p(1-p)/n) = 0.009; five of them
// happen once in two million.
func TestRandom_uniform(t *testing.T) {
	in := incident(newWorld(), 1, slowBack)
	snap := *in.Snapshot
	in.Snapshot = &snap
	const n = 2000
	firsts := map[string]int{}
	for i := range int64(n) {
		snap.Start = i * size
		a := Random{Seed: 3}.Diagnose(in)
		require.Len(t, a.Ranking, 5)
		firsts[a.Culprits[0].Service.Name]++
	}
	require.Len(t, firsts, 5)
	for s, k := range firsts {
		assert.InDelta(t, 0.2, float64(k)/n, 5*0.009, s)
	}
	assert.NotEqual(t, named(Random{Seed: 3}.Diagnose(in).Ranking), named(Random{Seed: 4}.Diagnose(in).Ranking))
}

// unfitted are the methods that need no fit.
func unfitted(seed uint64) []Method {
	cfg := rca.Config{Seed: seed}
	return append(Baselines(seed), Robust{Config: cfg}, Sage{Config: cfg})
}
