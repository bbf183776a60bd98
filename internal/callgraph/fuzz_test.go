package callgraph

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

// soup reads a fuzzer's bytes as spans of few traces, ids and services, so that
// they meet in every way there is: cycles, duplicates (which are alike), missing
// parents, children before parents, foreign parents, links to anything, ids that both sides of
// a call have.
func soup(b []byte) []spoken {
	type one struct {
		id      identity.Span
		side    side
		service byte
	}
	var spans []spoken
	first := make(map[one]spoken)
	for ; len(b) >= 10; b = b[10:] {
		id := identity.Span{Trace: identity.TraceID{b[0] % 4}, ID: identity.SpanID{b[1] % 16}}
		is := one{id, Kind(b[3] % 9).side(), b[4] % 5}
		s, ok := first[is]
		if !ok {
			s = spoken{
				ID: id, Parent: identity.SpanID{b[2] % 20}, Kind: Kind(b[3] % 9),
				Service:   identity.Service{Name: "s" + strconv.Itoa(int(b[4]%5))},
				Operation: "op" + strconv.Itoa(int(b[4]/5%3)),
				Start:     int64(b[5]), End: int64(b[5]) + int64(int8(b[6])),
				Error: b[7]&1 != 0, Stream: b[7]&2 != 0, Weight: float64(b[7] >> 6),
			}
			if p := b[8] % 8; p < 6 {
				s.Peer.Name = "s" + strconv.Itoa(int(p)) // s5 serves nothing
			}
			for l := range b[9] % 4 {
				s.Links = append(s.Links, identity.Span{Trace: identity.TraceID{b[9] / 4 % 4}, ID: identity.SpanID{b[9]/16 + l}})
			}
			first[is] = s
		}
		spans = append(spans, s)
	}
	return spans
}

// stew adds the spans, resolves what is due at a time, and then the rest. Where hops is set,
// it is known of every call that a service serves it that tells of its calls only.
func stew(spans []spoken, at int64, hops bool) *recorder {
	var r recorder
	a := New(Config{MaxPending: 1 << 20, MaxTrace: 1 << 20, MaxAge: 1 << 20}, &r)
	if hops {
		teach(a.known.known, spans)
	}
	for _, s := range spans {
		add(a, s)
	}
	a.Advance(at)
	a.Flush()
	if n := a.Pending(); n != 0 {
		panic(fmt.Sprint("spans left: ", n))
	}
	a.Advance(1 << 30)
	return &r
}

func teach(k *Known, spans []spoken) {
	for _, s := range spans {
		if n, _ := s.numbered(k.names); n.Kind.outbound() && !s.Peer.IsZero() {
			k.unservedBy(alias{n.Service, n.Callee}, n.Service, 0).is.Store(true)
		}
	}
	k.hops()
}

func FuzzAssembler(f *testing.F) {
	src := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 5, 30, 200} {
		b := make([]byte, 10*n)
		for i := range b {
			b[i] = byte(src.Uint32())
		}
		f.Add(b, byte(n), false)
		f.Add(b, byte(n), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, at byte, hops bool) {
		spans := soup(b)
		got := stew(spans, int64(at), hops)

		// Every SERVER and CONSUMER span is served once.
		type request struct {
			identity.Span
			identity.Service
		}
		want := make(map[request]int)
		calls := make(map[request]bool) // spans of other kinds, which may serve, too
		instrumented, clients := make(map[identity.Service]bool), make(map[identity.RPC]bool)
		for _, s := range spans {
			if s.Kind.inbound() && s.ID.Trace[0] != 0 && s.ID.ID[0] != 0 {
				want[request{s.ID, s.Service}] = 1
				instrumented[s.Service] = true
			}
			if !s.Kind.inbound() {
				calls[request{s.ID, s.Service}] = true
				clients[identity.RPC{Service: s.Service, Operation: s.Operation}] = true
			}
		}
		served := make(map[identity.RPC]bool)
		for _, s := range got.served {
			served[s.RPC] = true
			is := request{s.Span, s.RPC.Service}
			if n, ok := want[is]; ok {
				require.True(t, n == 1 || calls[is], "%v served again", s.Span)
				want[is] = 0
			}
			require.GreaterOrEqual(t, s.Exclusive, int64(0))
			require.LessOrEqual(t, s.Exclusive, s.Duration)
			require.GreaterOrEqual(t, s.ChildSum, s.Duration-s.Exclusive, "a union exceeds its sum")
			require.Positive(t, s.Weight)
		}
		for id, n := range want {
			require.Zero(t, n, "%v not served", id)
		}

		for _, c := range got.calls {
			require.True(t, c.Client >= 0 || c.Server >= 0, "%+v", c)
			if c.Leaf {
				require.True(t, c.Server == -1 && c.Client >= 0, "%+v", c)
				callee := c.Edge.Callee
				require.True(t, !instrumented[callee.Service] || clients[callee], "a phantom: %+v", c)
			}
			require.False(t, c.Queue >= 0 && !c.Async, "%+v", c)
			if c.Server >= 0 {
				require.True(t, served[c.Edge.Callee], "%+v", c)
			}
		}

		// The order of arrival changes nothing.
		rnd := rand.New(rand.NewPCG(uint64(len(b)), uint64(at)))
		rnd.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
		require.Equal(t, got.lines(), stew(spans, int64(at), hops).lines())
		slices.Reverse(spans)
		again := stew(spans, int64(at), hops)
		require.Equal(t, got.served, again.served, "not even the order in which they leave")
		require.Equal(t, got.calls, again.calls)
	})
}

// The bounds hold whatever comes, and everything that came is let go.
func FuzzAssembler_bounds(f *testing.F) {
	f.Add([]byte("some bytes that make up a few spans of one or the other trace"), byte(2), byte(3))
	f.Fuzz(func(t *testing.T, b []byte, perTrace, inAll byte) {
		cfg := Config{MaxPending: 1 + int(inAll%16), MaxTrace: 1 + int(perTrace%8), MaxAge: 20}
		cfg.Producers = NewProducers(3, 10)
		cfg.Known = NewKnown(identity.NewNames(), 3, 10)
		var r recorder
		a := New(cfg, &r)
		for _, s := range soup(b) {
			add(a, s)
			require.LessOrEqual(t, a.Pending(), cfg.MaxPending)
			if s.Error {
				a.Advance(s.End)
			}
		}
		a.Flush()
		require.Zero(t, a.Pending())
		require.Zero(t, a.pending.byID.used)
		require.Empty(t, a.pending.heap)
		require.Equal(t, int32(nowhere), a.pending.oldest)
		require.Len(t, a.pending.slab.extras.free, len(a.pending.slab.extras.all))
		require.LessOrEqual(t, a.producers.Len(), 3)
	})
}
