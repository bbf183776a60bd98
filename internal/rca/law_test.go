package rca

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// both runs the robust scorer and the search of the same incident.
func both(w *world, fault func(*world)) map[Method]Verdict {
	in, rec := incident(w, fault)
	out := map[Method]Verdict{MethodRobust: diagnose(in, Config{}.withDefaults(), rec, nil)}
	in.Layout = layoutOf(in.Graph, rec)
	out[MethodGVAE] = diagnose(in, Config{}.withDefaults(), rec, newPhysics(in.Layout, rec, in))
	return out
}

// randomWorld is a tree of services that call each other, some in parallel, with
// leaves at the bottom and a second tree beside it that the entry does not call.
func randomWorld(rng *rand.Rand, services int) *world {
	w := newWorld()
	name := func(i int) string { return fmt.Sprintf("s%02d", i) }
	var free []string
	for i := range services {
		lambda := 1.0
		if rng.IntN(2) == 0 {
			lambda = 0.1
		}
		if i == services-1 {
			free = append(free, "")
		}
		w.serve(name(i), 0.002+0.02*rng.Float64(), lambda)
		if rng.IntN(3) == 0 {
			w.query(name(i), "db"+name(i), 1+float64(rng.IntN(2)), 0.002+0.01*rng.Float64())
		}
		take := min(len(free), 1+rng.IntN(3))
		if i == services-1 {
			take = len(free)
			w.serve("off", 0.010, 1)
			w.rpcs[i], w.rpcs[i+1] = w.rpcs[i+1], w.rpcs[i] // the entry stays last
		}
		for _, callee := range free[:take] {
			if callee != "" {
				w.call(name(i), callee, 1, 0.001)
			}
		}
		free = append(free[take:], name(i))
	}
	return w
}

// Whatever breaks, a service without a causal path to the entry is never named,
// and what is named is sound. The one that broke is the first culprit wherever it
// hurts the entry.
func TestLaw_randomFaults(t *testing.T) {
	right, judged := 0, 0
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 7))
		w := randomWorld(rng, 8)
		broken := w.rpcs[rng.IntN(len(w.rpcs))]
		in, rec := incident(w, func(w *world) {
			w.own[broken] += 0.5
			w.own[op("off")] += 2
		})
		in.Layout = layoutOf(in.Graph, rec)
		for method, ev := range map[Method]evidence{MethodRobust: nil, MethodGVAE: newPhysics(in.Layout, rec, in)} {
			v := diagnose(in, Config{}.withDefaults(), rec, ev)
			sound(t, v)
			for _, c := range v.Candidates {
				assert.NotEqual(t, svc("off"), c.Service, "seed %d", seed)
			}
			if broken == op("off") {
				assert.True(t, v.Abstained || v.Candidates[0].Probability < 0.5, "seed %d: nothing on the path is broken", seed)
				continue
			}
			judged++
			if !v.Abstained && v.Method == method && len(v.Culprits) == 1 && v.Culprits[0].Service == broken.Service {
				right++
			} else {
				t.Logf("seed %d, %s: broken %s, got %v %s", seed, method, broken, namesOf(v.Culprits), v.Reason)
			}
		}
	}
	// The arithmetic is exact and the fault 25 times the largest own time: all are
	// decidable, save where the entry's jitter alone passes the screen.
	assert.GreaterOrEqual(t, right, judged*98/100, "of %d", judged)
}

func TestLaw_equalInputsGiveEqualVerdicts(t *testing.T) {
	for range 5 {
		a, b := both(fanout(), faults[11].fault), both(fanout(), faults[11].fault)
		for m := range a {
			// Compare with == on NaN aside: print both.
			assert.Equal(t, fmt.Sprintf("%+v", a[m]), fmt.Sprintf("%+v", b[m]))
		}
	}
}

func TestLaw_inputIsNotChanged(t *testing.T) {
	in, rec := incident(fanout(), faults[11].fault)
	in.Layout = layoutOf(in.Graph, rec)
	before, _ := incident(fanout(), faults[11].fault)
	layout := layoutOf(before.Graph, rec)
	_ = diagnose(in, Config{}.withDefaults(), rec, newPhysics(in.Layout, rec, in))
	assert.True(t, reflect.DeepEqual(before.Graph, in.Graph))
	assert.Equal(t, layout.XOf, in.Layout.XOf)
	assert.Equal(t, before.Snapshot, in.Snapshot)
}

func TestDiagnose_abstains(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Input, *table)
		reason string
	}{
		{"no graph", func(in *Input, _ *table) { in.Graph = nil }, reasonNoWindow},
		{"no snapshot", func(in *Input, _ *table) { in.Snapshot = nil }, reasonNoWindow},
		{"no rows", func(_ *Input, rec *table) { *rec = nil }, reasonNoWindow},
		{"no quantile", func(in *Input, _ *table) { in.Quantile = math.NaN() }, reasonNoWindow},
		{"entry not known", func(in *Input, _ *table) { in.Entry = op("nowhere") }, reasonNotInGraph},
		{"entry not measured", func(_ *Input, rec *table) { (*rec)[healthyRows] = map[feature.Key]float64{} }, reasonNoWindow},
		{"two windows old", func(in *Input, rec *table) { *rec, in.Onset = (*rec)[healthyRows-2:], 2 }, reasonNoBaseline},
		{"nothing but the entry is slow", func(_ *Input, rec *table) {
			for d := range feature.D {
				(*rec)[healthyRows][entryKey(op("front"), d)] += 1
			}
		}, reasonUnexplained},
		{"the threshold is below what is usual", func(_ *Input, rec *table) {
			for d := range feature.D {
				(*rec)[healthyRows][entryKey(op("front"), d)] -= 1
			}
		}, reasonNotSlower},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, rec := incident(chain(), func(*world) {})
			c.change(&in, &rec)
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			assert.True(t, v.Abstained)
			assert.Equal(t, c.reason, v.Reason)
			assert.Empty(t, v.Culprits)
			assert.True(t, math.IsNaN(v.Quantile))
		})
	}
	in, rec := incident(chain(), func(*world) {})
	for d := range feature.D {
		rec[healthyRows][entryKey(op("front"), d)] += 1
	}
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	assert.Equal(t, []string{"cpu", "memory", "network", "retry", "error_rate", "traffic"}, v.RuledOut)
	assert.Equal(t, 3, v.HopsObserved)
	assert.Equal(t, 4, v.HopsTotal)
}

// FuzzDiagnose blanks and distorts columns: no verdict may panic or be unsound.
func FuzzDiagnose(f *testing.F) {
	f.Add(uint64(1), byte(0), 0.99, 0.2)
	f.Add(uint64(2), byte(10), 0.999, 0.0)
	f.Add(uint64(3), byte(128), 0.5, -1.0)
	f.Add(uint64(4), byte(255), 1e-300, math.Inf(1))
	f.Fuzz(func(t *testing.T, seed uint64, holes byte, q, threshold float64) {
		rng := rand.New(rand.NewPCG(seed, 3))
		in, rec := incident(randomWorld(rng, 5), func(w *world) { w.own[op("s02")] += 0.5 })
		in.Quantile, in.Threshold = q, threshold
		for _, row := range rec[rng.IntN(healthyRows):] {
			for _, n := range in.Graph.Nodes {
				for d := range feature.D {
					if rng.IntN(256) < int(holes) {
						row[feature.Key{Kind: feature.Latency, Node: n, Quantile: d}] = math.NaN()
						row[feature.Key{Kind: feature.Calls, Edge: n.Edge}] = [...]float64{math.NaN(), -700, 700, math.Inf(1)}[rng.IntN(4)]
						row[feature.Key{Kind: feature.Overlap, Edge: n.Edge}] = [...]float64{math.NaN(), -700, 3, math.Inf(-1)}[rng.IntN(4)]
						row[feature.Key{Kind: feature.Exclusive, Edge: n.Edge, Quantile: d}] = [...]float64{math.NaN(), -700, 9, math.Inf(1)}[rng.IntN(4)]
					}
				}
			}
		}
		sound(t, diagnose(in, Config{}.withDefaults(), rec, nil))
		in.Layout = layoutOf(in.Graph, rec)
		sound(t, diagnose(in, Config{Samples: 4}.withDefaults(), rec, newPhysics(in.Layout, rec, in)))
	})
}

func TestDiagnose_emptyInput(t *testing.T) {
	v := Diagnose(Input{}, Config{})
	assert.True(t, v.Abstained)
	require.Equal(t, reasonNoWindow, v.Reason)
	v = diagnose(Input{Graph: &cbn.Graph{}, Snapshot: &window.Snapshot{}, Quantile: 0.99}, Config{}.withDefaults(), table{{}}, nil)
	assert.Equal(t, reasonNotInGraph, v.Reason)
	assert.Equal(t, identity.RPC{}, Input{}.Entry)
}
