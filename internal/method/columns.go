package method

import (
	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
)

// columns selects the columns that a method sees.
type columns uint8

const (
	// own are what a service reports of itself, which is what the published
	// methods were given: latency, errors and load of what it serves, and its
	// metrics. A service without spans has the latency of the calls to it.
	own columns = iota
	// all are these, and what only calls show: their latency at the caller and
	// the gap between caller and callee.
	all
)

// owner returns the position of the service to which the scope attributes a
// column, -1 where the column is not among those asked for or its service has
// no path to the entry.
//
// What is known of a call belongs to its callee: the latency that the caller sees
// contains the callee's, and the gap between both is the way to the callee and
// back. (A gap may as well be the caller's fault; with one end to name, the callee
// is the end that has fewer links, and so more often the right one.)
func (s *scope) owner(k feature.Key, c columns) int {
	switch k.Kind {
	case feature.Metric:
		return s.of(k.Service)
	case feature.Latency:
		if s.holds(k.Node) && (c == all || k.Node.Class == cbn.ServerNode || k.Node.Class == cbn.ClientNode && s.unserved(k.Node.Edge)) {
			return s.of(k.Node.Edge.Callee.Service)
		}
	case feature.Load, feature.Errors:
		if k.Edge.Caller.IsZero() {
			if s.holds(cbn.Server(k.Edge.Callee)) {
				return s.of(k.Edge.Callee.Service)
			}
			return -1
		}
		if s.unserved(k.Edge) && s.holds(cbn.Node{Class: cbn.ClientNode, Edge: k.Edge}) {
			return s.of(k.Edge.Callee.Service)
		}
	case feature.Overlap, feature.Calls, feature.Exclusive: // made by this project from spans
	}
	return -1
}

// mechanism returns how a service hurts when one of its columns deviates.
func mechanism(k feature.Key) rca.Mechanism {
	switch k.Kind {
	case feature.Metric:
		if m := rca.MechanismOf(k.Name); m != "" {
			return m
		}
	case feature.Load:
		return rca.Traffic
	case feature.Errors:
		return rca.ErrorRate
	case feature.Calls:
		return rca.Retry
	case feature.Overlap:
		return rca.Pool
	case feature.Latency:
		switch k.Node.Class {
		case cbn.NetworkNode:
			return rca.Network
		case cbn.QueueNode:
			return rca.QueueWait
		case cbn.ServerNode, cbn.ClientNode:
		}
	case feature.Exclusive:
	}
	return rca.Latent
}

// latencyKey is the column of quantile d of a latency node.
func latencyKey(n cbn.Node, d int) feature.Key {
	return feature.Key{Kind: feature.Latency, Node: n, Quantile: d}
}

// loadKey is the column of the load of an RPC.
func loadKey(r identity.RPC) feature.Key {
	return feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: r}}
}
