package rca

import (
	"slices"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// longerBehind is how many times as long as a service waits in vain those may wait, at most, who call it.
const longerBehind = 2

// wait is who is waited for in vain, and for how many seconds.
type wait struct {
	of   *silent
	rise float64
}

// inVain gives the time that requests wait for a service which does not answer, and has no spans of what it
// does not serve, to that service: it shows as own time of its callers. Where these have no worker left
// who does not wait for it, those who call them wait as long, before their calls are taken up.
// See docs/math.md, 24.
func inVain(r *reach, by []suspect, of symptoms) {
	waits := unanswering(by)
	for _, p := range slices.Backward(r.rpcs) { // causes before effects
		behind := p.longestWait(waits)
		if behind.rise > waits[p.key].rise {
			waits[p.key] = behind
		}
		c := r.owner[p.node]
		if c < 0 || by[c].excess <= 0 {
			continue
		}
		kept := by[c].parts[:0]
		for _, x := range by[c].parts {
			s := x.inVain(p, of, behind)
			to := -1
			if s != nil {
				to = r.g.ServiceChannel(s.service)
			}
			if to < 0 || to == c {
				kept = append(kept, x)
				continue
			}
			if w := x.observed - x.usual; w > waits[p.key].rise {
				waits[p.key] = wait{s, w}
			}
			by[c].excess -= x.excess
			x.channel, x.kind, x.mechanism, x.metric, x.observed, x.usual = to, s.kind(), ErrorRate, unansweredMetric, s.missing, 0
			x.text, x.silent = p.key.Service.String()+" "+x.text+", waiting for "+s.service.String(), s
			by[to].excess += x.excess
			by[to].parts = append(by[to].parts, x)
			if !slices.Contains(by[to].absorbed, c) {
				by[to].absorbed = append(by[to].absorbed, c)
			}
		}
		by[c].parts = kept
		if len(kept) == 0 {
			by[c].excess = 0 // what rounding leaves of it
		}
	}
	answeredLate(r, by, of, waits)
}

// unanswering are the waits of those whose calls with CLIENT spans nobody answers.
func unanswering(by []suspect) map[identity.RPC]wait {
	waits := make(map[identity.RPC]wait)
	for c := range by {
		for i := range by[c].parts {
			if x := &by[c].parts[i]; x.silent != nil {
				waits[x.edge.Caller] = wait{x.silent, x.observed - x.usual}
			}
		}
	}
	return waits
}

// answeredLate gives the gap of calls, before those who answer them late as all of their workers wait in vain, to whom
// these wait for.
func answeredLate(r *reach, by []suspect, of symptoms, waits map[identity.RPC]wait) {
	for _, p := range r.rpcs {
		for _, c := range p.calls {
			n, w := r.g.NetworkChannel(c.edge), waits[c.edge.Callee]
			if n < 0 || w.of == nil || by[n].excess <= 0 || of.occupied(c.edge.Callee.Service) < occupies {
				continue
			}
			if to := r.g.ServiceChannel(w.of.service); to >= 0 && rose(c.edge, of) <= longerBehind*w.rise {
				by[to].absorb(n, &by[n])
			}
		}
	}
}

// longestWait is that of those whom p calls without CLIENT spans.
func (p rpc) longestWait(waits map[identity.RPC]wait) (out wait) {
	for _, c := range p.calls {
		if w := waits[c.edge.Callee]; c.spanless() && w.rise > out.rise {
			out = w
		}
	}
	return out
}

// inVain returns who is waited for in vain for as long as a part of requests of p lasts, nil where nobody is.
func (x *part) inVain(p rpc, of symptoms, behind wait) *silent {
	if x.kind != KindService || x.mechanism != Latent || x.metric != "" || x.rpc != p.key {
		return nil
	}
	late := 1 - feature.Quantiles[feature.D-1]
	if x.delayed {
		late = 1 - feature.Quantiles[0]
	}
	if s, ok := of.unanswered(p.key, late); ok {
		return s
	}
	if x.observed-x.usual <= longerBehind*behind.rise {
		return behind.of
	}
	return nil
}

// waitedFor returns who is waited for in vain where that is what was picked of a suspect, else nil.
func (u *suspect) waitedFor(pick choice) *silent {
	if u == nil || pick.part == nil {
		return nil
	}
	return pick.part.silent
}
