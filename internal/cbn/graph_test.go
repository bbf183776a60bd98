package cbn_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

func svc(name string) identity.Service { return identity.Service{Name: name} }

// rpc reads "service/operation"; an operation is "op" where none is given.
func rpc(s string) identity.RPC {
	service, op, ok := strings.Cut(s, "/")
	if !ok {
		op = "op"
	}
	return identity.RPC{Service: svc(service), Operation: op}
}

func rpcs(names ...string) (out []identity.RPC) {
	for _, n := range names {
		out = append(out, rpc(n))
	}
	return out
}

func edge(caller, callee string) identity.Edge {
	return identity.Edge{Caller: rpc(caller), Callee: rpc(callee)}
}

// calls reads "caller > callee flags", flags being any of leaf, async, net and
// unseen.
func calls(lines ...string) (out []cbn.Call) {
	for _, l := range lines {
		f := strings.Fields(l)
		c := cbn.Call{Edge: edge(f[0], f[2])}
		for _, flag := range f[3:] {
			switch flag {
			case "leaf":
				c.Leaf = true
			case "async":
				c.Async = true
			case "net":
				c.Network = true
			case "unseen":
				c.Unseen = true
			}
		}
		out = append(out, c)
	}
	return out
}

// draw writes a graph as "node <- causes", in the order of nodes. Operations
// that are "op" are left out.
func draw(g *cbn.Graph) (out []string) {
	short := func(s string) string { return strings.ReplaceAll(s, " op", "") }
	for i, n := range g.Nodes {
		var causes []string
		for _, p := range g.Parents[i] {
			causes = append(causes, short(g.Nodes[p].String()))
		}
		for _, c := range g.ChannelsOf[i] {
			causes = append(causes, short(g.Channels[c].String()))
		}
		out = append(out, short(n.String())+" <- "+strings.Join(causes, ", "))
	}
	return out
}

func TestNew(t *testing.T) {
	tests := map[string]struct {
		o        cbn.Observation
		want     []string
		channels []string
		leaves   []string
		broken   []identity.Edge
	}{
		"chain": {
			o: cbn.Observation{RPCs: rpcs("A", "B", "C"), Entries: rpcs("A"), Calls: calls("A > B net", "B > C net")},
			want: []string{
				"server(C) <- C",
				"network(A > B) <- net(A > B)",
				"network(B > C) <- net(B > C)",
				"client(B > C) <- server(C), network(B > C), B",
				"server(B) <- client(B > C), B",
				"client(A > B) <- network(A > B), server(B), A",
				"server(A) <- client(A > B), A",
			},
			channels: []string{"A", "B", "C", "net(A > B)", "net(B > C)"},
		},
		"fan-out": {
			o: cbn.Observation{RPCs: rpcs("A", "B", "C"), Entries: rpcs("A"), Calls: calls("A > B net", "A > C")},
			want: []string{
				"server(B) <- B",
				"server(C) <- C",
				"network(A > B) <- net(A > B)",
				"client(A > B) <- server(B), network(A > B), A",
				"client(A > C) <- server(C), A",
				"server(A) <- client(A > B), client(A > C), A",
			},
			channels: []string{"A", "B", "C", "net(A > B)"},
		},
		"one service, two callers": {
			o: cbn.Observation{RPCs: rpcs("A", "B", "C"), Entries: rpcs("A", "B"), Calls: calls("A > C net", "B > C net")},
			want: []string{
				"server(C) <- C",
				"network(A > C) <- net(A > C)",
				"network(B > C) <- net(B > C)",
				"client(A > C) <- server(C), network(A > C), A",
				"client(B > C) <- server(C), network(B > C), B",
				"server(A) <- client(A > C), A",
				"server(B) <- client(B > C), B",
			},
			channels: []string{"A", "B", "C", "net(A > C)", "net(B > C)"},
		},
		"leaf": {
			o: cbn.Observation{RPCs: rpcs("A"), Entries: rpcs("A"), Calls: calls("A > db leaf net")},
			want: []string{
				"client(A > db) <- A, db",
				"server(A) <- client(A > db), A",
			},
			channels: []string{"A", "db"},
			leaves:   []string{"db"},
		},
		"a callee of which no request is known": {
			o: cbn.Observation{RPCs: rpcs("A"), Calls: calls("A > B")},
			want: []string{
				"client(A > B) <- A, B",
				"server(A) <- client(A > B), A",
			},
			channels: []string{"A", "B"},
		},
		"message": {
			o: cbn.Observation{RPCs: rpcs("A", "B"), Entries: rpcs("A"), Calls: calls("A > B async net")},
			want: []string{
				"server(A) <- A",
				"server(B) <- B",
				"queue(A > B) <- net(A > B)",
			},
			channels: []string{"A", "B", "net(A > B)"},
		},
		"call outside of any request": {
			o: cbn.Observation{RPCs: rpcs("B"), Calls: calls("A/ > B net")},
			want: []string{
				"server(B) <- B",
				"network(A  > B) <- net(A  > B)",
				"client(A  > B) <- server(B), network(A  > B), A",
			},
			channels: []string{"A", "B", "net(A  > B)"},
		},
		"call seen by the callee only": {
			o: cbn.Observation{RPCs: rpcs("A", "B"), Calls: calls("A > B unseen net")},
			want: []string{
				"server(B) <- B",
				"server(A) <- server(B), A",
			},
			channels: []string{"A", "B"},
		},
		"a cycle of services is legal": {
			o: cbn.Observation{RPCs: rpcs("A/1", "A/2", "B"), Entries: rpcs("A/1"), Calls: calls("A/1 > B", "B > A/2")},
			want: []string{
				"server(A 2) <- A",
				"client(B > A 2) <- server(A 2), B",
				"server(B) <- client(B > A 2), B",
				"client(A 1 > B) <- server(B), A",
				"server(A 1) <- client(A 1 > B), A",
			},
			channels: []string{"A", "B"},
		},
		"a cycle of RPCs is cut on the way back to the entry": {
			o: cbn.Observation{RPCs: rpcs("A", "B", "C"), Entries: rpcs("C"), Calls: calls("A > B", "B > C", "C > A")},
			want: []string{
				"server(B) <- B",
				"client(A > B) <- server(B), A",
				"server(A) <- client(A > B), A",
				"client(C > A) <- server(A), C",
				"server(C) <- client(C > A), C",
				"client(B > C) <- server(C), B",
			},
			channels: []string{"A", "B", "C"},
			broken:   []identity.Edge{edge("B", "C")},
		},
		"two cycles, in the order found": {
			o: cbn.Observation{RPCs: rpcs("A", "B"), Calls: calls("A > A", "A > B", "B > A")},
			want: []string{
				"server(B) <- B",
				"client(A > B) <- server(B), A",
				"server(A) <- client(A > B), A",
				"client(A > A) <- server(A), A",
				"client(B > A) <- server(A), B",
			},
			channels: []string{"A", "B"},
			broken:   []identity.Edge{edge("A", "A"), edge("B", "A")},
		},
		"messages close no cycle": {
			o: cbn.Observation{RPCs: rpcs("A", "B"), Calls: calls("A > B", "B > A async")},
			want: []string{
				"server(B) <- B",
				"queue(B > A) <- net(B > A)",
				"client(A > B) <- server(B), A",
				"server(A) <- client(A > B), A",
			},
			channels: []string{"A", "B", "net(B > A)"},
		},
		"nor do leaves, nor callers without requests": {
			o: cbn.Observation{RPCs: rpcs("A"), Calls: calls("A > B leaf", "B > A")},
			want: []string{
				"server(A) <- client(A > B), A",
			},
			leaves: []string{"B"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := cbn.New(7, tt.o)
			if tt.channels == nil { // only what matters
				assert.Subset(t, draw(g), tt.want)
			} else {
				var channels []string
				for _, c := range g.Channels {
					channels = append(channels, strings.ReplaceAll(c.String(), " op", ""))
				}
				assert.Equal(t, tt.want, draw(g))
				assert.Equal(t, tt.channels, channels)
			}
			leaves := map[identity.Service]bool{}
			for _, s := range tt.leaves {
				leaves[svc(s)] = true
			}
			assert.Equal(t, leaves, g.Leaves)
			assert.Equal(t, tt.broken, g.Broken)
			assert.Equal(t, uint64(7), g.Version)
			lawful(t, g)
		})
	}
}

// lawful checks what holds for every graph.
func lawful(t *testing.T, g *cbn.Graph) {
	t.Helper()
	require.Len(t, g.Parents, len(g.Nodes))
	require.Len(t, g.ChannelsOf, len(g.Nodes))
	for i, n := range g.Nodes {
		require.Equal(t, i, g.Index(n))
		require.True(t, slices.IsSorted(g.Parents[i]))
		require.NotEmpty(t, g.ChannelsOf[i], "every node has a latent: %v", n)
		for _, p := range g.Parents[i] {
			require.Less(t, p, i, "cause %v of %v", g.Nodes[p], n)
			require.Contains(t, g.Ancestors(i), p)
			require.Contains(t, g.Descendants(p), i)
		}
		require.NotContains(t, g.Ancestors(i), i)
	}
	require.True(t, slices.IsSortedFunc(g.Channels, cbn.Channel.Compare))
	for i, c := range g.Channels {
		if c.IsNetwork() {
			require.Equal(t, i, g.NetworkChannel(c.Edge))
		} else {
			require.Equal(t, i, g.ServiceChannel(c.Service))
		}
	}
	require.Equal(t, g, cbn.New(g.Version, g.Observation()))
}

func TestGraph_lookups(t *testing.T) {
	g := cbn.New(1, cbn.Observation{RPCs: rpcs("A", "B", "C"), Calls: calls("A > B net", "A > C")})
	names := func(nodes []int) (out []string) {
		for _, n := range nodes {
			out = append(out, strings.ReplaceAll(g.Nodes[n].String(), " op", ""))
		}
		return out
	}
	assert.Equal(t, []string{"server(B)", "network(A > B)"}, names(g.Ancestors(g.Index(cbn.Node{Class: cbn.ClientNode, Edge: edge("A", "B")}))))
	assert.Equal(t, []string{"client(A > C)", "server(A)"}, names(g.Descendants(g.Index(cbn.Server(rpc("C"))))))
	assert.Empty(t, g.Descendants(g.Index(cbn.Server(rpc("A")))))
	assert.Equal(t, -1, g.Index(cbn.Server(rpc("D"))))
	assert.Equal(t, -1, g.ServiceChannel(svc("D")))
	assert.Equal(t, -1, g.NetworkChannel(edge("A", "C")))
}

func TestGraph_PathFrom(t *testing.T) {
	g := cbn.New(1, cbn.Observation{
		RPCs:  rpcs("A", "B", "C", "D", "E"),
		Calls: calls("A > B net", "A > C", "B > D net", "C > D", "A > E async", "E > db leaf", "D > db leaf", "B > A"),
	})
	tests := map[string]struct {
		to   cbn.Channel
		want []identity.RPC
	}{
		"itself":                            {cbn.Channel{Service: svc("A")}, rpcs("A")},
		"smaller keys first":                {cbn.Channel{Service: svc("D")}, rpcs("A", "B", "D")},
		"calls before messages":             {cbn.Channel{Service: svc("db")}, rpcs("A", "B", "D", "db")},
		"messages where nothing else leads": {cbn.Channel{Service: svc("E")}, rpcs("A", "E")},
		"network":                           {cbn.Channel{Edge: edge("B", "D")}, rpcs("A", "B", "D")},
		"queue":                             {cbn.Channel{Edge: edge("A", "E")}, rpcs("A", "E")},
		"network back to the entry":         {cbn.Channel{Edge: edge("B", "A")}, rpcs("A", "B", "A")},
		"no such service":                   {cbn.Channel{Service: svc("Z")}, nil},
		"no such call":                      {cbn.Channel{Edge: edge("A", "D")}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, g.PathFrom(rpc("A"), tt.to))
		})
	}
}

// FuzzNew reads two bytes as a call, and a third as its flags.
func FuzzNew(f *testing.F) {
	f.Add([]byte{0x01, 0x12, 0, 0x12, 0x20, 4, 0x20, 0x01, 2})
	src := rand.New(rand.NewPCG(1, 2))
	for range 4 {
		b := make([]byte, 60)
		for i := range b {
			b[i] = byte(src.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o := arbitrary(b)
		g := cbn.New(1, o)
		lawful(t, g)

		rng := rand.New(rand.NewPCG(uint64(len(b)), 1))
		rng.Shuffle(len(o.RPCs), func(i, j int) { o.RPCs[i], o.RPCs[j] = o.RPCs[j], o.RPCs[i] })
		rng.Shuffle(len(o.Entries), func(i, j int) { o.Entries[i], o.Entries[j] = o.Entries[j], o.Entries[i] })
		rng.Shuffle(len(o.Calls), func(i, j int) { o.Calls[i], o.Calls[j] = o.Calls[j], o.Calls[i] })
		require.Equal(t, g, cbn.New(1, o), "order of observations matters")
		require.Equal(t, draw(g), draw(cbn.NewBuilder(2).Update(o)), "a builder makes another graph of one window")
	})
}

// arbitrary makes RPCs of 8 services with 2 operations, one of which may be empty.
func arbitrary(b []byte) (o cbn.Observation) {
	name := func(v byte) identity.RPC {
		if v == 0xff {
			return identity.RPC{}
		}
		return rpc(string('A'+rune(v&7)) + "/" + []string{"", "x"}[v>>3&1])
	}
	for ; len(b) >= 3; b = b[3:] {
		c := cbn.Call{
			Edge: identity.Edge{Caller: name(b[0]), Callee: name(b[1])},
			Leaf: b[2]&1 > 0, Async: b[2]&2 > 0, Network: b[2]&4 > 0, Unseen: b[2]&8 > 0,
		}
		if b[2]&16 > 0 {
			o.RPCs = append(o.RPCs, c.Edge.Caller)
		}
		if !c.Leaf || b[2]&32 > 0 {
			o.RPCs = append(o.RPCs, c.Edge.Callee)
		}
		if b[2]&192 == 192 {
			o.Entries = append(o.Entries, c.Edge.Caller)
		}
		o.Calls = append(o.Calls, c)
	}
	return o
}
