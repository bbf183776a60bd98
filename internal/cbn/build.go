package cbn

import (
	"cmp"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// New returns the graph of all that o shows. The order within o does not matter.
func New(version uint64, o Observation) *Graph {
	o = o.normal()
	d := draft{
		seen:    o,
		broken:  broken(o),
		nodes:   make(map[Node]bool),
		parents: make(map[Node][]Node),
		touches: make(map[Node][]Channel),
	}
	for _, k := range o.RPCs {
		d.add(Server(k), Channel{Service: k.Service})
	}
	leaves := make(map[identity.Service]bool)
	for _, c := range o.Calls {
		if c.Leaf && !d.serves(c.Edge.Callee.Service) {
			leaves[c.Edge.Callee.Service] = true
		}
		d.call(c)
	}
	g := d.graph()
	g.Version, g.Entries, g.Leaves, g.Broken, g.seen = version, o.Entries, leaves, d.broken, o
	return g
}

// draft is a graph by keys.
type draft struct {
	seen    Observation
	broken  []identity.Edge
	nodes   map[Node]bool
	parents map[Node][]Node
	touches map[Node][]Channel
}

func (d *draft) add(n Node, channels ...Channel) {
	d.nodes[n] = true
	d.touches[n] = append(d.touches[n], channels...)
}

// arrow adds a cause to a node, where both exist.
func (d *draft) arrow(cause, effect Node) {
	if d.nodes[cause] && d.nodes[effect] {
		d.parents[effect] = append(d.parents[effect], cause)
	}
}

// serves reports whether any RPC of s is served.
func (d *draft) serves(s identity.Service) bool {
	i, _ := slices.BinarySearchFunc(d.seen.RPCs, identity.RPC{Service: s}, identity.RPC.Compare)
	return i < len(d.seen.RPCs) && d.seen.RPCs[i].Service == s
}

// call adds the nodes and arrows of one call, after all server nodes.
func (d *draft) call(c Call) {
	e := c.Edge
	server, waits := Server(e.Callee), Server(e.Caller)
	net := Channel{Edge: e}
	if c.Async {
		d.add(Node{QueueNode, e}, net)
		return
	}
	client := Node{ClientNode, e}
	if c.Unseen {
		client = server
	} else {
		d.add(client, Channel{Service: e.Caller.Service})
		if !d.nodes[server] {
			d.add(client, Channel{Service: e.Callee.Service})
		}
		d.arrow(server, client)
	}
	if c.Network {
		d.add(Node{NetworkNode, e}, net)
		d.arrow(Node{NetworkNode, e}, client)
	}
	if e.Caller.Operation != "" && !slices.Contains(d.broken, e) {
		d.arrow(client, waits)
	}
}

// graph numbers what was drafted.
func (d *draft) graph() *Graph {
	g := &Graph{Nodes: d.ordered(), index: make(map[Node]int, len(d.nodes))}
	for i, n := range g.Nodes {
		g.index[n] = i
	}
	g.Channels = d.channels()
	g.channels = make(map[Channel]int, len(g.Channels))
	for i, c := range g.Channels {
		g.channels[c] = i
	}
	g.Parents, g.children = make([][]int, len(g.Nodes)), make([][]int, len(g.Nodes))
	g.ChannelsOf = make([][]int, len(g.Nodes))
	for i, n := range g.Nodes {
		for _, p := range d.parents[n] {
			g.Parents[i] = append(g.Parents[i], g.index[p])
		}
		for _, c := range d.touches[n] {
			g.ChannelsOf[i] = append(g.ChannelsOf[i], g.channels[c])
		}
		g.Parents[i], g.ChannelsOf[i] = set(g.Parents[i]), set(g.ChannelsOf[i])
		for _, p := range g.Parents[i] {
			g.children[p] = append(g.children[p], i)
		}
	}
	return g
}

// set sorts v and drops what is there twice.
func set(v []int) []int {
	slices.Sort(v)
	return slices.Compact(v)
}

// ordered returns the nodes by their depth, the length of the longest path of
// arrows that leads to them, and by key among equals. Every arrow leads to a
// greater depth, so that this is a topological order.
func (d *draft) ordered() []Node {
	depth := make(map[Node]int, len(d.nodes))
	var of func(Node) int
	of = func(n Node) int {
		if v, ok := depth[n]; ok {
			return v
		}
		v := 0
		for _, p := range d.parents[n] {
			v = max(v, of(p)+1)
		}
		depth[n] = v
		return v
	}
	nodes := make([]Node, 0, len(d.nodes))
	for n := range d.nodes { // sorted below
		of(n)
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b Node) int { return cmp.Or(cmp.Compare(depth[a], depth[b]), a.Compare(b)) })
	return nodes
}

// channels returns those of all services that serve, call or are called, and of
// all calls with a network or queue node, sorted.
func (d *draft) channels() []Channel {
	found := make(map[Channel]bool)
	for _, cs := range d.touches {
		for _, c := range cs {
			found[c] = true
		}
	}
	for _, c := range d.seen.Calls {
		found[Channel{Service: c.Edge.Caller.Service}] = true
		found[Channel{Service: c.Edge.Callee.Service}] = true
	}
	out := make([]Channel, 0, len(found))
	for c := range found { // sorted below
		out = append(out, c)
	}
	slices.SortFunc(out, Channel.Compare)
	return out
}
