// Package cbn maintains the causal Bayesian network of an application: which
// latency nodes there are, what causes what, and in which order they must be
// computed. It is built from calls, window by window, as services, operations
// and their calls appear and vanish.
//
// Arrows run against the direction of calls, from the backend to the entry:
//
//	X_S -> Z_S;  X_S, Z_S -> server_k (S serves k)
//	X_A, Z_A -> client_k (A calls k);  server_k, network_k -> client_k
//	X_net, Z_net -> network_k
//	client_child -> server_parent, for each call issued while serving
//
// What the published method leaves open is settled so:
//
//   - A leaf, which is not instrumented, has no server_k: X and Z of its service
//     cause client_k. The same holds for a callee of which no request is known.
//   - A call that only its callee saw has no client_k: server_k -> server_parent.
//   - A message has a queue_k for its wait, caused by X_net and Z_net, and nothing
//     else. Nobody is slower for it: the producer does not wait, and the time of
//     the consumer begins when the wait is over.
//   - A cycle of services is no cycle, since nodes are RPCs. A cycle of RPCs is
//     broken where a depth-first walk along synchronous calls, from the entries
//     and then from all RPCs, in the order of keys, comes back to an RPC that it
//     is still below: the arrow into the caller's server node is left out, and
//     the call is listed in Graph.Broken.
//
// A Graph is immutable and does not depend on the order in which calls were
// observed.
// See docs/math.md, 1.
package cbn

import (
	"cmp"

	"github.com/sage-rca/sage/internal/identity"
)

// Class is the class of a latency node.
type Class uint8

// The classes of latency nodes (Y).
const (
	ServerNode  Class = iota // latency of an RPC as its callee sees it
	ClientNode               // latency of a call as its caller sees it
	NetworkNode              // client minus server of the same call
	QueueNode                // wait of a message between producer and consumer
)

// String returns the lower-case name of the class.
func (c Class) String() string { return [...]string{"server", "client", "network", "queue"}[c] }

// Node is the key of a latency node. A ServerNode is keyed by Edge.Callee alone
// (its Caller is zero), all others by the whole edge.
type Node struct {
	Class Class
	Edge  identity.Edge
}

// Server returns the key of the server node of an RPC.
func Server(k identity.RPC) Node {
	return Node{Class: ServerNode, Edge: identity.Edge{Callee: k}}
}

// Compare orders nodes by class, then edge.
func (n Node) Compare(o Node) int {
	return cmp.Or(cmp.Compare(n.Class, o.Class), n.Edge.Compare(o.Edge))
}

// String returns the class and the RPC or call in parentheses.
func (n Node) String() string {
	if n.Class == ServerNode {
		return n.Class.String() + "(" + n.Edge.Callee.String() + ")"
	}
	return n.Class.String() + "(" + n.Edge.String() + ")"
}

// Channel is the key of a latent Z and of the resources X beside it: a service,
// or the network channel of a call.
type Channel struct {
	Service identity.Service
	Edge    identity.Edge // set for a network channel only
}

// IsNetwork reports whether c is the network channel of an edge.
func (c Channel) IsNetwork() bool { return c.Edge != identity.Edge{} }

// Compare orders channels, services first, by service, then edge.
func (c Channel) Compare(o Channel) int {
	switch {
	case c.IsNetwork() && !o.IsNetwork():
		return 1
	case !c.IsNetwork() && o.IsNetwork():
		return -1
	}
	return cmp.Or(c.Service.Compare(o.Service), c.Edge.Compare(o.Edge))
}

// String returns the service, or "net(caller > callee)".
func (c Channel) String() string {
	if c.IsNetwork() {
		return "net(" + c.Edge.String() + ")"
	}
	return c.Service.String()
}
