package rca

import (
	"github.com/sage-rca/sage/internal/identity"
)

// unheard returns the failure of calls that fail although what they call does not: it
// answers too late, or not at all. One answers too late for a reason, which is looked
// for as if its latency were the objective's; otherwise the callee itself is to blame.
func (d *diagnosis) unheard(c call) (failure, bool) {
	f, ok := d.failures(c.edge, d.r.g.ServiceChannel(c.edge.Callee.Service))
	if !ok || c.leaf {
		return f, false
	}
	if u := d.slowest(c.edge.Callee); u != nil && d.r.causal(u.channel) {
		f.channel, f.slow = u.channel, u
	}
	return f, true
}

// slowest returns what makes an RPC slower, nil where nothing does.
func (d *diagnosis) slowest(rpc identity.RPC) *suspect {
	r := newReach(d.r.g, rpc)
	if r == nil {
		return nil
	}
	s := score(r, d.v, newDemand(r, d.v, d.in.Quantile), d.in.Quantile, d)
	if len(s.suspects) == 0 {
		return nil
	}
	return &s.suspects[0]
}
