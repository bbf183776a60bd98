package durations

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

var (
	shop = identity.RPC{Service: identity.Service{Name: "web"}, Operation: "GET /"}
	cart = identity.RPC{Service: identity.Service{Name: "cart"}, Operation: "cart.Cart/Get"}
	link = identity.Edge{Caller: shop, Callee: cart}
)

// usualBounds are those of SDKs, ns.
var usualBounds = []float64{5e6, 10e6, 25e6, 50e6, 75e6, 100e6, 250e6, 500e6, 750e6, 1e9, 2.5e9, 5e9, 7.5e9, 10e9}

// times are how long the parts of a request take, in ms: web's own time, the gap, cart's.
type times struct{ own, gap, cart float64 }

// run draws n requests, and returns what a sample of them shows and what histograms count.
func run(t *testing.T, i, n, every int, of times) (*window.Snapshot, []Told) {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(i), 5))
	draw := func(mean float64) float64 { return mean * 1e6 * math.Exp(0.4*rng.NormFloat64()-0.08) }
	var whole, served, gaps, own, all sketch.Sketch
	tell := func(k Key) Told {
		return Told{Key: k, Instance: "1", Count: float64(n), hist: hist{bounds: usualBounds, counts: make([]float64, len(usualBounds)+1), n: float64(n)}}
	}
	web, calls, carts := tell(Key{Service: shop.Service, Operation: shop.Operation}), tell(Key{Service: shop.Service, Peer: "cart", Address: "cart.prod.svc"}), tell(Key{Service: cart.Service, Operation: cart.Operation})
	count := func(h *Told, ns float64) {
		h.hist.counts[sort.SearchFloat64s(usualBounds, ns)]++
		h.hist.sum += ns
	}
	seen, within := 0.0, 0.0
	for k := range n {
		o, g, c := draw(of.own), draw(of.gap), draw(of.cart)
		count(&web, o+g+c)
		count(&calls, g+c)
		count(&carts, c)
		if k%every > 0 {
			continue
		}
		seen++
		within += g + c
		whole.Add(int64(o+g+c), 1)
		all.Add(int64(g+c), 1)
		served.Add(int64(c), 1)
		gaps.Add(int64(g), 1)
		own.Add(int64(o), 1)
	}
	none := func() *sketch.Sketch { return &sketch.Sketch{} }
	s := &window.Snapshot{
		Start: at(int64(10 * i)), End: at(int64(10*i + 10)),
		RPCs: []window.RPC{
			{Key: cart, Count: seen, Latency: &served, Exclusive: &served, Ending: none(), Instances: []window.Instance{{ID: "1", Version: "2", Latency: &served, Count: seen}}},
			{Key: shop, Count: seen, Entries: seen, Latency: &whole, Exclusive: &own, Ending: none(), Union: within, Sum: within},
		},
		Edges: []window.Edge{{
			Key: link, Count: seen, Matched: seen, Within: within, Share: within, Offset: seen * 1e6,
			Client: &all, Server: &served, Network: &gaps, Queue: none(), Requests: &whole, Again: none(),
		}},
	}
	return s, []Told{carts, web, calls}
}

func mean(s *sketch.Sketch) float64 { return s.Sum() / s.Count() / 1e6 }

// Where spans are not sampled nothing changes.
func TestBlender_whole(t *testing.T) {
	b := NewBlender()
	for i := range 5 {
		s, told := run(t, i, 300, 1, times{5, 1, 20})
		want, _ := run(t, i, 300, 1, times{5, 1, 20})
		b.Blend(s, told)
		require.Equal(t, want, s)
		b.Blend(s, nil)
		require.Equal(t, want, s)
	}
}

// Where they are, all requests are counted, and what is slow is told from 3 spans of 300 as from all.
func TestBlender_sampled(t *testing.T) {
	usual := times{5, 1, 20}
	for name, c := range map[string]times{
		"as usual":         usual,
		"the caller slow":  {30, 1, 20},
		"the link slow":    {5, 21, 20},
		"the callee slow":  {5, 1, 90},
		"caller and link":  {15, 11, 20},
		"faster than ever": {2, 0.5, 5},
	} {
		b := NewBlender()
		for i := range 30 {
			s, told := run(t, i, 300, 100, usual)
			b.Blend(s, told)
		}
		s, told := run(t, 30, 300, 100, c)
		all, _ := run(t, 30, 300, 1, c)
		b.Blend(s, told)
		for i := range s.RPCs {
			r, want := &s.RPCs[i], &all.RPCs[i]
			assert.Equal(t, 300.0, r.Count, name)
			assert.InDelta(t, mean(want.Latency), mean(r.Latency), 0.01, name)
			assert.InEpsilon(t, mean(want.Exclusive), mean(r.Exclusive), 0.12, "%s: own time of %s", name, r.Key)
			assert.InEpsilon(t, want.Latency.Quantile(0.5), r.Latency.Quantile(0.5), 0.25, "%s: median of %s", name, r.Key)
		}
		e, want := &s.Edges[0], &all.Edges[0]
		assert.InDelta(t, mean(want.Network), mean(e.Network), 0.01, name)
		assert.InDelta(t, mean(want.Client), mean(e.Client), 0.01, name)
		assert.InEpsilon(t, want.Network.Quantile(0.99), e.Network.Quantile(0.99), 0.6, "%s: tail of the gap", name)
		assert.Equal(t, 300.0, math.Round(e.Count), name)
	}
}

// Operations of which spans are filtered out, as of probes, do not make others sampled.
func TestBlender_filtered(t *testing.T) {
	b := NewBlender()
	for i := range 10 {
		s, told := run(t, i, 300, 1, times{5, 1, 20})
		want, _ := run(t, i, 300, 1, times{5, 1, 20})
		probe := told[1]
		probe.Operation = "GET /healthz"
		b.Blend(s, []Told{told[0], told[1], probe, told[2]})
		require.Equal(t, want, s)
	}
}

// A window without a single trace is told of all the same.
func TestBlender_unseen(t *testing.T) {
	b := NewBlender()
	for i := range 10 {
		s, told := run(t, i, 300, 100, times{5, 1, 20})
		b.Blend(s, told)
	}
	_, told := run(t, 10, 300, 100, times{5, 1, 20})
	told[1].Errors, told[1].ErrorType = 6, "500"
	s := &window.Snapshot{Start: at(100), End: at(110)}
	b.Blend(s, told)
	if assert.Len(t, s.RPCs, 2) && assert.Len(t, s.Edges, 1) {
		assert.Equal(t, cart, s.RPCs[0].Key)
		assert.Equal(t, []float64{300, 300, 6}, []float64{s.RPCs[0].Count, s.RPCs[1].Entries, s.RPCs[1].Errors})
		assert.Equal(t, "500", s.RPCs[1].ErrorType)
		assert.Equal(t, "2", s.RPCs[0].Instances[0].Version)
	}
}

// A call that is made no more is waited for no more, whatever spans have shown before.
func TestBlender_callDropped(t *testing.T) {
	b := NewBlender()
	for i := range 10 {
		s, told := run(t, i, 300, 100, times{5, 1, 20})
		b.Blend(s, told)
	}
	s, told := run(t, 10, 300, 100, times{5, 0.001, 0.001})
	b.Blend(s, told[1:2])
	assert.InDelta(t, mean(s.RPCs[1].Latency), mean(s.RPCs[1].Exclusive), 1e-6)
}

// Of what spans have never shown histograms alone make no RPC.
func TestBlender_unknown(t *testing.T) {
	_, told := run(t, 0, 300, 1, times{5, 1, 20})
	s := &window.Snapshot{Start: at(0), End: at(10)}
	NewBlender().Blend(s, told)
	assert.Empty(t, s.RPCs)
	assert.Empty(t, s.Edges)
}

func TestSum_reaches(t *testing.T) {
	for _, c := range []struct {
		peer, address, name string
		want                bool
	}{
		{"cart", "cart", "cart", true},
		{"cart.prod.svc", "cart.prod.svc", "cart", true},
		{"cart.prod.svc", "cart.prod.svc", "prod", false},
		{"cartoon", "cartoon", "cart", false},
		{"10.0.0.1:80", "10.0.0.1", "10", false},
		{"postgresql:orders", "orders-db", "orders-db", true},
		{"postgresql:orders", "", "postgresql:orders", true},
	} {
		s := &sum{Told: Told{Key: Key{Peer: c.peer, Address: c.address}}}
		assert.Equal(t, c.want, s.reaches(c.name), fmt.Sprint(c))
	}
}

// BenchmarkBlender is of 50 copies of two services and their link.
func BenchmarkBlender(b *testing.B) {
	var t testing.T
	blender := NewBlender()
	var told []Told
	var first *window.Snapshot
	for i := range 20 {
		s := &window.Snapshot{Start: at(int64(10 * i)), End: at(int64(10*i + 10))}
		told = told[:0]
		for k := range 50 {
			one, of := run(&t, i, 300, 100, times{5, 1, 20})
			rename := func(r identity.RPC) identity.RPC { r.Service.Namespace = fmt.Sprint(k + 100); return r }
			for j := range one.RPCs {
				one.RPCs[j].Key = rename(one.RPCs[j].Key)
			}
			e := &one.Edges[0]
			e.Key = identity.Edge{Caller: rename(e.Key.Caller), Callee: rename(e.Key.Callee)}
			for j := range of {
				of[j].Service.Namespace = fmt.Sprint(k + 100)
			}
			s.RPCs, s.Edges, told = append(s.RPCs, one.RPCs...), append(s.Edges, one.Edges...), append(told, of...)
		}
		first = s
		blender.Blend(s, told)
	}
	b.ReportAllocs()
	for b.Loop() {
		s := *first
		blender.Blend(&s, told)
	}
}

// RPCs without a span in the window come among those with spans, each once.
func TestBlending_write(t *testing.T) {
	rpc := func(name string) identity.RPC { return identity.RPC{Service: identity.Service{Name: name}} }
	s := &window.Snapshot{RPCs: []window.RPC{{Key: rpc("a")}, {Key: rpc("e")}, {Key: rpc("f")}}}
	w := &blending{snapshot: s}
	for _, name := range []string{"b", "c", "d", "e", "f"} {
		w.order = append(w.order, &requests{key: rpc(name), memory: &rpcMemory{count: 1}, told: &sum{Told: Told{Count: 7}}})
	}
	w.write()
	var got []string
	for _, r := range s.RPCs {
		got = append(got, r.Key.Service.Name)
	}
	assert.Equal(t, []string{"a", "b", "c", "d", "e", "f"}, got)
	assert.InDelta(t, 7, s.RPCs[4].Count, 0)
}
