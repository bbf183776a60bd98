package rca

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// Calls that fail after one time, far longer than calls usually take, were given up, whatever the
// error is called.
func TestDiagnosis_limited(t *testing.T) {
	for name, c := range map[string]struct {
		answered, failed []float64 // ms, ten calls each
		want             bool
	}{
		"all end at one time":        {nil, []float64{3000, 3000, 3000, 3000}, true},
		"a third do":                 {[]float64{60, 70}, []float64{3000}, true},
		"they last as they come":     {nil, []float64{1000, 1700, 2400, 3000}, false},
		"they are refused at once":   {[]float64{60, 70}, []float64{1}, false},
		"it is no longer than usual": {[]float64{60, 70}, []float64{100}, false},
		"none fails":                 {[]float64{3000, 3000}, nil, false},
	} {
		in, rec := incident(chain(), func(*world) {})
		x := window.Edge{Key: edge("mid", "back"), Client: new(sketch.Sketch), Errors: 10 * float64(len(c.failed)), Count: 10 * float64(len(c.failed)+len(c.answered))}
		for _, ms := range append(c.answered, c.failed...) {
			x.Client.Add(int64(ms*1e6), 10)
		}
		in.Snapshot.Edges = append(in.Snapshot.Edges, x)
		d := &diagnosis{in: in, r: newReach(in.Graph, in.Entry), v: newView(rec, in.Onset, 3.5)}
		d.v.measure(d.r, in.Snapshot)
		assert.Equal(t, c.want, d.limited(x.Key), name)
	}
}

// mid answers in time, but nobody has the patience until it begins: its workers wait for what
// another of its operations calls. That is who fails the calls.
func TestDiagnose_givenUpBeforeItBegins(t *testing.T) {
	base, _, toDB := listing()
	base.serve("other", 0.010, 1).serve("front", 0.005, 1).
		query("other", "store", 1, 0.010).call("front", "mid", 1, 0.002).call("front", "other", 1, 0.002)
	for name, c := range map[string]struct {
		seconds float64 // of a query
		want    string
	}{
		"the store of another operation is slow": {2, "store"},
		"nothing is":                             {0.010, "mid"},
	} {
		in, rec := incident(base, func(w *world) {
			w.leaf[toDB], w.leaf[edge("other", "store")] = c.seconds, c.seconds
			w.errors[op("front")] = 0.5
		})
		rec[healthyRows][errorsOf("front", "mid")] = 0.5
		rec[healthyRows][feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: cbn.ClientNode, Edge: edge("front", "mid")}, Quantile: feature.D - 1}] = math.Log(3)
		in.Errors = true
		in.Snapshot.End = in.Snapshot.Start + int64(30*time.Second)
		call := window.Edge{Key: edge("front", "mid"), Count: 400, Errors: 200, Client: new(sketch.Sketch)}
		call.Client.Add(int64(15*time.Millisecond), 200)
		call.Client.Add(int64(3*time.Second), 200)
		in.Snapshot.RPCs = []window.RPC{{Key: op("front"), Count: 400}, {Key: op("mid"), Count: 400}}
		in.Snapshot.Edges = []window.Edge{call}
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		require.NotEmpty(t, v.Culprits, v.Reason)
		assert.Equal(t, c.want, v.Culprits[0].Service.Name, name)
		assert.Len(t, v.Culprits, 1, name)
	}
}

// Two services call each other, by different operations, and give up on each other: whoever is asked who
// is slow comes back to where it began.
func TestDiagnose_givenUpInCircles(t *testing.T) {
	of := func(service, operation string) identity.RPC {
		return identity.RPC{Service: svc(service), Operation: operation}
	}
	a1, a2, b1, b2 := of("a", "1"), of("a", "2"), of("b", "1"), of("b", "2")
	w := newWorld()
	w.rpcs = []identity.RPC{b1, a2, a1, b2, op("front")}
	w.edges = []identity.Edge{{Caller: a1, Callee: b1}, {Caller: b2, Callee: a2}, {Caller: op("front"), Callee: a1}, {Caller: op("front"), Callee: b2}}
	for _, p := range w.rpcs {
		w.own[p], w.lambda[p] = 0.005, 1
	}
	for _, e := range w.edges {
		w.calls[e], w.network[e] = 1, 0.001
	}
	in, rec := incident(w, func(w *world) { w.errors[op("front")] = 0.5 })
	in.Errors = true
	in.Snapshot.RPCs = []window.RPC{{Key: op("front"), Count: 400}, {Key: a1, Count: 400}, {Key: b2, Count: 400}}
	for _, e := range w.edges {
		rec[healthyRows][feature.Key{Kind: feature.Errors, Edge: e}] = 0.5
		rec[healthyRows][feature.Key{Kind: feature.Calls, Edge: e}] = math.Log(2)
		rec[healthyRows][feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: cbn.ClientNode, Edge: e}, Quantile: feature.D - 1}] = math.Log(3)
		call := window.Edge{Key: e, Count: 400, Errors: 200, Client: new(sketch.Sketch), ErrorType: "timeout"}
		call.Client.Add(int64(3*time.Second), 400)
		in.Snapshot.Edges = append(in.Snapshot.Edges, call)
	}
	for _, errors := range []bool{true, false} {
		in.Errors = errors
		assert.NotPanics(t, func() { diagnose(in, Config{}.withDefaults(), rec, nil) })
	}
}
