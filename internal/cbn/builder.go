package cbn

import "github.com/sage-rca/sage/internal/identity"

// Observation is what one window shows of the structure.
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
}

// Builder maintains the graph over windows. It is not safe for concurrent use.
type Builder struct{}

// NewBuilder returns a builder that forgets what was not seen for forget windows.
func NewBuilder(forget int) *Builder { panic("not implemented") }

// Update takes in the next window and returns the graph, which is the same
// pointer as before while the structure has not changed.
func (b *Builder) Update(o Observation) *Graph { panic("not implemented") }
