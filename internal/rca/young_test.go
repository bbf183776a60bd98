package rca

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// grown is a chain in which fraud appeared young windows before the violated one, with the
// evidence of a model that has learned the chain without it.
func grown(young int, fault func(*world)) (Input, table, evidence) {
	before := chain()
	after := newWorld().
		serve("back", 0.020, 1).serve("fraud", 0.020, 1).serve("mid", 0.010, 1).serve("front", 0.005, 1).
		query("back", "db", 1, 0.030).call("mid", "back", 1, 0.002).call("mid", "fraud", 1, 0.002).call("front", "mid", 1, 0.002)
	rng := rand.New(rand.NewPCG(1, 2))
	var t table
	for i := range healthyRows {
		w := before
		if i >= healthyRows-young {
			w = after
		}
		t = append(t, w.jitter(rng).row())
	}
	bad := after.jitter(rng)
	fault(bad)
	t = append(t, bad.row())
	entry := feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: cbn.ServerNode, Edge: identity.Edge{Callee: after.entry()}}, Quantile: 2}
	in := Input{
		Graph: graphOf(after), Snapshot: &window.Snapshot{Start: healthyRows, End: healthyRows + 1},
		Entry: after.entry(), Quantile: 0.99, Threshold: 1.5 * math.Exp(t.Baseline(entry, healthyRows).Median), Onset: healthyRows,
	}
	known := layoutOf(graphOf(before), t)
	in.Layout = known
	return in, t, newPhysics(known, t, in)
}

// What appeared a few windows ago is to blame itself where it is slow, and not who calls it,
// which is all that the model knows.
func TestDiagnose_slowSoonAfterItAppeared(t *testing.T) {
	for young := range 12 {
		t.Run(fmt.Sprint(young), func(t *testing.T) {
			in, rec, ev := grown(young, func(w *world) { w.own[op("fraud")] = 0.300 })
			for _, v := range []Verdict{
				diagnose(in, Config{}.withDefaults(), rec, nil),
				diagnose(in, Config{}.withDefaults(), rec, ev),
			} {
				require.Len(t, v.Culprits, 1)
				assert.Equal(t, svc("fraud"), v.Culprits[0].Service)
				assert.Equal(t, MethodRobust, v.Method)
			}
			in, rec, ev = grown(young, func(w *world) { w.own[op("back")] = 0.300 })
			v := diagnose(in, Config{}.withDefaults(), rec, ev)
			require.NotEmpty(t, v.Culprits)
			assert.Equal(t, svc("back"), v.Culprits[0].Service)
		})
	}
}

// The model knows one of two that are slow. It would explain half, and leave out the other.
func TestDiagnose_aModelThatDoesNotKnowWhoIsSlow(t *testing.T) {
	in, rec, ev := grown(12, func(w *world) { w.own[op("fraud")], w.own[op("mid")] = 0.200, 0.250 })
	v := diagnose(in, Config{}.withDefaults(), rec, ev)
	assert.Equal(t, MethodRobust, v.Method)
	assert.ElementsMatch(t, []string{"fraud", "mid"}, servicesOf(v.Culprits))
}

func servicesOf(causes []Cause) []string {
	var out []string
	for _, c := range causes {
		out = append(out, c.Service.Name)
	}
	return out
}

// A service that begins to call another one, which is as fast as ever, is slower for that.
func TestDiagnose_newCalls(t *testing.T) {
	more := func(w *world) { w.call("front", "back", 6, 0.002) }
	with := chain()
	more(with)
	in, rec := incident(chain(), more)
	in.Graph = graphOf(with)
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	assert.Equal(t, []expected{{KindService, Latent, "front", identity.Edge{}, "calls_per_request"}}, namesOf(v.Culprits))
	assert.Contains(t, v.Culprits[0].Evidence[0], "called 6 times a request, not seen before")
}

// A request or two are no history: what is slow from its first span on is not as usual.
func TestDiagnose_slowFromTheFirstSpan(t *testing.T) {
	in, rec, _ := grown(2, func(w *world) { w.own[op("fraud")] = 0.300 })
	for _, row := range rec[healthyRows-2 : healthyRows] {
		for k := range row {
			of := k.Node.Edge.Callee == op("fraud") || k.Edge.Callee == op("fraud")
			if of && (k.Kind == feature.Latency || k.Kind == feature.Exclusive || k.Kind == feature.Overlap) {
				delete(row, k)
			}
		}
	}
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	assert.Equal(t, []string{"fraud"}, servicesOf(v.Culprits))
}
