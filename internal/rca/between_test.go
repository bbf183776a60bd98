package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// waited are n requests that wait from 10 ms to n x 10 ms.
func waited(n int) *sketch.Sketch {
	s := new(sketch.Sketch)
	for i := range n {
		s.Add(int64(i+1)*10e6, 1)
	}
	return s
}

// Of 100 requests 20 wait to call the database again, 10 to 200 ms: quantile q of all is
// quantile 1 - (1-q)/0.2 of those. Half of its failures are usual, half of the waits too.
func TestSite_between(t *testing.T) {
	for name, c := range map[string]struct {
		calls, fails, usually float64
		again                 int
		want                  []float64 // p50, p95, p99; ms
	}{
		"twenty of a hundred":         {1.4, 0.3, 0, 20, []float64{0, 150, 190}},
		"of which half are usual":     {1.4, 0.3, 0.15, 20, []float64{0, 100, 180}},
		"four of a hundred":           {1.4, 0.3, 0, 4, []float64{0, 0, 30}},
		"a few more calls":            {1.1, 0.3, 0, 10, []float64{0, 50, 90}},
		"as many calls as usual":      {1, 0.3, 0, 20, nil},
		"no more failures than usual": {1.4, 0.3, 0.29, 20, nil},
		"nobody waits":                {1.4, 0.3, 0, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := incident(gateway(), func(w *world) { w.calls[edge("gateway", "db")] = c.calls })
			for i := range healthyRows {
				rec[i][errorsOf("gateway", "db")] = c.usually
			}
			rec[healthyRows][errorsOf("gateway", "db")] = c.fails
			in.Snapshot.RPCs = []window.RPC{{Key: op("gateway"), Count: 100}}
			in.Snapshot.Edges = []window.Edge{{Key: edge("gateway", "db"), Count: 140, Again: waited(c.again)}}
			d := &diagnosis{in: in, r: newReach(in.Graph, in.Entry), v: newView(rec, in.Onset, 3.5)}
			d.v.measure(d.r, in.Snapshot)
			var p rpc
			for _, x := range d.r.rpcs {
				if x.key == op("gateway") {
					p = x
				}
			}
			s := newSite(d.r, d.v, p)
			got := shift{}
			for i := range p.calls {
				if p.calls[i].edge == edge("gateway", "db") {
					got = s.between(i, p, d.v)
				}
			}
			assert.Equal(t, c.want != nil, got.known)
			for i, want := range c.want {
				// Ranks are a request apart, and sketches off by a hundredth.
				assert.InDelta(t, want, got.now[i]*1e3, 12, "quantile %d", i)
				assert.Equal(t, want > 0, got.moved[i])
				assert.Zero(t, got.usual[i])
			}
		})
	}
}

// cart is slower by 300 ms for everybody, and calls to prices, made meanwhile, fail and are
// made again after 200 ms: it hides them, and they would violate the objective alone.
func TestDiagnose_hiddenRetries(t *testing.T) {
	w := newWorld().serve("cart", 0.020, 1).serve("prices", 0.020, 1).serve("front", 0.005, 0).
		call("front", "cart", 1, 0.002).call("front", "prices", 1, 0.002)
	in, rec := incident(w, func(w *world) {
		w.own[op("cart")] += 0.3
		w.calls[edge("front", "prices")] = 1.5
	})
	rec[healthyRows][errorsOf("front", "prices")] = 0.3
	again := new(sketch.Sketch)
	again.Add(200e6, 200)
	in.Snapshot.RPCs = []window.RPC{{Key: op("front"), Count: 400}}
	edges := func(again *sketch.Sketch) []window.Edge {
		return []window.Edge{{Key: edge("front", "prices"), Count: 600, Again: again}}
	}
	in.Snapshot.Edges = edges(again)
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	require.Len(t, v.Culprits, 2)
	assert.Equal(t, []string{"cart", "prices"}, services(v))
	assert.Equal(t, Retry, v.Culprits[1].Mechanism)
	in.Snapshot.Edges = edges(new(sketch.Sketch))
	v = diagnose(in, Config{}.withDefaults(), rec, nil)
	assert.Equal(t, []string{"cart"}, services(v), "nobody has waited")
}
