package method

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// weight is what a second more at a node costs an entry request, in seconds:
// where every visit takes it, and where a single slow one does.
type weight struct{ mean, tail float64 }

// call is one kind of call that an RPC waits for.
type call struct {
	edge                    identity.Edge
	client, network, server int // nodes, -1 where there is none
	now, usual              float64
	n, usualN               float64 // calls per request
	self                    float64 // share of their time that they make the caller wait
	more                    bool    // more calls than normal
	latency                 duration
	weight                  weight // of the call in a request of its caller
}

// site is one RPC with its calls.
type site struct {
	key   identity.RPC
	node  int
	calls []call
}

// weigh walks from the entry to the causes and returns the sites, effects before
// causes, and the weight of every node: calls per request, multiplied along paths
// and added over them, less what runs in parallel anyway. q is the SLO's quantile.
func weigh(s *scope, r *reader, q float64, b bar) ([]site, []weight) {
	w := make([]weight, len(s.g.Nodes))
	w[s.entry] = weight{1, 1}
	var sites []site
	for _, n := range slices.Backward(s.nodes) {
		if s.g.Nodes[n].Class != cbn.ServerNode {
			continue
		}
		at := newSite(s, r, n, q, b)
		for _, c := range at.calls {
			for _, m := range [...]int{c.client, c.network, c.server} {
				if m >= 0 {
					w[m].mean += w[n].mean * c.weight.mean
					w[m].tail += w[n].tail * c.weight.tail
				}
			}
		}
		sites = append(sites, at)
	}
	return sites, w
}

func newSite(s *scope, r *reader, n int, q float64, b bar) site {
	out := site{key: s.g.Nodes[n].Edge.Callee, node: n}
	for _, p := range s.g.Parents[n] {
		c := call{client: -1, network: -1, server: -1}
		switch node := s.g.Nodes[p]; node.Class {
		case cbn.ServerNode: // seen by its callee alone
			c.edge, c.server = identity.Edge{Caller: out.key, Callee: node.Edge.Callee}, p
		case cbn.ClientNode:
			c.edge, c.client = node.Edge, p
			for _, m := range s.g.Parents[p] {
				if s.g.Nodes[m].Class == cbn.NetworkNode {
					c.network = m
				} else {
					c.server = m
				}
			}
		case cbn.NetworkNode, cbn.QueueNode:
			continue
		}
		c.read(s, r, b)
		out.calls = append(out.calls, c)
	}
	overlap := r.level(feature.Key{Kind: feature.Overlap, Edge: identity.Edge{Callee: out.key}})
	out.share(overlap.now, q)
	return out
}

// read fills in how often the call is made and how long it takes.
func (c *call) read(s *scope, r *reader, b bar) {
	c.n, c.usualN, c.self = 1, 1, 1
	if n := r.level(feature.Key{Kind: feature.Calls, Edge: c.edge}); !math.IsNaN(n.now) {
		c.n = math.Exp(n.now)
		c.usualN = c.n
		if n.known {
			c.usualN, c.more = math.Exp(n.usual), n.rose(b)
		}
	}
	if o := r.level(feature.Key{Kind: feature.Overlap, Edge: c.edge}); !math.IsNaN(o.now) {
		c.self = math.Min(1, math.Exp(o.now))
	}
	node := c.client
	if node < 0 {
		node = c.server
	}
	c.latency = r.duration(b, func(d int) feature.Key { return latencyKey(s.g.Nodes[node], d) })
	c.now, c.usual = mean(c.latency.now), mean(c.latency.usual)
}

// wait is how long a request waits for its calls to this callee alone when one
// takes l seconds; a request that makes a call waits at least for that one.
func (c *call) wait(l float64) float64 { return l * math.Max(c.n*c.self, math.Min(1, c.n)) }

// share sets the weights of the calls. A request that calls several callees waits
//
//	U = M + lambda (S - M)
//
// with S the sum of the waits for each and M the longest: lambda is 1 when callees
// follow each other, 0 when all are called at once, and follows from the observed
// log(U/S). The share of a callee's rise that reaches the caller is that of U with
// its calls as now against U with them as usual, averaged over the other calls as
// now and as usual, so that two that are slow in parallel share what they cost.
func (at *site) share(overlap, q float64) {
	now, usual := make([]float64, len(at.calls)), make([]float64, len(at.calls))
	for i := range at.calls {
		c := &at.calls[i]
		now[i], usual[i] = c.wait(c.now), c.wait(c.usual)
	}
	lambda := 1.0
	if sum, most := sumAndMax(now); !math.IsNaN(overlap) && sum-most > 1e-3*sum {
		lambda = math.Min(1, math.Max(0, (math.Exp(overlap)*sum-most)/(sum-most)))
	}
	union := func(w []float64) float64 {
		sum, most := sumAndMax(w)
		return most + lambda*(sum-most)
	}
	for i := range at.calls {
		c := &at.calls[i]
		lo, hi := math.Min(now[i], usual[i]), math.Max(now[i], usual[i])
		hi = math.Max(hi, 1.01*lo+1e-6)
		reach := 0.0
		for _, others := range [...][]float64{now, usual} {
			w := slices.Clone(others)
			w[i] = hi
			up := union(w)
			w[i] = lo
			reach += (up - union(w)) / (hi - lo) / 2
		}
		c.weight.mean = reach * c.wait(1)
		// A single slow call shows in the tail once a share 1-q of the requests has it.
		c.weight.tail = reach * math.Min(1, c.n/(1-q))
	}
}

func sumAndMax(v []float64) (sum, most float64) {
	for _, x := range v {
		sum += x
		most = math.Max(most, x)
	}
	return sum, most
}
