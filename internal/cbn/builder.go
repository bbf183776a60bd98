package cbn

import (
	"github.com/sage-rca/sage/internal/identity"
)

// Builder maintains the graph over windows. It is not safe for concurrent use.
//
// What was seen stays until it was not seen for a number of windows, so that a
// rare call does not come and go. So does what was seen of it: an RPC remains an
// entry, and a call keeps its network node, as long as that was last seen within
// so many windows. A callee that was once seen to serve a call is no leaf of it
// for as long as the call is remembered.
type Builder struct {
	forget int
	now    int // number of windows taken in
	rpcs   map[identity.RPC]*rpcAge
	calls  map[identity.Edge]*callAge
	graph  *Graph
}

// rpcAge holds the windows in which an RPC was last seen, 0 for never.
type rpcAge struct{ served, entry int }

// callAge holds the windows in which a call was last seen, and seen so, 0 for
// never.
type callAge struct {
	called, network, waited, issued int
	answered                        bool // by an instrumented callee
}

// NewBuilder returns a builder that forgets what was not seen for forget
// windows. It panics unless forget is positive.
func NewBuilder(forget int) *Builder {
	if forget <= 0 {
		panic("cbn: windows to forget after must be positive")
	}
	return &Builder{
		forget: forget,
		rpcs:   make(map[identity.RPC]*rpcAge),
		calls:  make(map[identity.Edge]*callAge),
		graph:  New(0, Observation{}),
	}
}

// Update takes in the next window and returns the graph, which is the same
// pointer as before while the structure has not changed.
func (b *Builder) Update(o Observation) *Graph {
	b.now++
	b.see(o.normal())
	known := b.known()
	if !known.equal(b.graph.seen) {
		b.graph = New(b.graph.Version+1, known)
	}
	return b.graph
}

// see notes what a window shows.
func (b *Builder) see(o Observation) {
	for _, k := range o.RPCs {
		if b.rpcs[k] == nil {
			b.rpcs[k] = new(rpcAge)
		}
		b.rpcs[k].served = b.now
	}
	for _, k := range o.Entries {
		b.rpcs[k].entry = b.now
	}
	for _, c := range o.Calls {
		a := b.calls[c.Edge]
		if a == nil {
			a = new(callAge)
			b.calls[c.Edge] = a
		}
		a.called = b.now
		if c.Network {
			a.network = b.now
		}
		if !c.Async {
			a.waited = b.now
		}
		if !c.Unseen && !c.Async { // a message may be one that is waited for, from now on
			a.issued = b.now
		}
		a.answered = a.answered || !c.Leaf || b.rpcs[c.Edge.Callee] != nil
	}
}

// known forgets what is due and returns the rest.
func (b *Builder) known() Observation {
	recent := func(window int) bool { return window > 0 && b.now-window < b.forget }
	var o Observation
	for k, a := range b.rpcs { // sorted by normal, below
		if !recent(a.served) {
			delete(b.rpcs, k)
			continue
		}
		o.RPCs = append(o.RPCs, k)
		if recent(a.entry) {
			o.Entries = append(o.Entries, k)
		}
	}
	for e, a := range b.calls {
		if !recent(a.called) {
			delete(b.calls, e)
			continue
		}
		o.Calls = append(o.Calls, Call{
			Edge: e, Leaf: !a.answered, Async: !recent(a.waited), Network: recent(a.network), Unseen: !recent(a.issued),
		})
	}
	return o.normal()
}
