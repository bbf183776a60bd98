package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// score measures for every channel of the reach by how many seconds of the
// entry's tail it became slower given its causes.
//
// A node's excess is the rise of what it does itself: the exclusive time of a
// served request (duration less the union of the calls made meanwhile), the gap
// of client minus server of a call, the client's latency of a call to a service
// without spans, the wait in a queue; only quantiles with a robust z (median and
// IQR of normal windows, log scale) of at least suspect and a rise by a fifth
// count. Extra calls and calls that no longer run in parallel count at their
// caller. Excess is weighted by demand: the rise of the mean by all visits of an
// entry request, or by a single one where that is more, what the tail rose further by a
// single one.
//
// A service that only waits for a slow one has no excess and is not a suspect.
// of says which services lack CPU, and which lose messages; further is what else became slower.
// See docs/math.md, 15.
func score(r *reach, v *view, d demand, q float64, of symptoms, further ...part) scores {
	s := scorer{r: r, v: v, d: d, t: newTail(q).near, of: of}
	s.instead = s.fallbacks()
	for i := range r.rpcs {
		s.served(i)
		s.called(i)
	}
	s.queued()
	for _, p := range further {
		s.add(p)
	}
	out := gather(r, s.parts, of)
	out.traffic = traffic(r, v, out, q, of)
	return out
}

// scorer is the work of score.
type scorer struct {
	r     *reach
	v     *view
	d     demand
	t     int // feature quantile of the objective
	of    symptoms
	parts []part
	// instead are the failing calls in place of which others are made, by nodes of those.
	instead map[int]identity.Edge
}

func (s *scorer) add(p part) {
	if p.excess > 0 && p.channel >= 0 && s.r.causal(p.channel) && !math.IsInf(p.excess, 0) {
		s.parts = append(s.parts, p)
	}
}

// duration adds the rise of a duration that node n of the graph waits for.
func (s *scorer) duration(n, channel int, x shift, p part) {
	mean, tail := x.excess(s.t)
	p.node, p.channel = n, channel
	// What fewer than all requests visit shows in the tail as soon as enough of them do.
	p.excess = math.Max(s.d.mean[n], s.d.tail[n])*mean + s.d.tail[n]*math.Max(0, tail-mean)
	p.z, p.support, p.delayed, p.rise = x.maxZ(), x.support(), x.delayed(), x.rise()
	p.observed, p.usual = x.now[x.shown(s.t)], x.usual[x.shown(s.t)]
	p.text = versus(p.text, x.shown(s.t), p.observed, p.usual)
	if e, ok := s.instead[n]; ok {
		p.edge, p.failing = e, true
		p.text = s.r.g.Nodes[n].Edge.Callee.Service.String() + ": " + p.text + ", in place of " + e.Callee.String() + ", of which calls fail"
	}
	s.add(p)
}

// served adds what the requests of an RPC do themselves, and what they wait for between
// attempts at their calls.
func (s *scorer) served(i int) {
	p, site := s.r.rpcs[i], &s.d.sites[i]
	own := part{kind: KindService, mechanism: Latent, rpc: p.key, text: p.key.Operation + " own time"}
	channel, busy := s.r.owner[p.node], s.v.exclusive(p.key)
	if s.v.loss > 0 {
		busy, _ = busy.split(site.lost(p, s.v))
	}
	between := own
	between.kind, between.mechanism, between.failing = KindEdge, Retry, true
	measured, waits := false, [feature.D]float64{}
	for k, c := range p.calls {
		if w := site.between(k, p, s.v); w.known {
			measured = true
			for d, x := range w.now {
				waits[d] += x
			}
			x := between
			x.edge, x.text = c.edge, p.key.Operation+" between attempts at "+c.edge.Callee.Operation
			s.duration(p.node, s.r.retried(c.edge, channel), w, x)
		}
	}
	if c, again := site.refused(p, s.v, measured); c != nil && (measured || !s.of.starved(p.key.Service)) {
		whole := busy
		var waiting shift
		busy, waiting = busy.split(again)
		if measured {
			busy.atLeast(whole, waits)
		} else {
			between.edge = c.edge
			between.text += ", between attempts"
			s.duration(p.node, s.r.retried(c.edge, channel), waiting, between)
		}
	}
	s.duration(p.node, channel, busy, own)
}

// called adds what the calls of an RPC wait for outside of their callees' requests, and
// what follows from how it calls.
func (s *scorer) called(i int) {
	p := s.r.rpcs[i]
	for _, c := range p.calls {
		if c.leaf && c.client >= 0 {
			s.duration(c.client, s.r.owner[c.client], s.v.latency(s.r.g.Nodes[c.client]),
				part{kind: KindDependency, mechanism: Latent, edge: c.edge, text: c.edge.Callee.Operation})
		}
		s.noAnswer(c)
		if c.network >= 0 {
			s.duration(c.network, s.r.owner[c.network], s.v.latency(s.r.g.Nodes[c.network]), part{
				kind: KindEdge, mechanism: Network, edge: c.edge, metric: networkMetric,
				text: c.edge.Caller.Service.String() + ">" + c.edge.Callee.Service.String() + " network",
			})
		}
	}
	for _, q := range s.d.sites[i].parts(p, s.v, s.d.mean[p.node]) {
		q.channel = s.r.owner[p.node]
		if q.mechanism != Pool {
			q.channel = s.r.retried(q.edge, q.channel)
		}
		s.add(q)
	}
}

// queued adds the waits of messages, each of which waits once on the way to its consumer.
func (s *scorer) queued() {
	for _, n := range s.r.nodes {
		if node := s.r.g.Nodes[n]; node.Class == cbn.QueueNode {
			s.d.mean[n], s.d.tail[n] = 1, 1
			s.duration(n, s.r.owner[n], s.v.latency(node), part{
				kind: KindEdge, mechanism: QueueWait, edge: node.Edge, metric: queueMetric,
				text: node.Edge.Callee.String() + " queue wait",
			})
		}
	}
}

// parts returns what one RPC's way of calling others adds to the entry's tail:
// extra calls, and calls that follow each other where they used to run in parallel.
func (s site) parts(p rpc, v *view, weight float64) []part {
	var out []part
	for i, c := range p.calls {
		n, z := s.perRequest[i], s.perRequest[i].z()
		if s.fresh[i] {
			z = v.suspect
		} else if !n.logRose(v.suspect) {
			continue
		}
		extra := more(s.now, s.usual, i, s.lambda)
		q := part{
			kind: KindEdge, mechanism: Retry, edge: c.edge, node: p.node, rpc: p.key,
			excess: weight * extra, z: z, support: 1,
			metric: CallsMetric, observed: s.now.n[i], usual: s.usual.n[i],
		}
		if q.failing = v.failing(c.edge); !q.failing && q.usual < 0.9 { // a call that few requests made: a cache or a branch
			q.kind, q.mechanism = KindService, Latent
		}
		q.text = c.edge.Callee.String() + " called " + number(q.observed) + " times a request vs " + number(q.usual) + " usual"
		if s.fresh[i] {
			q.text = c.edge.Callee.String() + " called " + number(q.observed) + " times a request, not seen before"
		}
		if q.failing {
			q.text += ", " + share(v.at(feature.Key{Kind: feature.Errors, Edge: c.edge}).now) + " of them fail"
		} else if k := s.replaces(i, p, v); k >= 0 {
			q.kind, q.mechanism, q.edge, q.failing = KindEdge, Retry, p.calls[k].edge, true
			q.text += ", in place of " + q.edge.Callee.String() + ", of which calls fail"
		} else if cache, ok := s.cacheOf(i, p); ok && q.misses() {
			q.cached = true
			q.text += ": more often than usual it is not in " + cache.String()
		}
		out = append(out, q)
	}
	pool := part{
		kind: KindService, mechanism: Pool, node: p.node, rpc: p.key, support: 1, metric: OverlapMetric,
	}
	for i, c := range p.calls {
		l := s.self[i]
		extra := closer(s.now, s.overlapping(i).asUsual, i, s.lambda)
		if !l.logRose(v.suspect) || extra <= (minRise-1)*s.usual.wait(i) {
			continue
		}
		q := pool
		q.edge, q.excess, q.z = c.edge, weight*extra, l.z()
		q.observed, q.usual = s.now.self[i], s.usual.self[i]
		q.text = "calls of " + c.edge.Callee.String() + " make it wait " + share(q.observed) + " of their time vs " +
			share(q.usual) + " usual: they no longer run in parallel"
		out = append(out, q)
	}
	if !s.overlap.logRose(v.suspect) {
		return out
	}
	expected := s.expected()
	if extra := math.Exp(s.overlap.now)*s.measured().sum() - expected; extra > (minRise-1)*expected {
		q := pool
		q.excess, q.z = weight*extra, s.overlap.z()
		q.observed, q.usual = math.Exp(s.overlap.now), math.Exp(s.overlap.usual)
		q.text = p.key.Operation + " waits for its callees " + share(q.observed) + " of their time vs " +
			share(q.usual) + " usual: they are no longer called at once"
		out = append(out, q)
	}
	return out
}
