package rca

import (
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// origin is where calls begin to fail.
type origin struct {
	channel    int
	now, usual float64 // shares of failed requests or calls there
	late       bool    // nobody waits for its answers any longer
}

// askedAgain gives what is waited for because calls fail, and are made again, to where the
// failures begin: the pauses between attempts, and the further calls, of all callers above
// it. Where the callee answers and none of its requests fail, they fail on the way, and
// that stays with the link.
// See docs/math.md, 17.
func askedAgain(r *reach, by []suspect, of symptoms) {
	for c := range by {
		kept := by[c].parts[:0]
		for _, p := range by[c].parts {
			o, ok := origin{}, false
			if p.failing {
				o, ok = of.origin(r, p.edge)
			}
			if !ok || o.channel == c || !r.causal(o.channel) {
				kept = append(kept, p)
				continue
			}
			by[c].excess -= p.excess
			to := &by[o.channel]
			to.excess += p.excess
			to.parts = append(to.parts, o.explain(r, p))
			if !slices.Contains(to.absorbed, c) {
				to.absorbed = append(to.absorbed, c)
			}
		}
		by[c].parts = kept
		if len(kept) == 0 {
			by[c].excess = 0 // what rounding leaves of it
		}
	}
}

// explain makes a part of further attempts one of where they fail.
func (o origin) explain(r *reach, p part) part {
	p.kind, p.mechanism, p.metric = KindService, ErrorRate, errorMetric
	if s := r.g.Channels[o.channel].Service; r.g.Leaves[s] {
		p.kind = KindDependency
	}
	p.observed, p.usual = o.now, o.usual
	if o.late {
		p.mechanism, p.metric = Latent, ""
	}
	return p
}

// origin finds where the calls of an edge begin to fail: at a leaf, which nothing is
// known of but its answers; at the callee, where its requests fail and none of its own
// calls do; or, where the caller gives up, at whatever makes the callee slow, unless the
// caller lacks CPU, and so gives up on answers that are there.
func (d *diagnosis) origin(r *reach, e identity.Edge) (origin, bool) {
	for range r.rpcs { // no path is longer
		call := d.v.at(feature.Key{Kind: feature.Errors, Edge: e})
		o := origin{channel: r.g.ServiceChannel(e.Callee.Service), now: call.now, usual: call.usual, late: d.givenUp(e)}
		leaf := unserved(r.g, e)
		switch {
		case o.late && d.starved(e.Caller.Service):
			return origin{}, false
		case leaf:
			return o, o.channel >= 0
		case !d.v.failing(identity.Edge{Callee: e.Callee}):
			if !o.late {
				return origin{}, false
			}
			u := d.slowest(e.Callee)
			if u == nil {
				u = d.slowestBeside(e.Callee)
			}
			if u == nil {
				return origin{}, false
			}
			o.channel = u.channel
			return o, true
		}
		next, ok := d.failingCall(r, e.Callee)
		if !ok {
			served := d.v.at(feature.Key{Kind: feature.Errors, Edge: identity.Edge{Callee: e.Callee}})
			o.now, o.usual, o.late = served.now, served.usual, false
			return o, o.channel >= 0
		}
		e = next
	}
	return origin{}, false
}

// failingCall returns the kind of call of an RPC of which most fail.
func (d *diagnosis) failingCall(r *reach, of identity.RPC) (worst identity.Edge, ok bool) {
	n := r.g.Index(cbn.Node{Class: cbn.ServerNode, Edge: identity.Edge{Callee: of}})
	i := slices.IndexFunc(r.rpcs, func(p rpc) bool { return p.node == n })
	if i < 0 {
		return worst, false
	}
	most := 0.0
	for _, c := range r.rpcs[i].calls {
		if l := d.v.at(feature.Key{Kind: feature.Errors, Edge: c.edge}); d.v.failing(c.edge) && l.now-l.usual > most {
			worst, most, ok = c.edge, l.now-l.usual, true
		}
	}
	return worst, ok
}
