package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

func TestDiagnose_traffic(t *testing.T) {
	surge := func(w *world) {
		w.load = 60
		w.own[op("mid")], w.own[op("back")] = 0.080, 0.120
	}
	for _, v := range both(chain(), surge) {
		require.Len(t, v.Culprits, 1)
		c := v.Culprits[0]
		assert.Equal(t, MethodRobust, v.Method, "a surge is outside of what a model was fitted to")
		assert.Equal(t, KindTraffic, c.Kind)
		assert.Equal(t, Traffic, c.Mechanism)
		assert.Equal(t, []string{"front"}, c.Path)
		assert.InDelta(t, 60, c.Observed, 0.1)
		assert.Greater(t, c.Probability, v.Candidates[1].Probability)
		sound(t, v)
	}
	one := func(w *world) { w.load, w.own[op("back")] = 35, 0.220 }
	for _, v := range both(chain(), one) {
		assert.Equal(t, svc("back"), v.Culprits[0].Service, "a single slow service is to blame itself")
	}
	throttled := feature.Key{Kind: feature.Metric, Service: svc("back"), Name: "container.cpu.throttled"}
	behind := chain()
	behind.metric[throttled] = 0
	starved := func(w *world) { one(w); w.metric[throttled] = 0.6 }
	for _, v := range both(behind, starved) {
		assert.Equal(t, KindTraffic, v.Culprits[0].Kind, "the one that cannot keep up is to blame for nothing")
	}
}

// More requests are no reason for a slow network, nor where as many hurt nobody before.
func TestDiagnose_noTraffic(t *testing.T) {
	slow := func(load float64) func(*world) {
		return func(w *world) {
			w.load = load
			w.own[op("mid")], w.own[op("back")], w.network[edge("mid", "back")] = 0.030, 0.050, 0.500
		}
	}
	for load, want := range map[float64]Kind{35: KindEdge, 60: KindTraffic} { // twice as many as ever: nobody accepts them
		for _, v := range both(chain(), slow(load)) {
			assert.Equal(t, want, v.Culprits[0].Kind, "%v requests/s", load)
		}
	}
	hog := func(used float64) func(*world) {
		return func(w *world) { w.load, w.own[op("back")], w.metric[cpu("back")] = 45, 0.220, used }
	}
	for used, want := range map[float64]Kind{0.9: KindTraffic, 0.98: KindTraffic, 1.4: KindService} { // usually 0.4: 0.9 for 45 of 20
		for _, v := range both(chain(), hog(used)) {
			assert.Equal(t, want, v.Culprits[0].Kind, "%v of a core", used)
		}
	}
	meets := func(w *world) {
		w.load, w.own[op("b")] = 35, 0.120
		for _, to := range []string{"a", "b", "c"} {
			w.network[edge("front", to)] = 0.300
		}
	}
	for _, v := range both(fanout(), meets) {
		assert.Equal(t, Network, v.Culprits[0].Mechanism, "given to a service, it is the network's all the same")
	}
	alone := func(w *world) { w.load, w.network[edge("mid", "back")] = 60, 0.500 }
	for _, v := range both(chain(), alone) {
		assert.Equal(t, KindTraffic, v.Culprits[0].Kind)
	}
	surge := func(w *world) {
		w.load = 60
		w.own[op("mid")], w.own[op("back")] = 0.080, 0.120
	}
	for busy, want := range map[int]Kind{0: KindTraffic, 1: KindTraffic, 6: KindService} { // windows of 60
		in, rec := incident(chain(), surge)
		for i := range busy {
			rec[i*7][feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: op("front")}}] = math.Log1p(60)
		}
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		assert.Equal(t, want, v.Culprits[0].Kind, "%d busy windows", busy)
	}
}

// Ten arrivals a window scatter by a third: one window tells nothing, a run of them does.
func TestView_since(t *testing.T) {
	k := feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: op("front")}}
	var rec table
	for i := range 12 {
		rec = append(rec, map[feature.Key]float64{k: 2 + 0.3*float64(i%3-1)})
	}
	for _, load := range []float64{9, 2.8, math.NaN(), 2.9, 3.0} { // the first one was shared with what came before
		rec = append(rec, map[feature.Key]float64{k: load})
	}
	v := newView(rec, 12, 3.5)
	one, all := v.at(k), v.since(k)
	assert.Equal(t, 3.0, one.now)
	assert.InDelta(t, (2.8+2.9+3.0)/3, all.now, 1e-12)
	assert.InDelta(t, one.spread/math.Sqrt(3), all.spread, 1e-12)
	assert.Equal(t, one.usual, all.usual)

	v = newView(rec, 16, 3.5)
	assert.Equal(t, v.at(k), v.since(k), "one window is one window")
}

// A starved service neither accepts nor sends in time: the gap around it is its own.
func TestDiagnose_gapOfAStarvedService(t *testing.T) {
	starved := func(w *world) {
		w.own[op("back")], w.metric[cpu("back")] = 0.220, 0.98
		w.network[edge("mid", "back")] = 0.060
	}
	for m, v := range both(chain(), starved) {
		assert.Equal(t, []expected{{KindService, CPU, "back", identity.Edge{}, "process.cpu.utilization"}}, namesOf(v.Culprits), m)
	}
	// Whoever waits for a core waits for it to accept and to answer as well.
	waits := func(w *world) { starved(w); w.network[edge("mid", "back")] = 0.300 }
	for m, v := range both(chain(), waits) {
		assert.Equal(t, []expected{{KindService, CPU, "back", identity.Edge{}, "process.cpu.utilization"}}, namesOf(v.Culprits), m)
	}
	// One thread that is blocked neither accepts nor reads answers, and is fast once it serves.
	blocked := func(w *world) {
		w.metric[cpu("mid")] = 0.98
		w.network[edge("front", "mid")], w.network[edge("mid", "back")] = 0.300, 0.300
	}
	for m, v := range both(chain(), blocked) {
		assert.Equal(t, []expected{{KindService, CPU, "mid", identity.Edge{}, "process.cpu.utilization"}}, namesOf(v.Culprits), m)
	}
	// So is a gap that is far longer, of who works twice as much for each request: no network has it do that.
	twice := func(w *world) {
		w.own[op("back")], w.metric[cpu("back")], w.network[edge("mid", "back")] = 0.060, 0.98, 1.200
	}
	for m, v := range both(chain(), twice) {
		assert.Equal(t, []expected{{KindService, CPU, "back", identity.Edge{}, "process.cpu.utilization"}}, namesOf(v.Culprits), m)
	}
	// A gap as large as that is a fault of its own.
	two := func(w *world) { w.own[op("back")], w.network[edge("mid", "back")] = 0.220, 0.200 }
	for m, v := range both(chain(), two) {
		assert.Len(t, v.Culprits, 2, m)
	}
}

// pending is how many requests of a service wait for a connection.
func pending(name string) feature.Key {
	return feature.Key{Kind: feature.Metric, Service: svc(name), Name: "db.client.connection.pending_requests"}
}

// Requests that wait for a worker between their calls: own time and lost parallelism at once. Where they
// lose parallelism alone, a metric may say that they wait for a pool; else they may have been made to
// call that way.
func TestDiagnose_poolShowsAsOwnTime(t *testing.T) {
	starved := func(w *world) { w.own[op("front")], w.lambda[op("front")] = 0.300, 0.5 }
	for m, v := range both(workers(), starved) {
		assert.Equal(t, []expected{{KindService, Pool, "front", identity.Edge{}, "overlap"}}, namesOf(v.Culprits), m)
	}
	sequential := func(w *world) { w.lambda[op("front")] = 1 }
	for m, v := range both(workers(), sequential) {
		assert.Equal(t, []expected{{KindService, Latent, "front", identity.Edge{}, "overlap"}}, namesOf(v.Culprits), m)
	}
	monitored := workers()
	monitored.metric[pending("front")] = 0
	queueing := func(w *world) { starved(w); w.metric[pending("front")] = 5 }
	for m, v := range both(monitored, queueing) {
		assert.Equal(t, []expected{{KindService, Pool, "front", identity.Edge{}, pending("").Name}}, namesOf(v.Culprits), m)
	}
	busy := func(w *world) { starved(w); w.metric[cpu("front")] = 0.95 }
	for m, v := range both(workers(), busy) {
		assert.Equal(t, CPU, v.Culprits[0].Mechanism, m)
	}
}

func TestDiagnose_newDependency(t *testing.T) {
	with := chain().query("mid", "cache", 1, 0.200)
	in, rec := incident(chain(), func(w *world) { w.query("mid", "cache", 1, 0.200) })
	in.Graph = graphOf(with)
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	require.Len(t, v.Culprits, 1)
	assert.Equal(t, svc("cache"), v.Culprits[0].Service)
	assert.Equal(t, []string{"GET /cache p50 200ms, not seen before"}, v.Culprits[0].Evidence)

	// The model was trained before and knows nothing of it.
	in.Layout = layoutOf(graphOf(chain()), rec)
	v = diagnose(in, Config{}.withDefaults(), rec, newPhysics(in.Layout, rec, in))
	assert.Equal(t, MethodRobust, v.Method, "no set restores the SLO")
	assert.Equal(t, svc("cache"), v.Culprits[0].Service)
}

func TestDiagnose_cacheCollapse(t *testing.T) {
	w := chain().query("mid", "store", 0.1, 0.100)
	for m, v := range both(w, func(w *world) { w.calls[edge("mid", "store")] = 1 }) {
		assert.Equal(t, svc("mid"), v.Culprits[0].Service, m)
		assert.Equal(t, Latent, v.Culprits[0].Mechanism, "%s: calls that few requests made are no retries", m)
		assert.Equal(t, "calls_per_request", v.Culprits[0].Metric, m)
	}
}

func TestDiagnose_errors(t *testing.T) {
	failing := func(w *world) { w.own[op("back")], w.errors[op("back")] = 0.220, 0.35 }
	for m, v := range both(chain(), failing) {
		assert.Equal(t, []expected{{KindService, ErrorRate, "back", identity.Edge{}, "error_ratio"}}, namesOf(v.Culprits), m)
		assert.NotContains(t, v.RuledOut, string(ErrorRate))
	}
}

func TestDiagnose_queue(t *testing.T) {
	w := newWorld().serve("worker", 0.020, 1)
	in, rec := incident(w, func(*world) {})
	node := cbn.Node{Class: cbn.QueueNode, Edge: edge("front", "worker")}
	in.Graph = &cbn.Graph{
		Nodes:      append([]cbn.Node{node}, in.Graph.Nodes...),
		Parents:    [][]int{nil, {0}},
		Channels:   []cbn.Channel{{Service: svc("worker")}, {Edge: node.Edge}},
		ChannelsOf: [][]int{{1}, {0}},
	}
	// The index of a graph is the builder's own: read the reach off by hand.
	r := &reach{
		g: in.Graph, entry: 1, nodes: []int{0, 1}, toward: []int{1, -1}, owner: []int{1, 0}, channels: []int{0, 1},
		rpcs: []rpc{{key: op("worker"), node: 1}},
	}
	for i, row := range rec {
		for d := range feature.D {
			row[feature.Key{Kind: feature.Latency, Node: node, Quantile: d}] = math.Log(0.010 + 0.0001*float64(i%5))
			if i == healthyRows {
				row[feature.Key{Kind: feature.Latency, Node: node, Quantile: d}] = math.Log(1)
			}
		}
	}
	v := newView(rec, healthyRows, 3.5)
	s := score(r, v, newDemand(r, v, 0.99), 0.99, healthy{})
	require.Len(t, s.suspects, 1)
	assert.Equal(t, QueueWait, s.suspects[0].parts[0].mechanism)
	assert.InDelta(t, 0.99, s.suspects[0].excess, 0.01)
}

// sketched holds n durations of v seconds.
func sketched(n int, v float64) *sketch.Sketch {
	s := &sketch.Sketch{}
	for range n {
		s.Add(int64(v*1e9), 1)
	}
	return s
}

func TestDiagnose_badInstance(t *testing.T) {
	slow := func(w *world) { w.own[op("back")] = 0.220 }
	replicas := func(a, b, c float64) []window.RPC {
		return []window.RPC{{Key: op("back"), Count: 60, Instances: []window.Instance{
			{ID: "back-a", Count: 20, Latency: sketched(20, a)},
			{ID: "back-b", Count: 20, Latency: sketched(20, b)},
			{ID: "back-c", Count: 20, Latency: sketched(20, c)},
		}}}
	}
	diagnoseWith := func(rpcs []window.RPC, res []window.Resource) Cause {
		in, rec := incident(chain(), slow)
		in.Snapshot.RPCs, in.Snapshot.Resources = rpcs, res
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		require.Len(t, v.Culprits, 1)
		return v.Culprits[0]
	}
	c := diagnoseWith(replicas(0.05, 0.9, 0.05), nil)
	assert.Equal(t, KindInstance, c.Kind)
	assert.Equal(t, "back-b", c.Instance)
	assert.Equal(t, Latent, c.Mechanism)
	assert.Contains(t, c.Evidence[0], "replica back-b GET /back p50 ")

	assert.Equal(t, KindService, diagnoseWith(replicas(0.05, 0.08, 0.05), nil).Kind, "not twice as slow")
	assert.Equal(t, KindService, diagnoseWith(replicas(0.3, 0.9, 0.3), nil).Kind, "the others are slow too")
	few := replicas(0.05, 0.9, 0.05)
	few[0].Instances[1].Count = 2
	assert.Equal(t, KindService, diagnoseWith(few, nil).Kind, "two requests prove nothing")

	values := func(id string, v float64) window.InstanceValues {
		return window.InstanceValues{ID: id, Values: []window.Value{{Metric: "process.cpu.utilization", Value: v}}}
	}
	c = diagnoseWith(replicas(0.05, 0.9, 0.05), []window.Resource{{
		Service: svc("back"), Instances: []window.InstanceValues{values("back-a", 0.3), values("back-b", 0.95), values("back-c", 0.35)},
	}})
	assert.Equal(t, CPU, c.Mechanism)
	assert.Contains(t, c.Evidence, "process.cpu.utilization 0.95 vs 0.35 of its peers")
}

// The exact quantile of the SLO is known from the sketch alone; counterfactuals
// are compared with its threshold all the same.
func TestDiagnose_quantileBetweenFeatures(t *testing.T) {
	in, rec := incident(chain(), func(w *world) { w.own[op("back")] = 0.220 })
	in.Layout = layoutOf(in.Graph, rec)
	in.Quantile, in.Threshold = 0.999, 0.5
	in.Snapshot.RPCs = []window.RPC{{Key: op("front"), Count: 100, Latency: sketched(100, 1)}} // twice the p99
	v := diagnose(in, Config{}.withDefaults(), rec, newPhysics(in.Layout, rec, in))
	require.Len(t, v.Culprits, 1)
	p99 := math.Exp(rec.Value(entryKey(in.Entry, 2), healthyRows))
	assert.InEpsilon(t, 0.11/p99, v.Quantile, 0.1, "scaled like the observed tail")
	assert.True(t, v.RestoresSLO)
}

// healthy are services whose metrics show nothing.
type healthy struct{}

func (healthy) starved(identity.Service) bool  { return false }
func (healthy) dropping(identity.Service) bool { return false }

func (healthy) outliers(identity.Edge, float64) (outlying, calls float64) { return 0, 0 }

func (healthy) longest(identity.Edge) (now, usual float64) { return math.NaN(), math.NaN() }

func (healthy) delay(int) float64 { return 0 }

func (healthy) strain(identity.Service) float64 { return 1 }

func (healthy) occupied(identity.Service) float64 { return 0 }

func (healthy) least(identity.Edge) float64 { return 0 }

func (healthy) holding(_, _ rpc, _ call) float64 { return 0 }
func (healthy) beside(identity.RPC) []rpc        { return nil }
func (healthy) alias(_, _ call) bool             { return false }
func (healthy) slowLeaf(call, int) part          { return part{} }

func (healthy) even(identity.Edge) bool { return true }

func (healthy) givenUp(identity.Edge) bool { return false }

func (healthy) resends(identity.Edge, float64) bool { return true }

func (healthy) lateness(identity.Edge, delay) (lateness, bool) { return lateness{}, false }

func (healthy) slowTopics(string) []string { return nil }

func (healthy) replies(identity.Edge) bool     { return false }
func (healthy) works(identity.Service) float64 { return 0 }

func (healthy) loops(identity.Service) bool { return false }

func (healthy) others(identity.Edge) (there, late bool) { return false, false }

func (healthy) atEase(identity.Service) bool                     { return false }
func (healthy) swamped(identity.Service) bool                    { return false }
func (healthy) only(identity.Edge, whose) bool                   { return false }
func (healthy) origin(*reach, identity.Edge) (origin, bool)      { return origin{}, false }
func (healthy) notServing(s identity.Service) *silent            { return &silent{service: s, called: true} }
func (healthy) unanswered(identity.RPC, float64) (*silent, bool) { return nil, false }
