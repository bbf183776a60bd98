package window_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Windows are 100 ns long in these tests.
const size = 100

func rpc(service, op string) identity.RPC {
	return identity.RPC{Service: identity.Service{Name: service}, Operation: op}
}

func span(n int) (s identity.Span) {
	binary.BigEndian.PutUint64(s.ID[:], uint64(n))
	s.Trace[0] = 1
	return s
}

var (
	cart    = rpc("cart", "GET")
	toCart  = identity.Edge{Caller: rpc("front", "GET /"), Callee: cart}
	request = served{RPC: cart, Duration: 10, Exclusive: 10, Weight: 1}
	call    = called{Edge: toCart, Client: -1, Server: -1, Queue: -1, Weight: 1}
)

// merged folds observations into one window and merges it.
func merged(t *testing.T, observe func(*folder)) *window.Snapshot {
	t.Helper()
	f := newFolder()
	observe(f)
	parts := f.Close(size)
	require.Len(t, parts, 1)
	require.Zero(t, f.Late())
	return window.Merge(0, size, parts, nil)
}

func TestFolder_windows(t *testing.T) {
	f := newFolder()
	at := func(ts ...int64) {
		for _, v := range ts {
			r := request
			r.Time = v
			f.Served(r)
		}
	}
	starts := func(parts []*window.Part) (out []int64) {
		for _, p := range parts {
			out = append(out, p.Start)
		}
		return out
	}
	at(250, -1, -100, 0, 99, 100, 401)
	assert.Equal(t, []int64{-100}, starts(f.Close(99)))
	assert.Equal(t, []int64{0, 100}, starts(f.Close(200)))
	assert.Zero(t, f.Late())

	at(199, -1, 200)
	c := call
	c.Time = 100
	f.Called(c)
	assert.Equal(t, 3, f.Late(), "199, -1 and the call")
	assert.Zero(t, f.Late(), "taken")

	assert.Empty(t, f.Close(100), "closing goes forward only")
	assert.Empty(t, f.Close(math.MinInt64))
	assert.Equal(t, []int64{200, 400}, starts(f.Close(math.MaxInt64)))
}

func TestFolder_Counts(t *testing.T) {
	f := newFolder()
	f.Counted(callgraph.ReasonCycle, 2)
	f.Counted(callgraph.ReasonCycle, 1)
	want := [callgraph.NumReasons]int{}
	want[callgraph.ReasonCycle] = 3
	assert.Equal(t, want, f.Counts())
	assert.Equal(t, [callgraph.NumReasons]int{}, f.Counts(), "taken")
	assert.Panics(t, func() { window.NewFolder(0, nil) })
}

// Four requests and a stream, of weight 2 where it says so:
//
//	span duration own children instance
//	1      8       8    0      a 1.0
//	2     20      12   16      b       failed: timeout, weight 2, entry
//	3     40      40    0      a 1.1   failed: reset
//	4      1       1    0      a 1.0   earlier
//	5   9999                   a       a stream
func TestMerge_requests(t *testing.T) {
	s := merged(t, func(f *folder) {
		for i, r := range []served{
			{Time: 5, Duration: 8, Exclusive: 8, Instance: "a", Version: "1.0", Weight: 1},
			{Time: 6, Duration: 20, Exclusive: 12, ChildSum: 16, Instance: "b", Weight: 2, Entry: true, Error: true, ErrorType: "timeout"},
			{Time: 7, Duration: 40, Exclusive: 40, Instance: "a", Version: "1.1", Host: "node-1", Weight: 1, Error: true, ErrorType: "reset"},
			{Time: 4, Duration: 1, Exclusive: 1, Instance: "a", Version: "1.0", Host: "node-2", Weight: 1},
			{Time: 9, Duration: 9999, Instance: "a", Version: "2.0", Weight: 1, Stream: true, Entry: true, Error: true},
		} {
			r.RPC, r.Span = cart, span(i+1)
			f.Served(r)
		}
	})
	require.Len(t, s.RPCs, 1)
	r := s.RPCs[0]
	assert.Equal(t, cart, r.Key)
	assert.Equal(t, []float64{2, 5, 3, 1}, []float64{r.Entries, r.Count, r.Errors, r.Stream})
	assert.InDelta(t, 1, r.Unseen, 0, "5 requests of which 4 were seen")
	assert.Equal(t, []float64{0, 1}, []float64{r.Instances[0].Unseen, r.Instances[1].Unseen}, "those of b")
	assert.Equal(t, "timeout", r.ErrorType)
	assert.False(t, r.Async)
	assert.Equal(t, []float64{5, 40, 5, 73}, []float64{r.Latency.Count(), r.Latency.Max(), r.Exclusive.Count(), r.Exclusive.Sum()})
	assert.Equal(t, []float64{16, 32}, []float64{r.Union, r.Sum})
	assert.Equal(t, window.Exemplar{Span: span(3), Duration: 40}, r.Exemplar)
	assert.Equal(t, window.Exemplar{Span: span(2), Duration: 20}, r.Typical, "median of 1 8 20 20 40")

	require.Len(t, r.Instances, 2)
	a, b := r.Instances[0], r.Instances[1]
	assert.Equal(t, []any{"a", "1.1", "node-1", 3.0, 1.0, 49.0}, []any{a.ID, a.Version, a.Host, a.Count, a.Errors, a.Latency.Sum()})
	assert.Equal(t, []any{"b", "", "", 2.0, 2.0, 40.0}, []any{b.ID, b.Version, b.Host, b.Count, b.Errors, b.Latency.Sum()})
}

func TestMerge_calls(t *testing.T) {
	s := merged(t, func(f *folder) {
		for i, c := range []called{
			{Client: 10, Server: 6, Queue: -1, Weight: 1},
			{Client: 30, Server: 31, Queue: -1, Weight: 2, Leaf: true}, // faster than clocks can tell
			{Client: 50, Server: -1, Queue: -1, Weight: 1, Leaf: true, Error: true, ErrorType: "refused"},
			{Client: -1, Server: 90, Queue: -1, Weight: 1},
			{Client: 9999, Server: 9999, Queue: -1, Weight: 4, Stream: true, Async: true},
		} {
			c.Edge, c.Span = toCart, span(i+1)
			f.Called(c)
		}
	})
	require.Len(t, s.Edges, 1)
	e := s.Edges[0]
	assert.Equal(t, toCart, e.Key)
	assert.False(t, e.Leaf)
	assert.False(t, e.Async)
	assert.Equal(t, []float64{5, 3, 1, 4}, []float64{e.Count, e.Matched, e.Errors, e.Stream})
	assert.Equal(t, "refused", e.ErrorType)
	assert.Equal(t, []float64{4, 120}, []float64{e.Client.Count(), e.Client.Sum()})
	assert.Equal(t, []float64{3, 68}, []float64{e.Server.Count(), e.Server.Sum()})
	assert.Equal(t, []float64{3, 4}, []float64{e.Network.Count(), e.Network.Sum()}, "4, and twice 0")
	assert.Zero(t, e.Queue.Count())
	assert.Equal(t, window.Exemplar{Span: span(4), Duration: 90}, e.Exemplar)
	assert.Equal(t, window.Exemplar{Span: span(2), Duration: 30}, e.Typical, "median of 10 30 30 50 90")
}

func TestMerge_messages(t *testing.T) {
	s := merged(t, func(f *folder) {
		for i, wait := range []int64{7, 70, 700} {
			f.Called(called{Edge: toCart, Span: span(i), Client: 3000, Server: 20, Queue: wait, Weight: 1, Async: true})
			f.Served(served{RPC: cart, Duration: 20, Weight: 1, Async: i > 0})
		}
	})
	e := s.Edges[0]
	assert.True(t, e.Async)
	assert.Zero(t, e.Network.Count(), "the caller does not wait for the callee")
	assert.Equal(t, []float64{3, 777}, []float64{e.Queue.Count(), e.Queue.Sum()})
	assert.Equal(t, window.Exemplar{Span: span(2), Duration: 700}, e.Exemplar, "by the wait")
	assert.Equal(t, window.Exemplar{Span: span(1), Duration: 70}, e.Typical)
	assert.True(t, s.RPCs[0].Async, "two of three")
}

func TestMerge_ties(t *testing.T) {
	s := merged(t, func(f *folder) {
		for i, kind := range []string{"b", "a", "b", "a", "c"} {
			r := request
			r.Error, r.ErrorType, r.Span = true, kind, span(5-i)
			f.Served(r)
		}
	})
	assert.Equal(t, "a", s.RPCs[0].ErrorType, "the least name")
	assert.Equal(t, span(1), s.RPCs[0].Exemplar.Span, "the least id")
}

// 100 replicas, of i requests each, and a million types of errors.
func TestMerge_isBounded(t *testing.T) {
	s := merged(t, func(f *folder) {
		for i := range 100 {
			r := request
			r.Instance, r.Weight = fmt.Sprint("pod-", i), float64(i+1)
			f.Served(r)
		}
		for i := range 100_000 {
			r := request
			r.RPC, r.Error, r.ErrorType, r.Span = rpc("noisy", "x"), true, fmt.Sprint("user ", i, " not found"), span(i)
			f.Served(r)
		}
	})
	r := s.RPCs[0]
	require.Len(t, r.Instances, window.MaxInstances+1)
	count := 0.0
	for i, in := range r.Instances {
		count += in.Count
		assert.Equal(t, in.Count, in.Latency.Count())
		assert.True(t, i == 0 || in.ID > r.Instances[i-1].ID)
	}
	assert.Equal(t, 5050.0, count, "nobody is lost")
	assert.True(t, slices.ContainsFunc(r.Instances, func(in window.Instance) bool { return in.ID == window.OtherInstance }))
	assert.Equal(t, 100_000.0, s.RPCs[1].Errors)
	assert.Contains(t, s.RPCs[1].ErrorType, "not found")
}

func TestMerge_ofNothing(t *testing.T) {
	resources := []window.Resource{{Service: cart.Service}, {Service: identity.Service{Name: "a"}}}
	s := window.Merge(0, size, nil, resources)
	assert.Empty(t, s.RPCs)
	assert.Empty(t, s.Edges)
	assert.Equal(t, "a", s.Resources[0].Service.Name, "sorted")
	assert.Equal(t, "cart", resources[0].Service.Name, "what was given is not written to")
	assert.Panics(t, func() {
		f := newFolder()
		f.Served(request)
		window.Merge(size, 2*size, f.Close(size), nil)
	}, "a part of another window")
}

// arbitrary makes requests and calls of few RPCs, instances and types of errors,
// but of more than are kept apart.
func arbitrary(rng *rand.Rand, n int) (requests []served, calls []called) {
	rpcs := []identity.RPC{cart, rpc("cart", "PUT"), rpc("front", "GET /")}
	flip := func(n int) bool { return rng.IntN(n) == 0 }
	for i := range n {
		d := int64(math.Exp(rng.Float64() * 12))
		requests = append(requests, served{
			RPC: rpcs[rng.IntN(3)], Instance: fmt.Sprint(rng.IntN(100)), Version: fmt.Sprint(rng.IntN(3)), Host: fmt.Sprint(rng.IntN(3)), Span: span(rng.IntN(n)),
			Time: rng.Int64N(size), Entry: flip(2), Async: flip(2), Stream: flip(9),
			Duration: d, Exclusive: d / 2, ChildSum: d, Error: flip(2), ErrorType: fmt.Sprint(rng.IntN(60)), Weight: float64(1 + rng.IntN(3)),
		})
		calls = append(calls, called{
			Edge: identity.Edge{Caller: rpcs[rng.IntN(3)], Callee: rpcs[rng.IntN(3)]}, Span: span(i), Time: rng.Int64N(size),
			From: fmt.Sprint(rng.IntN(100)), To: fmt.Sprint(rng.IntN(100)),
			Leaf: flip(2), Async: flip(2), Client: d - 5, Server: rng.Int64N(20) - 1, Queue: rng.Int64N(20) - 1,
			Stream: flip(9), Error: flip(3), ErrorType: fmt.Sprint(rng.IntN(60)), Weight: float64(1 + rng.IntN(3)),
		})
		switch c := &calls[i]; i % 8 {
		case 0: // by a caller without CLIENT spans
			c.Edge.Caller = rpc("mesh", "POST")
			fallthrough
		case 1: // of which others know the caller's side, or not
			c.Leaf, c.Async, c.Client, c.Around = false, false, -1, d
		}
	}
	return requests, calls
}

// FuzzMerge: however observations are ordered and split over shards, and in
// whatever order the parts are merged, the snapshot is the same.
func FuzzMerge(f *testing.F) {
	f.Add(uint64(1), uint16(3), uint8(2))
	f.Add(uint64(2), uint16(900), uint8(7))
	f.Add(uint64(3), uint16(3000), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, shards uint8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		requests, calls := arbitrary(rng, int(n%4000))
		fold := func(shards int) *window.Snapshot {
			folders := make([]*folder, shards)
			for i := range folders {
				folders[i] = newFolder()
			}
			for _, s := range requests {
				folders[rng.IntN(shards)].Served(s)
			}
			for _, c := range calls {
				folders[rng.IntN(shards)].Called(c)
			}
			var parts []*window.Part
			for _, f := range folders {
				parts = append(parts, f.Close(size)...)
			}
			rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			s := window.Merge(0, size, parts, nil)
			require.Equal(t, s, window.Merge(0, size, parts, nil), "merging changes its input")
			return s
		}
		want := fold(1)
		rng.Shuffle(len(requests), func(i, j int) { requests[i], requests[j] = requests[j], requests[i] })
		rng.Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
		require.Equal(t, want, fold(1+int(shards%8)))
	})
}
