package rca

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// around finds where the time on the way is lost where calls have no spans at their callers: then it
// counts as the callers' own. What is known of a call is the gap around it, between what its
// request did before and after, which the caller's own work and the calls beside share. One caller
// that is slow itself makes the gaps around all of its calls late; one service whose
// messages are late makes those around all calls of it late, whoever calls, those around calls beside
// them in the same requests, and the calls that it makes itself. So ends of late calls
// are compared as in rather.go, and callers keep what nobody else explains better.
// See docs/math.md, 19.
func around(r *reach, by []suspect, of symptoms) {
	e := endpoint{r: r, by: by, symptoms: of, service: make(map[identity.Service]int, len(by)), spanless: make(map[identity.RPC][]identity.Edge)}
	for _, p := range r.rpcs {
		for _, c := range p.calls {
			if c.spanless() {
				e.spanless[p.key] = append(e.spanless[p.key], c.edge)
			}
		}
	}
	if len(e.spanless) == 0 {
		return
	}
	for c, k := range r.g.Channels {
		if !k.IsNetwork() {
			e.service[k.Service] = c
		}
	}
	e.index()
	asked := make(map[identity.Service]bool)
	for range maxTogether {
		s, late := e.waiting(asked)
		if late == nil {
			return
		}
		asked[s] = true
		above := math.Min((late.observed-late.usual)/2, math.Sqrt(late.observed*late.usual))
		v := e.surroundings(s, above)
		set := v.best()
		if len(set) == 0 || slices.Contains(set, 0) {
			continue
		}
		for _, i := range set {
			if !v.net[i] {
				continue
			}
			e.giveWay(v.services[i], above)
		}
	}
}

// waiting returns the service, but those that were asked about, that lost most of its own time in
// requests which make calls without spans, and the largest part of that.
func (e *endpoint) waiting(asked map[identity.Service]bool) (s identity.Service, late *part) {
	for c, k := range e.r.g.Channels {
		if k.IsNetwork() || asked[k.Service] {
			continue
		}
		for i := range e.by[c].parts {
			if p := &e.by[c].parts[i]; e.ownTime(p) && (late == nil || p.excess > late.excess) && len(e.spanless[p.rpc]) > 0 {
				s, late = k.Service, p
			}
		}
	}
	return s, late
}

// ownTime reports whether a part is what an RPC took longer itself, and usually took at all.
func (e *endpoint) ownTime(p *part) bool {
	return p.kind == KindService && p.mechanism == Latent && p.metric == "" && p.rpc != (identity.RPC{}) && p.usual > 0
}

// spanless reports whether a call has a span of its callee alone.
func (c call) spanless() bool { return c.client < 0 && c.network < 0 && !c.leaf }

// surroundings are who may make calls without spans late by more than some seconds, and how many are: a
// service that is doubted, which is slow itself, so that the calls that it makes are late, and other
// services at the ends of late calls, each once so and once as one whose messages are late. The
// latter are the net ones.
type surroundings struct {
	rivals
	net []bool
}

func (e *endpoint) surroundings(s identity.Service, above float64) surroundings {
	var v surroundings
	add := func(s identity.Service, net bool) {
		for i, o := range v.services {
			if o == s && v.net[i] == net {
				return
			}
		}
		if len(v.services) < maxRivals {
			v.services, v.net = append(v.services, s), append(v.net, net)
		}
	}
	add(s, false)
	type counted struct {
		tally
		call
	}
	var all []counted
	for _, p := range e.r.rpcs {
		for _, c := range p.calls {
			if c.leaf && c.client >= 0 || c.spanless() {
				late, calls := e.outliers(c.edge, e.aboveUsual(c.edge, above))
				all = append(all, counted{tally{late, calls}, c})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b counted) int { return -cmp.Compare(a.late, b.late) })
	for _, x := range all {
		if x.late > 0 && !x.leaf {
			add(x.edge.Callee.Service, true)
			add(x.edge.Caller.Service, true)
			add(x.edge.Caller.Service, false)
		}
	}
	for _, x := range all {
		if !(x.calls > 0) {
			continue
		}
		if of := v.count(x.tally, x.call, e.spanless[x.edge.Caller]); len(of.ends)+len(of.beside) > 0 {
			v.calls = append(v.calls, of)
		}
	}
	return v
}

// count says of late calls which of the services may make them so; beside are the calls without spans
// of the same requests.
func (v *surroundings) count(t tally, c call, beside []identity.Edge) rivalCalls {
	of := rivalCalls{tally: t, leaf: c.leaf}
	for i, s := range v.services {
		switch {
		case s == c.edge.Caller.Service && (v.net[i] || !c.leaf), !c.leaf && v.net[i] && s == c.edge.Callee.Service:
			of.ends = append(of.ends, i)
		case !c.leaf && v.net[i] && slices.ContainsFunc(beside, func(x identity.Edge) bool { return x.Callee.Service == s }):
			of.beside = append(of.beside, i)
		}
	}
	return of
}

// aboveUsual is how long the gap around a call must be to be late by some seconds; of calls to leaves
// what is usual is left out already.
func (e *endpoint) aboveUsual(x identity.Edge, above float64) float64 {
	if _, usual := e.longest(x); !e.r.g.Leaves[x.Callee.Service] && usual > 0 {
		return math.Max(usual+above, slightly*usual)
	}
	return above
}

// giveWay gives the service s, of which messages are late, what its callers and itself lost around
// calls that are late by more than some seconds, and its calls to leaves that are late as well.
func (e *endpoint) giveWay(s identity.Service, above float64) {
	to, ok := e.service[s]
	if !ok || !e.r.causal(to) {
		return
	}
	metric := networkMetric
	if e.starved(s) {
		metric = ""
	}
	most := 0.0
	for c, k := range e.r.g.Channels {
		if k.IsNetwork() {
			continue
		}
		kept, moved := e.by[c].parts[:0], 0.0
		for _, p := range e.by[c].parts {
			if !e.ownTime(&p) || !e.lateAround(p.rpc, s, above) {
				kept = append(kept, p)
				continue
			}
			most = max(most, p.rise)
			p.channel, p.kind, p.mechanism, p.metric = to, KindService, Network, metric
			if p.text = k.Service.String() + " " + p.text; c == to {
				p.text += ", around calls that it makes"
				kept = append(kept, p)
				continue
			}
			p.text += ", around calls of " + s.String()
			moved += p.excess
			e.by[to].excess += p.excess
			e.by[to].parts = append(e.by[to].parts, p)
		}
		e.by[c].parts, e.by[c].excess = kept, e.by[c].excess-moved
		if len(kept) == 0 {
			e.by[c].excess = 0 // what rounding leaves of it
		}
		if moved > e.by[c].excess {
			e.by[to].absorbed = append(e.by[to].absorbed, c)
		}
	}
	var leaves []int
	for _, c := range e.leaves(s) {
		if p := &e.by[c].parts[0]; p.rise <= alikeLost*most && e.lateAs(s, p.edge, above) {
			leaves = append(leaves, c)
		}
	}
	e.merge(s, leaves)
}

// lateAs reports whether about as many calls to a leaf are late as calls without spans from and to s.
func (e *endpoint) lateAs(s identity.Service, leaf identity.Edge, above float64) bool {
	var all tally
	for _, p := range e.r.rpcs {
		for _, c := range p.calls {
			if c.spanless() && (p.key.Service == s || c.edge.Callee.Service == s) {
				late, calls := e.outliers(c.edge, e.aboveUsual(c.edge, above))
				all.add(tally{late, calls})
			}
		}
	}
	late, calls := e.outliers(leaf, above)
	return all.calls > 0 && calls > 0 && unlike*late/calls >= all.late/all.calls && late/calls <= unlike*all.late/all.calls
}

// minAround is the least share of late calls where what is around them makes requests late.
const minAround = 0.01

// lateAround reports whether requests of an RPC make calls of s, or are of s and make calls, without
// spans, around which they are late by more than some seconds.
func (e *endpoint) lateAround(of identity.RPC, s identity.Service, above float64) bool {
	return slices.ContainsFunc(e.spanless[of], func(x identity.Edge) bool {
		late, calls := e.outliers(x, e.aboveUsual(x, above))
		return (of.Service == s || x.Callee.Service == s) && calls > 0 && late >= minAround*calls
	})
}
