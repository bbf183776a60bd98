package method

import (
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
)

// The reasons of abstentions that methods share.
const (
	reasonNoWindow   = "the entry was not measured in this window"
	reasonNotInGraph = "the entry is not in the causal graph"
	reasonNoModel    = "there is no model that knows the entry"
	reasonNothing    = "nothing deviates from its normal range"
)

// scope is the part of a causal graph that can make an entry slow: its server
// node and all ancestors of it. No service outside of it is ever blamed.
type scope struct {
	g        *cbn.Graph
	entry    int
	nodes    []int              // causes before effects, the entry last
	in       []bool             // by node of g
	services []identity.Service // that serve, call or are called there, sorted
	index    map[identity.Service]int
}

// newScope returns nil where the entry is not in the graph.
func newScope(g *cbn.Graph, entry identity.RPC) *scope {
	s := &scope{g: g, entry: g.Index(cbn.Server(entry)), in: make([]bool, len(g.Nodes)), index: map[identity.Service]int{}}
	if s.entry < 0 {
		return nil
	}
	s.nodes = append(g.Ancestors(s.entry), s.entry)
	for _, n := range s.nodes {
		s.in[n] = true
		e := g.Nodes[n].Edge
		for _, at := range [...]identity.Service{e.Caller.Service, e.Callee.Service} {
			if _, known := s.index[at]; !known && !at.IsZero() {
				s.index[at] = 0
				s.services = append(s.services, at)
			}
		}
	}
	slices.SortFunc(s.services, identity.Service.Compare)
	for i, at := range s.services {
		s.index[at] = i
	}
	return s
}

// of returns the position of a service, -1 where it has no path to the entry.
func (s *scope) of(at identity.Service) int {
	if i, ok := s.index[at]; ok {
		return i
	}
	return -1
}

// holds reports whether a node is in the scope.
func (s *scope) holds(n cbn.Node) bool {
	i := s.g.Index(n)
	return i >= 0 && s.in[i]
}

// unserved reports whether the callee's side of a call was never seen, so that
// its latency as the caller sees it is all that is known of the callee.
func (s *scope) unserved(e identity.Edge) bool { return s.g.Index(cbn.Server(e.Callee)) < 0 }

// open returns the scope and a reader of the history of a window, or the reason
// why there are none.
func open(in rca.Input) (*scope, *reader, string) {
	if in.Graph == nil || in.Snapshot == nil || in.History == nil || in.History.Len() == 0 {
		return nil, nil, reasonNoWindow
	}
	s := newScope(in.Graph, in.Entry)
	if s == nil {
		return nil, nil, reasonNotInGraph
	}
	return s, newReader(in.History, in.Onset), ""
}
