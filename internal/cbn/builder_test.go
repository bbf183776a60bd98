package cbn_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

func TestBuilder_keepsTheGraphWhileNothingChanges(t *testing.T) {
	b := cbn.NewBuilder(2)
	empty := b.Update(cbn.Observation{})
	assert.Zero(t, empty.Version)
	assert.Empty(t, empty.Nodes)

	o := cbn.Observation{RPCs: rpcs("A", "B"), Entries: rpcs("A"), Calls: calls("A > B net")}
	first := b.Update(o)
	assert.Equal(t, uint64(1), first.Version)
	assert.Same(t, first, b.Update(o))
	assert.Same(t, first, b.Update(cbn.Observation{RPCs: rpcs("B", "A", "A"), Calls: calls("A > B", "A > B")}),
		"what is not seen for one window stays as it was")

	o.RPCs = append(o.RPCs, rpc("C"))
	second := b.Update(o)
	assert.Equal(t, uint64(2), second.Version)
	assert.Equal(t, uint64(1), first.Version, "graphs do not change")
	assert.Equal(t, -1, first.Index(cbn.Server(rpc("C"))))
}

// Windows from left to right; forget is 3.
func TestBuilder_forgets(t *testing.T) {
	b := cbn.NewBuilder(3)
	full := cbn.Observation{RPCs: rpcs("A", "B"), Entries: rpcs("A"), Calls: calls("A > B net", "A > db leaf")}
	first := b.Update(full)
	only := func(o cbn.Observation) *cbn.Graph { o.RPCs = append(o.RPCs, rpc("A")); return b.Update(o) }

	assert.Same(t, first, only(cbn.Observation{}))
	assert.Same(t, first, only(cbn.Observation{Calls: calls("A > db leaf")}), "a rare call is not forgotten")
	third := only(cbn.Observation{Calls: calls("A > db leaf")})
	assert.Equal(t, []string{
		"client(A > db) <- A, db",
		"server(A) <- client(A > db), A",
	}, draw(third))
	assert.Empty(t, third.Entries, "nor is A an entry any more")
	assert.Equal(t, uint64(2), third.Version)

	back := b.Update(full)
	assert.Equal(t, draw(first), draw(back))
	assert.Equal(t, uint64(3), back.Version)
}

func TestBuilder_aLeafThatTurnsOutToServe(t *testing.T) {
	b := cbn.NewBuilder(2)
	leaf := cbn.Observation{RPCs: rpcs("A"), Calls: calls("A > B leaf")}
	assert.Equal(t, map[identity.Service]bool{svc("B"): true}, b.Update(leaf).Leaves)

	g := b.Update(cbn.Observation{RPCs: rpcs("A", "B"), Calls: calls("A > B net")})
	assert.Empty(t, g.Leaves)
	assert.Contains(t, draw(g), "client(A > B) <- server(B), network(A > B), A")

	for range 3 { // its spans are lost from here on
		g = b.Update(leaf)
	}
	assert.Empty(t, g.Leaves, "once seen to serve, it is no leaf while the call goes on")
	assert.Equal(t, []string{"client(A > B) <- A, B", "server(A) <- client(A > B), A"}, draw(g))
}

func TestBuilder_whatAWindowShowsOfACallStaysForAWhile(t *testing.T) {
	b := cbn.NewBuilder(2)
	all := rpcs("A", "B")
	b.Update(cbn.Observation{RPCs: all, Calls: calls("A > B async")})
	g := b.Update(cbn.Observation{RPCs: all, Calls: calls("A > B net")})
	assert.Contains(t, draw(g), "client(A > B) <- server(B), network(A > B), A")

	assert.Same(t, g, b.Update(cbn.Observation{RPCs: all, Calls: calls("A > B async")}), "who waits now and then does wait")
	g = b.Update(cbn.Observation{RPCs: all, Calls: calls("A > B async")})
	assert.Contains(t, draw(g), "queue(A > B) <- net(A > B)")

	b.Update(cbn.Observation{RPCs: all, Calls: calls("A > B")})
	g = b.Update(cbn.Observation{RPCs: all, Calls: calls("A > B unseen")})
	assert.Contains(t, draw(g), "client(A > B) <- server(B), A")
	g = b.Update(cbn.Observation{RPCs: all, Calls: calls("A > B unseen")})
	assert.Contains(t, draw(g), "server(A) <- server(B), A")
}

func TestNewBuilder_panicsWhereNothingWouldStay(t *testing.T) {
	assert.Panics(t, func() { cbn.NewBuilder(0) })
}

// A builder that sees everything in every window keeps one graph, whatever the
// order.
func FuzzBuilder(f *testing.F) {
	f.Add([]byte{0x01, 0x12, 0, 0x12, 0x20, 4}, uint8(1))
	f.Add([]byte{1, 2, 48, 2, 3, 4, 3, 1, 16, 9, 10, 3, 10, 9, 200}, uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, forget uint8) {
		b := cbn.NewBuilder(1 + int(forget%4))
		var last *cbn.Graph
		for at := 0; at+3 <= len(data); at += 3 {
			g := b.Update(arbitrary(data[at:min(len(data), at+9)]))
			lawful(t, g)
			if last != nil && g != last {
				require.Equal(t, last.Version+1, g.Version)
				require.NotEqual(t, last.Observation(), g.Observation())
			}
			last = g
		}
		for range 1 + int(forget%4) {
			last = b.Update(cbn.Observation{})
		}
		require.Empty(t, last.Nodes, "everything is forgotten")
		require.Empty(t, last.Channels)
	})
}
