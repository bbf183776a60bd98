package cbn

import (
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// Graph is one version of the causal Bayesian network. It is immutable.
type Graph struct {
	// Version counts the changes of structure since the builder began.
	Version uint64
	// Nodes are the latency nodes in topological order: causes before effects.
	Nodes []Node
	// Parents holds for each node the indices of the latency nodes that cause it,
	// ascending.
	Parents [][]int
	// Channels are the latents, services first, each group sorted by key.
	Channels []Channel
	// ChannelsOf holds for each node the indices of the channels (X and Z) that
	// cause it, ascending.
	ChannelsOf [][]int
	// Entries are the RPCs that are reached from outside, sorted.
	Entries []identity.RPC
	// Leaves are the services that are not instrumented.
	Leaves map[identity.Service]bool
	// Broken are the edges left out to break cycles of RPCs, in the order found.
	Broken []identity.Edge

	seen     Observation
	index    map[Node]int
	channels map[Channel]int
	children [][]int
}

// Index returns the position of n in g.Nodes, or -1.
func (g *Graph) Index(n Node) int {
	if i, ok := g.index[n]; ok {
		return i
	}
	return -1
}

// ServiceChannel returns the position in g.Channels of the channel of a service,
// or -1.
func (g *Graph) ServiceChannel(s identity.Service) int { return g.channel(Channel{Service: s}) }

// NetworkChannel returns the position in g.Channels of the network channel of a
// call, or -1: leaves have none.
func (g *Graph) NetworkChannel(e identity.Edge) int { return g.channel(Channel{Edge: e}) }

func (g *Graph) channel(c Channel) int {
	if i, ok := g.channels[c]; ok {
		return i
	}
	return -1
}

// Observation returns what the graph was built from, sorted. New gives the same
// graph for it.
func (g *Graph) Observation() Observation {
	return Observation{
		RPCs:    slices.Clone(g.seen.RPCs),
		Entries: slices.Clone(g.seen.Entries),
		Calls:   slices.Clone(g.seen.Calls),
	}
}

// Calls returns the calls that the graph was built from, sorted by edge. The
// slice is the graph's own and must not be written to.
func (g *Graph) Calls() []Call { return g.seen.Calls }

// Called reports whether there is a call along e, of whatever sort.
func (g *Graph) Called(e identity.Edge) bool { return g.calls(e, true) }

// Ancestors returns the nodes that cause node n, directly or not, in topological
// order.
func (g *Graph) Ancestors(n int) []int { return g.reached(n, g.Parents) }

// Descendants returns the nodes that node n causes, directly or not, in
// topological order.
func (g *Graph) Descendants(n int) []int { return g.reached(n, g.children) }

// reached returns the nodes other than n to which arrows lead from n, ascending.
func (g *Graph) reached(n int, arrows [][]int) []int {
	var out []int
	found := make([]bool, len(g.Nodes))
	for stack := []int{n}; len(stack) > 0; {
		last := len(stack) - 1
		next := arrows[stack[last]]
		stack = stack[:last]
		for _, m := range next {
			if !found[m] {
				found[m] = true
				out = append(out, m)
				stack = append(stack, m)
			}
		}
	}
	slices.Sort(out)
	return out
}
