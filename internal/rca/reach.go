package rca

import (
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

// reach is the part of a causal graph that can cause the latency of an entry:
// its server node and all ancestors of it. Nothing else is ever blamed.
type reach struct {
	g     *cbn.Graph
	entry int   // server node of the entry
	nodes []int // entry and ancestors, causes before effects
	// toward holds for each node of the graph the next one on a shortest causal
	// path to the entry, -1 for the entry and for what does not cause it.
	toward   []int
	owner    []int // channel to blame where the node alone is slow, -1: none
	channels []int // that cause a node of the reach, ascending
	rpcs     []rpc // served on the way, effects (the entry) before causes
}

// rpc is a server node of the reach with the calls that it waits for.
type rpc struct {
	key   identity.RPC
	node  int
	calls []call
}

// call is one kind of call that an RPC waits for. Nodes that do not exist are -1.
type call struct {
	edge                    identity.Edge
	client, network, server int
	leaf                    bool // its callee's side was never seen
}

// node returns the node that shows the latency of the call to its caller.
func (c call) node() int {
	if c.client >= 0 {
		return c.client
	}
	return c.server
}

// newReach returns nil where the entry is not in the graph.
func newReach(g *cbn.Graph, entry identity.RPC) *reach {
	r := &reach{g: g, entry: g.Index(cbn.Node{Class: cbn.ServerNode, Edge: identity.Edge{Callee: entry}})}
	if r.entry < 0 {
		return nil
	}
	r.toward = slices.Repeat([]int{-1}, len(g.Nodes))
	in := make([]bool, len(g.Nodes))
	in[r.entry] = true
	for queue := []int{r.entry}; len(queue) > 0; queue = queue[1:] {
		for _, p := range g.Parents[queue[0]] {
			if !in[p] {
				in[p], r.toward[p] = true, queue[0]
				queue = append(queue, p)
			}
		}
	}
	r.owner = slices.Repeat([]int{-1}, len(g.Nodes))
	caused := make([]bool, len(g.Channels))
	for n := range g.Nodes {
		if !in[n] {
			continue
		}
		r.nodes = append(r.nodes, n)
		for _, c := range g.ChannelsOf[n] {
			caused[c] = true
		}
		r.owner[n] = blamed(g, g.Nodes[n])
	}
	for c, ok := range caused {
		if ok {
			r.channels = append(r.channels, c)
		}
	}
	for _, n := range slices.Backward(r.nodes) {
		if g.Nodes[n].Class == cbn.ServerNode {
			r.rpcs = append(r.rpcs, r.rpcAt(n))
		}
	}
	return r
}

// blamed returns the channel that a node belongs to, or -1: its residual given its
// causes is that channel's fault. A call whose callee's side was seen is the sum of
// server and network, so that what is left of it belongs to the network.
func blamed(g *cbn.Graph, n cbn.Node) int {
	if n.Class == cbn.ServerNode || n.Class == cbn.ClientNode && unserved(g, n.Edge) {
		return g.ServiceChannel(n.Edge.Callee.Service)
	}
	return g.NetworkChannel(n.Edge)
}

// unserved reports whether the callee's side of a call was never seen.
func unserved(g *cbn.Graph, e identity.Edge) bool {
	return g.Index(cbn.Node{Class: cbn.ServerNode, Edge: identity.Edge{Callee: e.Callee}}) < 0
}

func (r *reach) rpcAt(n int) rpc {
	out := rpc{key: r.g.Nodes[n].Edge.Callee, node: n}
	for _, p := range r.g.Parents[n] {
		switch node := r.g.Nodes[p]; node.Class {
		case cbn.ServerNode: // seen by its callee only
			out.calls = append(out.calls, call{
				edge:   identity.Edge{Caller: out.key, Callee: node.Edge.Callee},
				client: -1, network: -1, server: p,
			})
		case cbn.ClientNode:
			c := call{edge: node.Edge, client: p, network: -1, server: -1, leaf: unserved(r.g, node.Edge)}
			for _, q := range r.g.Parents[p] {
				switch r.g.Nodes[q].Class {
				case cbn.NetworkNode:
					c.network = q
				case cbn.ServerNode:
					c.server = q
				case cbn.ClientNode, cbn.QueueNode:
				}
			}
			out.calls = append(out.calls, c)
		case cbn.NetworkNode, cbn.QueueNode:
		}
	}
	return out
}

// causal reports whether channel c causes a node of the reach.
func (r *reach) causal(c int) bool {
	_, ok := slices.BinarySearch(r.channels, c)
	return ok
}

// path lists the services on a shortest causal path from the entry to node n.
func (r *reach) path(n int) []string {
	return r.along(n, func(n int) int { return r.toward[n] })
}

// along lists the services from the entry to node n on a path of which next goes back one node,
// to -1 from the entry.
func (r *reach) along(n int, next func(n int) int) []string {
	var back []string // from the cause to the entry
	add := func(s identity.Service) {
		if name := s.String(); !s.IsZero() && (len(back) == 0 || back[len(back)-1] != name) {
			back = append(back, name)
		}
	}
	for ; n >= 0; n = next(n) {
		add(r.g.Nodes[n].Edge.Callee.Service)
		add(r.g.Nodes[n].Edge.Caller.Service)
	}
	slices.Reverse(back)
	return back
}

// pathTo lists the services from the entry to channel c, by its node nearest to
// the entry.
func (r *reach) pathTo(c int) []string {
	var best []string
	for _, n := range r.nodes {
		if r.owner[n] != c {
			continue
		}
		if p := r.path(n); best == nil || len(p) < len(best) {
			best = p
		}
	}
	if best == nil {
		return r.path(r.entry)
	}
	return best
}

// coverage counts the services on paths below the entry, and those of them with
// spans of their own.
func (r *reach) coverage() (observed, total int) {
	seen := map[identity.Service]bool{}
	for _, n := range r.nodes {
		s := r.g.Nodes[n].Edge.Callee.Service
		if seen[s] {
			continue
		}
		seen[s] = true
		total++
		if !r.g.Leaves[s] {
			observed++
		}
	}
	return observed, total
}
