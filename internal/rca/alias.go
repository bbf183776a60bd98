package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/feature"
)

// twice is the ratio up to which two latencies are of the same calls, seen twice.
const twice = 1.25

// aliases gives what a leaf lost to what makes another callee of its caller slow, where both are told
// of the same calls: a load balancer that a client span names beside the service behind it, a service
// where the context did not get through. The leaf has no metrics, calls nobody, and its
// tail is that of the other one, usually and now.
// See docs/math.md, 19.
func aliases(r *reach, by []suspect, of symptoms, causing slowed) {
	for _, p := range r.rpcs {
		for _, l := range p.calls {
			leaf := r.g.ServiceChannel(l.edge.Callee.Service)
			if leaf < 0 || by[leaf].excess <= 0 || !r.silent(l) {
				continue
			}
			to := -1
			for _, c := range p.calls {
				if c.leaf || r.silent(c) || !of.alias(l, c) {
					continue
				}
				if n := below(by, causing.of(c.edge.Callee), leaf); n >= 0 && (to < 0 || by[n].excess > by[to].excess) {
					to = n
				}
			}
			if to >= 0 {
				by[to].absorb(leaf, &by[leaf])
			}
		}
	}
}

// silent reports whether nothing that is called by a callee was ever seen.
func (r *reach) silent(c call) bool {
	return c.leaf || !slices.ContainsFunc(r.rpcs, func(p rpc) bool { return p.key == c.edge.Callee && len(p.calls) > 0 })
}

// alias reports whether the tail of a callee without metrics is that of another one, within a factor of
// 1.25, usually and in the violated window, and rose.
func (d *diagnosis) alias(leaf, other call) bool {
	if len(d.metrics[leaf.edge.Callee.Service]) > 0 {
		return false
	}
	x, y := d.tailOf(leaf), d.tailOf(other)
	same := func(a, b float64) bool { return math.Abs(a-b) <= math.Log(twice) }
	return x.n >= minBaseline && y.n >= minBaseline && same(x.now, y.now) && same(x.usual, y.usual) && x.now-x.usual >= math.Log(saturates)
}

// tailOf is the highest quantile of a call as its caller sees it, else as its callee does, in log seconds.
func (d *diagnosis) tailOf(c call) level {
	return d.v.at(feature.Key{Kind: feature.Latency, Node: d.r.g.Nodes[c.node()], Quantile: feature.D - 1})
}
