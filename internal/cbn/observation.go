package cbn

import (
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// Observation is what one window, or several, show of the structure.
type Observation struct {
	RPCs    []identity.RPC // served by instrumented services
	Entries []identity.RPC // subset of RPCs: reached from outside
	Calls   []Call
}

// Call is one kind of call that a window shows.
type Call struct {
	Edge    identity.Edge
	Leaf    bool // callee is not instrumented
	Async   bool // the caller does not wait: no arrow from callee to caller
	Network bool // both sides were seen, so that there is a network node
	Unseen  bool // by the caller: only the callee saw it, so that there is no client node
}

// join combines two sightings of one edge. A callee that was seen is no leaf, a
// caller that was seen to wait does wait.
func (c Call) join(o Call) Call {
	return Call{
		Edge:    c.Edge,
		Leaf:    c.Leaf && o.Leaf,
		Async:   c.Async && o.Async,
		Network: c.Network || o.Network,
		Unseen:  c.Unseen && o.Unseen,
	}
}

// normal returns o sorted, each key once, without what names nothing, and with
// flags that agree with each other: entries are RPCs, and a callee that serves
// is no leaf.
func (o Observation) normal() Observation {
	n := Observation{RPCs: slices.Concat(o.RPCs, o.Entries), Entries: slices.Clone(o.Entries)}
	for _, rpcs := range []*[]identity.RPC{&n.RPCs, &n.Entries} {
		*rpcs = slices.DeleteFunc(*rpcs, nameless)
		slices.SortFunc(*rpcs, identity.RPC.Compare)
		*rpcs = slices.Compact(*rpcs)
	}
	calls := slices.DeleteFunc(slices.Clone(o.Calls), func(c Call) bool {
		return nameless(c.Edge.Caller) || nameless(c.Edge.Callee)
	})
	slices.SortFunc(calls, func(a, b Call) int { return a.Edge.Compare(b.Edge) })
	for _, c := range calls {
		if last := len(n.Calls) - 1; last >= 0 && n.Calls[last].Edge == c.Edge {
			n.Calls[last] = n.Calls[last].join(c)
			continue
		}
		n.Calls = append(n.Calls, c)
	}
	for i := range n.Calls {
		c := &n.Calls[i]
		if _, serves := slices.BinarySearchFunc(n.RPCs, c.Edge.Callee, identity.RPC.Compare); serves {
			c.Leaf = false
		}
		c.Network = c.Network && !c.Leaf && !c.Async && !c.Unseen
		c.Unseen = c.Unseen && !c.Leaf && !c.Async
	}
	return n
}

// nameless reports whether k belongs to no service, so that nothing can be said
// of it.
func nameless(k identity.RPC) bool { return k.Service.IsZero() }

func (o Observation) equal(p Observation) bool {
	return slices.Equal(o.RPCs, p.RPCs) && slices.Equal(o.Entries, p.Entries) && slices.Equal(o.Calls, p.Calls)
}
