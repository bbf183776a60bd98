package cbn

import "github.com/sage-rca/sage/internal/identity"

// Graph is one version of the causal Bayesian network. It is immutable.
type Graph struct {
	// Version counts the changes of structure since the builder began.
	Version uint64
	// Nodes are the latency nodes in topological order: causes before effects.
	Nodes []Node
	// Parents holds for each node the indices of the latency nodes that cause it.
	Parents [][]int
	// Channels are the latents, services first, each group sorted by key.
	Channels []Channel
	// ChannelsOf holds for each node the indices of the channels (X and Z) that cause it.
	ChannelsOf [][]int
	// Entries are the RPCs that are reached from outside.
	Entries []identity.RPC
	// Leaves are the services that are not instrumented.
	Leaves map[identity.Service]bool
	// Broken are the edges left out to break cycles of RPCs, in the order found.
	Broken []identity.Edge

	index map[Node]int
}

// Index returns the position of n in g.Nodes, or -1.
func (g *Graph) Index(n Node) int {
	if i, ok := g.index[n]; ok {
		return i
	}
	return -1
}
