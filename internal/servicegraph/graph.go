package servicegraph

import (
	"cmp"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// connection is how a service calls another.
type connection struct {
	client, server identity.Service
	kind           string
}

// The kinds of connections.
const (
	direct    = ""
	messaging = "messaging_system"
	virtual   = "virtual_node"
)

func (c connection) compare(o connection) int {
	return cmp.Or(c.client.Compare(o.client), c.server.Compare(o.server), cmp.Compare(c.kind, o.kind))
}

// counted is what was counted of a connection since start.
type counted struct {
	start, seen                int64 // ns since 1970
	calls, failed              float64
	toClient, toServer, queued sketch.Sketch
}

// Graph adds up the calls between services. It is not safe for concurrent use.
type Graph struct {
	max    int
	forget int64
	all    map[connection]*counted
	// first is a time before which no connection was seen last, while time is not set back.
	// It spares those that are refused the search.
	first int64
}

// New returns an empty graph of at most max connections, each of which is forgotten,
// and counts from zero when it comes again, after forget ns without a call. It panics
// unless both are positive.
func New(maxConnections int, forget int64) *Graph {
	if maxConnections <= 0 || forget <= 0 {
		panic("servicegraph: bound and time to forget must be positive")
	}
	return &Graph{max: maxConnections, forget: forget, all: make(map[connection]*counted)}
}

// Add counts the calls of a window. It returns the number of edges that found no room.
func (g *Graph) Add(s *window.Share) (refused int) {
	for i := range s.Edges {
		e := &s.Edges[i]
		if e.Count <= 0 || e.Key.Caller.Service.IsZero() {
			continue
		}
		c := g.of(connection{e.Key.Caller.Service, e.Key.Callee.Service, kindOf(e)}, s)
		if c == nil {
			refused++
			continue
		}
		c.seen = s.End
		c.calls += e.Count
		c.failed += e.Errors
		c.toClient.Merge(e.Client)
		c.toServer.Merge(e.Server)
		c.queued.Merge(e.Queue)
	}
	return refused
}

func kindOf(e *window.EdgeShare) string {
	switch {
	case !e.Waited:
		return messaging
	case !e.Answered:
		return virtual
	}
	return direct
}

// of returns what is counted of a connection, nil where there is no room.
func (g *Graph) of(k connection, s *window.Share) *counted {
	if c := g.all[k]; c != nil {
		return c
	}
	if len(g.all) >= g.max && !g.evict(s.Start) {
		return nil
	}
	c := &counted{start: s.Start}
	g.all[k] = c
	return c
}

// evict forgets the connections of which there was no call for forget ns, and
// reports whether there were any.
func (g *Graph) evict(now int64) bool {
	if now >= g.first && now-g.first < g.forget {
		return false
	}
	n, first := len(g.all), now
	for k, c := range g.all { // each on its own
		if now-c.seen >= g.forget {
			delete(g.all, k)
		} else {
			first = min(first, c.seen)
		}
	}
	g.first = first
	return len(g.all) < n
}

// connections returns what is counted, sorted.
func (g *Graph) connections() []connection {
	out := make([]connection, 0, len(g.all))
	for k := range g.all { // sorted below
		out = append(out, k)
	}
	slices.SortFunc(out, connection.compare)
	return out
}
