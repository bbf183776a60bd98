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
package cbn

import "github.com/sage-rca/sage/internal/identity"

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

// Channel is the key of a latent Z and of the resources X beside it: a service,
// or the network channel of a call.
type Channel struct {
	Service identity.Service
	Edge    identity.Edge // set for a network channel only
}

// IsNetwork reports whether c is the network channel of an edge.
func (c Channel) IsNetwork() bool { return c.Edge != identity.Edge{} }
