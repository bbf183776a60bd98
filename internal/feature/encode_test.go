package feature_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// recorded is a history that has wrapped, with every kind of column and health.
func recorded() *feature.History {
	h := feature.NewHistory(30*time.Second, 5, 1000)
	for i := range 7 {
		s := chainWindow(i)
		if i%2 == 0 {
			s = cartWindow(s.Start / second)
		}
		h.Append(s)
		h.SetHealth(h.Len()-1, feature.Health(i%3))
	}
	return h
}

// same compares what can be read of two histories.
func same(t *testing.T, a, b *feature.History) {
	t.Helper()
	require.Equal(t, a.Window(), b.Window())
	require.Equal(t, a.Len(), b.Len())
	require.Equal(t, a.Keys(), b.Keys())
	for row := range a.Len() {
		require.Equal(t, a.Start(row), b.Start(row))
		require.Equal(t, a.Health(row), b.Health(row))
	}
	for _, k := range a.Keys() {
		require.Equal(t, fmt.Sprint(a.Column(k, nil)), fmt.Sprint(b.Column(k, nil)), "%+v", k)
	}
}

func TestHistory_MarshalBinary(t *testing.T) {
	for name, h := range map[string]*feature.History{
		"wrapped": recorded(), "empty": feature.NewHistory(time.Minute, 3, 9),
	} {
		t.Run(name, func(t *testing.T) {
			b, err := h.MarshalBinary()
			require.NoError(t, err)
			got, err := feature.UnmarshalHistory(b)
			require.NoError(t, err)
			same(t, h, got)
			again, err := got.MarshalBinary()
			require.NoError(t, err)
			assert.Equal(t, b, again)

			h.Append(chainWindow(9))
			got.Append(chainWindow(9))
			same(t, h, got)
		})
	}
}

func TestLayout_MarshalBinary(t *testing.T) {
	g, h := chain(4)
	extra := g.Observation()
	extra.RPCs = append(extra.RPCs, rpc("mail"))
	extra.Calls = append(extra.Calls, cbn.Call{Edge: edge("cart", "mail"), Async: true}, cbn.Call{Edge: edge("mail", "cart"), Unseen: true})
	for name, g := range map[string]*cbn.Graph{"chain": g, "all sorts of calls": cbn.New(42, extra), "empty": cbn.New(0, cbn.Observation{})} {
		t.Run(name, func(t *testing.T) {
			l := feature.NewLayout(g, h)
			b, err := l.MarshalBinary()
			require.NoError(t, err)
			got, err := feature.UnmarshalLayout(b)
			require.NoError(t, err)
			assert.Equal(t, l, got)
		})
	}
}

func TestUnmarshal_refuses(t *testing.T) {
	history, err := recorded().MarshalBinary()
	require.NoError(t, err)
	g, h := chain(4)
	layout, err := feature.NewLayout(g, h).MarshalBinary()
	require.NoError(t, err)
	refused := func(b []byte) {
		t.Helper()
		_, err := feature.UnmarshalHistory(b)
		require.Error(t, err)
		_, err = feature.UnmarshalLayout(b)
		require.Error(t, err)
	}
	refused(nil)
	for _, b := range [][]byte{history, layout} {
		refused(append([]byte{b[0] + 1}, b[1:]...))
		refused(append(slices.Clone(b), 0))
		for n := range b {
			refused(b[:n])
		}
	}
	_, err = feature.UnmarshalHistory(layout)
	require.Error(t, err)
	_, err = feature.UnmarshalLayout(history)
	require.ErrorContains(t, err, "not a history or layout of this version")
}

func FuzzUnmarshalHistory(f *testing.F) {
	for _, h := range []*feature.History{recorded(), feature.NewHistory(1, 1, 1)} {
		b, _ := h.MarshalBinary()
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := feature.UnmarshalHistory(b)
		if err != nil {
			return
		}
		for _, k := range h.Keys() {
			r := h.Baseline(k, math.MaxInt64)
			require.True(t, r.N == 0 || r.Spread > 0)
		}
		again, err := h.MarshalBinary()
		require.NoError(t, err)
		got, err := feature.UnmarshalHistory(again)
		require.NoError(t, err)
		same(t, h, got)
		h.Append(cartWindow(0))
	})
}

func FuzzUnmarshalLayout(f *testing.F) {
	g, h := chain(4)
	b, _ := feature.NewLayout(g, h).MarshalBinary()
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := feature.UnmarshalLayout(b)
		if err != nil {
			return
		}
		lawful(t, l)
		again, err := l.MarshalBinary()
		require.NoError(t, err)
		got, err := feature.UnmarshalLayout(again)
		require.NoError(t, err)
		require.Equal(t, l, got)
	})
}

// lawful checks that a spec is one that gvae can be wired by.
func lawful(t *testing.T, l *feature.Layout) {
	t.Helper()
	s := l.Spec
	require.Equal(t, []int{len(l.XKeys), feature.D, len(l.Graph.Channels), len(l.Graph.Nodes)}, []int{s.NX, s.D, len(s.Latents), len(s.Nodes)})
	owners := 0
	for _, xs := range l.XOf {
		owners += len(xs)
	}
	require.Equal(t, s.NX, owners, "every column belongs to one channel")
	within := func(xs []int, n int) {
		for _, x := range xs {
			require.True(t, x >= 0 && x < n)
		}
		sorted := slices.Clone(xs)
		slices.Sort(sorted)
		require.Len(t, slices.Compact(sorted), len(xs), "twice the same")
	}
	for _, lat := range s.Latents {
		within(lat.X, s.NX)
		within(lat.Y, len(s.Nodes))
	}
	for i, n := range s.Nodes {
		within(n.Parents, i)
		within(n.X, s.NX)
		within(n.Latents, len(s.Latents))
		require.True(t, n.Overlap == -1 || l.Fixed[n.Overlap] || slices.Contains(n.X, n.Overlap))
		for _, term := range n.Terms {
			require.Contains(t, n.Parents, term.Parent)
			require.True(t, term.Calls == -1 || l.Fixed[term.Calls] || slices.Contains(n.X, term.Calls))
		}
	}
}

// FuzzLayout: whatever windows come, the layout is lawful, and the order in which
// their parts are listed does not matter.
func FuzzLayout(f *testing.F) {
	f.Add(uint64(1), uint8(3))
	f.Add(uint64(2), uint8(40))
	f.Fuzz(func(t *testing.T, seed uint64, windows uint8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		names := []string{"a", "b", "c", "d"}
		h, shuffled := feature.NewHistory(30*time.Second, 20, 60), feature.NewHistory(30*time.Second, 20, 60)
		b := cbn.NewBuilder(5)
		var g *cbn.Graph
		for i := range int64(windows%50) + 1 {
			s := &window.Snapshot{Start: i * 30 * second, End: (i + 1) * 30 * second}
			for _, n := range names {
				if rng.IntN(4) == 0 {
					continue
				}
				c := rng.IntN(9)
				s.RPCs = append(s.RPCs, window.RPC{
					Key: rpc(n), Count: float64(c), Stream: float64(rng.IntN(2)), Entries: float64(rng.IntN(9)),
					Latency: durations(c, rng.Int64N(second)), Union: rng.Float64(), Sum: float64(rng.IntN(3)),
				})
				if n == "d" { // in front of the columns that may exceed the bound
					s.Resources = append(s.Resources, window.Resource{Service: svc(n), Values: []window.Value{{Metric: "cpu", Value: rng.Float64()}}})
				}
			}
			for _, from := range names[:3] {
				to := names[rng.IntN(len(names))]
				c := rng.IntN(9)
				s.Edges = append(s.Edges, window.Edge{
					Key: edge(from, to), Leaf: rng.IntN(3) == 0, Async: rng.IntN(3) == 0, Count: float64(c), Matched: float64(rng.IntN(2)),
					Client: durations(c*rng.IntN(2), ms), Network: durations(c, 1), Queue: durations(c, second),
				})
			}
			h.Append(s)
			g = b.Update(feature.Structure(s))

			o := *s
			o.RPCs, o.Edges = slices.Clone(s.RPCs), slices.Clone(s.Edges)
			if h.Refused() == 0 { // who comes first is admitted
				slices.Reverse(o.RPCs)
				slices.Reverse(o.Edges)
			}
			shuffled.Append(&o)
			require.LessOrEqual(t, len(h.Keys()), 60)
		}
		l := feature.NewLayout(g, h)
		lawful(t, l)
		if h.Refused() == 0 {
			require.Equal(t, l, feature.NewLayout(g, shuffled))
		}
		x, y := l.Row(h, h.Len()-1)
		require.Len(t, x, l.Spec.NX)
		require.Len(t, y, len(l.Spec.Nodes)*feature.D)
		require.Equal(t, l, feature.NewLayout(g, h.Clone()))
	})
}

func TestKey_CompareIsAnOrder(t *testing.T) {
	ks := recorded().Keys()
	require.NotEmpty(t, ks)
	for i, a := range ks {
		for j, b := range ks {
			require.Equal(t, i-j > 0, a.Compare(b) > 0)
			require.Equal(t, i == j, a.Compare(b) == 0)
		}
	}
	assert.Negative(t, feature.Key{Edge: identity.Edge{}}.Compare(feature.Key{Quantile: 1}))
}

// A day of half minutes and 100 columns.
func BenchmarkHistory_MarshalBinary(b *testing.B) {
	h := feature.NewHistory(30*time.Second, 2880, 1000)
	for i := range 2880 {
		h.Append(chainWindow(i))
	}
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		out, _ := h.MarshalBinary()
		size = len(out)
	}
	b.ReportMetric(float64(size)/float64(len(h.Keys())*h.Len()), "B/value")
}
