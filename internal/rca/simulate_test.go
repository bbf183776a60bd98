package rca

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// simulation draws single requests of a world: log-normal own times, gaps and
// leaves around its values, and calls scheduled on as many workers as lambda
// stands for. Nothing in it follows the formulas of the package.
type simulation struct {
	w     *world
	rng   *rand.Rand
	rpcs  map[identity.RPC]*window.RPC
	edges map[identity.Edge]*window.Edge
}

const (
	simulatedWindow   = 30 * time.Second
	simulatedRequests = 300
	simulatedScatter  = 0.25
)

// simulate returns the snapshot of window number i.
func simulate(w *world, i int, seed uint64) *window.Snapshot {
	s := &simulation{w: w, rng: rand.New(rand.NewPCG(seed, uint64(i))), rpcs: map[identity.RPC]*window.RPC{}, edges: map[identity.Edge]*window.Edge{}}
	for range simulatedRequests {
		s.serve(w.entry())
	}
	snap := &window.Snapshot{Start: int64(i) * int64(simulatedWindow), End: int64(i+1) * int64(simulatedWindow)}
	s.rpcs[w.entry()].Entries = s.rpcs[w.entry()].Count
	for _, r := range s.rpcs {
		snap.RPCs = append(snap.RPCs, *r)
	}
	for _, e := range s.edges {
		snap.Edges = append(snap.Edges, *e)
	}
	slices.SortFunc(snap.RPCs, func(a, b window.RPC) int { return a.Key.Compare(b.Key) })
	slices.SortFunc(snap.Edges, func(a, b window.Edge) int { return a.Key.Compare(b.Key) })
	for _, k := range w.metricKeys() {
		if n := len(snap.Resources); n == 0 || snap.Resources[n-1].Service != k.Service {
			snap.Resources = append(snap.Resources, window.Resource{Service: k.Service})
		}
		r := &snap.Resources[len(snap.Resources)-1]
		r.Values = append(r.Values, window.Value{Metric: k.Name, Value: s.about(w.metric[k], 0.03)})
	}
	return snap
}

func (s *simulation) about(v, scatter float64) float64 {
	return v * math.Exp(scatter*s.rng.NormFloat64())
}

func (s *simulation) serve(rpc identity.RPC) float64 {
	own := s.about(s.w.own[rpc], simulatedScatter)
	workers := make([]float64, max(1, int(math.Round(1/s.w.lambda[rpc]))))
	sum := 0.0
	for _, e := range s.w.edges {
		if e.Caller != rpc {
			continue
		}
		n := s.w.calls[e]
		times := int(n)
		if s.rng.Float64() < n-math.Floor(n) {
			times++
		}
		var within, share float64
		var until float64 // the union of the calls to one callee: they start in order
		for range times {
			d := s.call(e)
			free := slices.Index(workers, slices.Min(workers))
			from := workers[free]
			workers[free] += d
			within += d
			share += math.Max(0, workers[free]-math.Max(until, from))
			until = math.Max(until, workers[free])
		}
		sum += share
		if times > 0 {
			s.edges[e].Within += within * 1e9
			s.edges[e].Share += share * 1e9
		}
	}
	wait := slices.Max(workers)
	r := s.rpcs[rpc]
	if r == nil {
		r = &window.RPC{Key: rpc, Latency: &sketch.Sketch{}, Exclusive: &sketch.Sketch{}}
		s.rpcs[rpc] = r
	}
	r.Count++
	r.Latency.Add(ns(own+wait), 1)
	r.Exclusive.Add(ns(own), 1)
	r.Union += wait * 1e9
	r.Sum += sum * 1e9
	return own + wait
}

func (s *simulation) call(e identity.Edge) float64 {
	out := s.edges[e]
	if out == nil {
		out = &window.Edge{Key: e, Client: &sketch.Sketch{}, Server: &sketch.Sketch{}, Network: &sketch.Sketch{}, Queue: &sketch.Sketch{}}
		s.edges[e] = out
	}
	out.Count++
	if l, ok := s.w.leaf[e]; ok {
		d := s.about(l, simulatedScatter)
		out.Leaf = true
		out.Client.Add(ns(d), 1)
		return d
	}
	server, gap := s.serve(e.Callee), s.about(s.w.network[e], simulatedScatter)
	out.Matched++
	out.Client.Add(ns(server+gap), 1)
	out.Server.Add(ns(server), 1)
	out.Network.Add(ns(gap), 1)
	return server + gap
}

func ns(seconds float64) int64 { return int64(seconds * 1e9) }

// healthyWindows of the simulation, before one with the fault.
const healthyWindows = 120

// simulated returns a history of healthy windows that wander by some percent and
// one window with the fault, last.
func simulated(w *world, fault func(*world), seed uint64) Input {
	h := feature.NewHistory(simulatedWindow, 2*healthyWindows, 5000)
	b := cbn.NewBuilder(50)
	rng := rand.New(rand.NewPCG(seed, 99))
	var in Input
	for i := range healthyWindows + 1 {
		now := w.jitter(rng)
		if i == healthyWindows {
			fault(now)
		}
		in.Snapshot = simulate(now, i, seed)
		in.Graph = b.Update(feature.Structure(in.Snapshot))
		h.Append(in.Snapshot)
		h.SetHealth(i, feature.Healthy)
	}
	h.SetHealth(healthyWindows, feature.Violated)
	in.History, in.Entry, in.Quantile, in.Onset = h, w.entry(), 0.99, in.Snapshot.Start
	in.Threshold = 1.5 * math.Exp(h.Baseline(entryKey(w.entry(), 2), in.Onset).Median)
	return in
}

// The faults of the table on simulated requests and the real history and layout:
// by the robust scorer, by the search on arithmetic in the model's place, and by
// a model that saw nothing but the healthy windows.
func TestDiagnose_simulated(t *testing.T) {
	for i, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			in := simulated(f.world(), f.fault, uint64(i))
			right := func(t *testing.T, v Verdict, by Method) {
				t.Helper()
				require.False(t, v.Abstained, v.Reason)
				assert.Equal(t, by, v.Method)
				assert.ElementsMatch(t, f.want, namesOf(v.Culprits))
				sound(t, v)
			}
			t.Run("robust", func(t *testing.T) {
				right(t, Diagnose(in, Config{}), MethodRobust)
			})
			t.Run("search", func(t *testing.T) {
				// Tails of sums are not sums of tails: its what-if is not compared.
				in := in
				in.Layout = feature.NewLayout(in.Graph, in.History)
				v := diagnose(in, Config{}.withDefaults(), in.History, newPhysics(in.Layout, in.History, in))
				right(t, v, MethodGVAE)
				assert.True(t, v.RestoresSLO)
			})
			t.Run("trained", func(t *testing.T) {
				in := in
				trained(t, &in, quick())
				v := Diagnose(in, Config{})
				right(t, v, MethodGVAE)
				assert.True(t, v.RestoresSLO)
				// The truth is a p99 of 300 other requests, which is 6 % off by itself, of
				// a window with other jitter. The model keeps a factor of each residual, and
				// adds up quantiles of children that do not add up: seen over 36 incidents,
				// the median error is a tenth and the largest three quarters, so this says no
				// more than that the what-if is far from the 2.5 to 10 times of the incident.
				truth := simulate(f.world(), healthyWindows, uint64(i)).RPCs
				entry := slices.IndexFunc(truth, func(r window.RPC) bool { return r.Key == in.Entry })
				assert.InEpsilon(t, truth[entry].Latency.Quantile(in.Quantile)/1e9, v.Quantile, 0.5, "what-if")
			})
		})
	}
}

// trained fits a model to the normal windows of an incident.
func trained(tb testing.TB, in *Input, cfg gvae.Config) {
	tb.Helper()
	in.Layout = feature.NewLayout(in.Graph, in.History)
	var rows []int
	for row := range in.History.Len() - 1 {
		rows = append(rows, row)
	}
	m, _, err := gvae.Train(tb.Context(), in.Layout.Spec, in.Layout.Data(in.History, rows), cfg, nil)
	require.NoError(tb, err)
	in.Model = m
}

// quick is the default model, for which 120 windows suffice.
func quick() gvae.Config {
	c := gvae.DefaultConfig()
	c.Seed, c.Epochs = 1, 120
	return c
}
