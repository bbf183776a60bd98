package feature

import (
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// The columns of a network hold, of one edge, either the gaps of matched calls or the times
// around direct ones (window.Edge.Around), never both: what is usual of the one says nothing of
// the other. Times around calls are on record while no caller's side is.

// network is a column of the network of an edge.
func network(e identity.Edge, q int) Key {
	return Key{Kind: Latency, Node: cbn.Node{Class: cbn.NetworkNode, Edge: e}, Quantile: q}
}

// seesClients reports whether the caller's side of calls along an edge is on record.
func (h *History) seesClients(e identity.Edge) bool {
	return h.columns[Key{Kind: Latency, Node: cbn.Node{Class: cbn.ClientNode, Edge: e}}] != nil
}

// unmixed returns s without times around calls of which the caller's side is on record.
func (h *History) unmixed(s *window.Snapshot) *window.Snapshot {
	out := s
	for i := range s.Edges {
		if e := &s.Edges[i]; e.Around() && h.seesClients(e.Key) {
			if out == s {
				left := *s
				left.Edges = slices.Clone(s.Edges)
				out = &left
			}
			out.Edges[i] = e.WithoutAround()
		}
	}
	return out
}

// forgetAround forgets the times around calls of which s is the first to tell the caller's side.
func (h *History) forgetAround(s *window.Snapshot) {
	for i := range s.Edges {
		e := &s.Edges[i]
		if e.Client.Count() < minRequests[0] || h.seesClients(e.Key) {
			continue
		}
		for q := range D {
			if k := network(e.Key, q); h.columns[k] != nil {
				delete(h.columns, k)
				h.keys = nil
			}
		}
	}
}
