package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// expected is a culprit without its numbers.
type expected struct {
	Kind      Kind
	Mechanism Mechanism
	Service   string
	Edge      identity.Edge
	Metric    string
}

func namesOf(cs []Cause) []expected {
	var out []expected
	for _, c := range cs {
		out = append(out, expected{c.Kind, c.Mechanism, c.Service.Name, c.Edge, c.Metric})
	}
	return out
}

var faults = []struct {
	name  string
	world func() *world
	fault func(*world)
	want  []expected
	path  []string
}{
	{
		"slow service, no metric", chain,
		func(w *world) { w.own[op("back")] = 0.220 },
		[]expected{{Kind: KindService, Mechanism: Latent, Service: "back"}},
		[]string{"front", "mid", "back"},
	},
	{
		"slow database", chain,
		func(w *world) { w.leaf[edge("back", "db")] = 0.300 },
		[]expected{{Kind: KindDependency, Mechanism: Latent, Service: "db"}},
		[]string{"front", "mid", "back", "db"},
	},
	{
		"network delay", chain,
		func(w *world) { w.network[edge("mid", "back")] = 0.150 },
		[]expected{{Kind: KindEdge, Mechanism: Network, Service: "back", Edge: edge("mid", "back"), Metric: "network_latency"}},
		[]string{"front", "mid", "back"},
	},
	{
		"cpu saturated", chain,
		func(w *world) { w.own[op("mid")], w.metric[cpu("mid")] = 0.150, 0.97 },
		[]expected{{Kind: KindService, Mechanism: CPU, Service: "mid", Metric: "process.cpu.utilization"}},
		[]string{"front", "mid"},
	},
	{
		"memory, with innocent cpu off the path", fanout,
		func(w *world) {
			w.own[op("b")], w.metric[mem("b")] = 0.400, 0.95
			w.metric[cpu("audit")], w.own[op("audit")] = 0.99, 0.900
		},
		[]expected{{Kind: KindService, Mechanism: Memory, Service: "b", Metric: "process.memory.utilization"}},
		[]string{"front", "b"},
	},
	{
		"innocent cpu on the path", fanout,
		func(w *world) { w.own[op("b")], w.metric[cpu("c")] = 0.400, 0.95 },
		[]expected{{Kind: KindService, Mechanism: Latent, Service: "b"}},
		[]string{"front", "b"},
	},
	{
		"one slow call among parallel ones", fanout,
		func(w *world) { w.leaf[edge("a", "db")] = 0.300 },
		[]expected{{Kind: KindDependency, Mechanism: Latent, Service: "db"}},
		[]string{"front", "a", "db"},
	},
	{
		"worker pool exhausted", func() *world { w := workers(); w.metric[pending("front")] = 0; return w },
		func(w *world) { w.lambda[op("front")], w.metric[pending("front")] = 1, 5 },
		[]expected{{Kind: KindService, Mechanism: Pool, Service: "front", Metric: "overlap"}},
		[]string{"front"},
	},
	{
		"workers called one after another", workers,
		func(w *world) { w.lambda[op("front")] = 1 },
		[]expected{{Kind: KindService, Mechanism: Latent, Service: "front", Metric: "overlap"}},
		[]string{"front"},
	},
	{
		"workers slow", workers,
		func(w *world) { w.own[op("worker")] = 0.100 },
		[]expected{{Kind: KindService, Mechanism: Latent, Service: "worker"}},
		[]string{"front", "worker"},
	},
	{
		"more calls", chain,
		func(w *world) { w.calls[edge("mid", "back")] = 4 },
		[]expected{{Kind: KindService, Mechanism: Retry, Service: "mid", Metric: "calls_per_request"}},
		[]string{"front", "mid"},
	},
	{
		"two in a chain", chain,
		func(w *world) { w.own[op("back")], w.leaf[edge("back", "db")] = 0.200, 0.250 },
		[]expected{{Kind: KindDependency, Mechanism: Latent, Service: "db"}, {Kind: KindService, Mechanism: Latent, Service: "back"}},
		[]string{"front", "mid", "back", "db"},
	},
	{
		"two in parallel", fanout,
		func(w *world) { w.own[op("b")], w.own[op("c")] = 0.400, 0.500 },
		[]expected{{Kind: KindService, Mechanism: Latent, Service: "c"}, {Kind: KindService, Mechanism: Latent, Service: "b"}},
		[]string{"front", "c"},
	},
}

func TestDiagnose_robust(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			in, rec := incident(f.world(), f.fault)
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			assert.Equal(t, MethodRobust, v.Method)
			assert.Equal(t, f.want, namesOf(v.Culprits))
			assert.Equal(t, f.path, v.Culprits[0].Path)
			assert.True(t, math.IsNaN(v.Quantile), "the robust scorer knows no counterfactual")
			sound(t, v)
		})
	}
}

func TestDiagnose_gvae(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			in, rec := incident(f.world(), f.fault)
			in.Layout = layoutOf(in.Graph, rec)
			ev := newPhysics(in.Layout, rec, in)
			v := diagnose(in, Config{}.withDefaults(), rec, ev)
			require.False(t, v.Abstained, v.Reason)
			assert.Equal(t, MethodGVAE, v.Method)
			assert.Equal(t, f.want, namesOf(v.Culprits))
			assert.Equal(t, f.path, v.Culprits[0].Path)
			assert.True(t, v.Agreed)
			assert.True(t, v.RestoresSLO)
			sound(t, v)

			// The truth: the tail of the same window without the fault.
			_, healthy := incident(f.world(), func(*world) {})
			truth := math.Exp(healthy.Value(entryKey(in.Entry, 2), healthyRows))
			assert.InEpsilon(t, truth, v.Quantile, 0.1, "what-if")
			assert.LessOrEqual(t, v.Lower, v.Quantile)
			assert.LessOrEqual(t, v.Quantile, v.Upper)
			assert.Less(t, v.Upper, in.Threshold)
		})
	}
}

func entryKey(rpc identity.RPC, d int) feature.Key {
	k := feature.Key{Kind: feature.Latency, Quantile: d}
	k.Node.Edge.Callee = rpc
	return k
}

// sound checks what holds of every verdict.
func sound(t *testing.T, v Verdict) {
	t.Helper()
	sum := 0.0
	assert.LessOrEqual(t, len(v.Candidates), maxShown)
	for i, c := range v.Candidates {
		sum += c.Contribution
		assert.GreaterOrEqual(t, c.Probability, 0.01)
		assert.LessOrEqual(t, c.Probability, 0.99)
		assert.NotEmpty(t, c.Path)
		if i < len(v.Culprits) {
			assert.Equal(t, v.Culprits[i].Service, c.Service, "culprits come first")
		}
	}
	if len(v.Candidates) > 0 {
		assert.InDelta(t, 1, sum, 1e-9, "contributions sum to 1")
	}
	assert.LessOrEqual(t, v.HopsObserved, v.HopsTotal)
	if v.Abstained {
		assert.Empty(t, v.Culprits)
		assert.NotEmpty(t, v.Reason)
	} else {
		assert.NotEmpty(t, v.Culprits)
	}
}
