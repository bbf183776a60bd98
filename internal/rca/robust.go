package rca

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

// part is one thing that became slower given its causes, in seconds of the
// entry's tail.
type part struct {
	channel   int
	kind      Kind
	mechanism Mechanism
	edge      identity.Edge // of a call
	rpc       identity.RPC  // of a served request
	node      int           // node that shows it, -1
	excess    float64
	z         float64
	support   int // quantiles that moved
	metric    string
	observed  float64
	usual     float64
	failing   bool   // the calls that are made again fail
	delayed   bool   // the median moved: all of them are late, not some
	text      string // evidence
}

// The names under which ways of calling are shown.
const (
	callsMetric   = "calls_per_request"
	overlapMetric = "overlap"
)

// networkMetric is the name under which the gap between client and server is shown.
const networkMetric = "network_latency"

// suspect is a channel with what is slow of it.
type suspect struct {
	channel int
	parts   []part // largest excess first
	excess  float64
	// absorbed are network channels whose gap is a symptom of this service: it is
	// too busy to accept or to send.
	absorbed []int
}

// scores is what the robust scorer says of one window.
type scores struct {
	suspects  []suspect // largest excess first
	explained float64   // sum of their excess
	traffic   *part
}

// absorbShare is the largest excess of a network gap, relative to that of a
// service at one of its ends, that counts as a symptom of the service.
const absorbShare = 0.5

// starvedShare is the same for a service that lacks CPU: its process waits for a
// core when it accepts and when it answers as well as when it serves, and only
// the last lies within its spans.
const starvedShare = 3

// symptoms says of services what their metrics show.
type symptoms interface {
	starved(identity.Service) bool  // lacks CPU
	dropping(identity.Service) bool // loses messages
	// outliers returns how many calls had a gap above some seconds, and of how many.
	outliers(e identity.Edge, above float64) (outlying, calls float64)
	// delay is by how much the median gap of a network node of the graph rose, 0 where it
	// did not.
	delay(node int) float64
	// longest returns the longest gaps of a link, or calls to a leaf, now and usually.
	longest(e identity.Edge) (now, usual float64)
}

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
// of says which services lack CPU, and which lose messages.
// See docs/math.md, 15.
func score(r *reach, v *view, d demand, q float64, of symptoms) scores {
	t := newTail(q).near
	var parts []part
	add := func(p part) {
		if p.excess > 0 && p.channel >= 0 && r.causal(p.channel) && !math.IsInf(p.excess, 0) {
			parts = append(parts, p)
		}
	}
	duration := func(n, channel int, s shift, p part) {
		mean, tail := s.excess(t)
		p.node, p.channel = n, channel
		// What fewer than all requests visit shows in the tail as soon as enough of them do.
		p.excess = math.Max(d.mean[n], d.tail[n])*mean + d.tail[n]*math.Max(0, tail-mean)
		p.z, p.support, p.delayed = s.maxZ(), s.support(), s.delayed()
		p.observed, p.usual = s.now[s.shown(t)], s.usual[s.shown(t)]
		p.text = versus(p.text, s.shown(t), p.observed, p.usual)
		add(p)
	}
	for i, p := range r.rpcs {
		own := part{kind: KindService, mechanism: Latent, rpc: p.key, text: p.key.Operation + " own time"}
		channel, busy := r.owner[p.node], v.exclusive(p.key)
		if v.loss > 0 {
			busy, _ = busy.split(d.sites[i].lost(p, v))
		}
		if c, again := d.sites[i].refused(p, v); c != nil && !of.starved(p.key.Service) {
			between := own
			between.kind, between.mechanism, between.edge = KindEdge, Retry, c.edge
			between.text += ", between attempts"
			var waiting shift
			busy, waiting = busy.split(again)
			if !d.sites[i].waits(p, v) {
				duration(p.node, r.retried(c.edge, channel), waiting, between)
			}
		}
		for k, c := range p.calls {
			if w := d.sites[i].between(k, p, v); w.known {
				duration(p.node, r.retried(c.edge, channel), w, part{
					kind: KindEdge, mechanism: Retry, edge: c.edge, rpc: p.key,
					text: p.key.Operation + " between attempts at " + c.edge.Callee.Operation,
				})
			}
		}
		duration(p.node, channel, busy, own)
		for _, c := range p.calls {
			if c.leaf && c.client >= 0 {
				duration(c.client, r.owner[c.client], v.latency(r.g.Nodes[c.client]),
					part{kind: KindDependency, mechanism: Latent, edge: c.edge, text: c.edge.Callee.Operation})
			}
			if c.network >= 0 {
				duration(c.network, r.owner[c.network], v.latency(r.g.Nodes[c.network]), part{
					kind: KindEdge, mechanism: Network, edge: c.edge, metric: networkMetric,
					text: c.edge.Caller.Service.String() + ">" + c.edge.Callee.Service.String() + " network",
				})
			}
		}
		for _, q := range d.sites[i].parts(p, v, d.mean[p.node]) {
			q.channel = r.owner[p.node]
			if q.mechanism != Pool {
				q.channel = r.retried(q.edge, q.channel)
			}
			add(q)
		}
	}
	for _, n := range r.nodes {
		if node := r.g.Nodes[n]; node.Class == cbn.QueueNode {
			// A message waits once on the way to its consumer.
			d.mean[n], d.tail[n] = 1, 1
			duration(n, r.owner[n], v.latency(node), part{
				kind: KindEdge, mechanism: QueueWait, edge: node.Edge, metric: "queue_wait",
				text: node.Edge.Callee.String() + " queue wait",
			})
		}
	}
	s := gather(r, parts, of)
	s.traffic = traffic(r, v, s, of)
	return s
}

// parts returns what one RPC's way of calling others adds to the entry's tail:
// extra calls, and calls that follow each other where they used to run in parallel.
func (s site) parts(p rpc, v *view, weight float64) []part {
	var out []part
	for i, c := range p.calls {
		n := s.perRequest[i]
		if !n.logRose(v.suspect) {
			continue
		}
		extra := more(s.now, s.usual, i, s.lambda)
		q := part{
			kind: KindEdge, mechanism: Retry, edge: c.edge, node: p.node, rpc: p.key,
			excess: weight * extra, z: n.z(), support: 1,
			metric: callsMetric, observed: s.now.n[i], usual: s.usual.n[i],
		}
		if q.failing = v.failing(c.edge); !q.failing && q.usual < 0.9 { // a call that few requests made: a cache or a branch
			q.kind, q.mechanism = KindService, Latent
		}
		q.text = c.edge.Callee.String() + " called " + number(q.observed) + " times a request vs " + number(q.usual) + " usual"
		out = append(out, q)
	}
	pool := part{
		kind: KindService, mechanism: Pool, node: p.node, rpc: p.key, support: 1, metric: overlapMetric,
	}
	for i, c := range p.calls {
		l := s.self[i]
		extra := closer(s.now, s.usual, i, s.lambda)
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

// share shows a share as a percentage.
func share(v float64) string { return number(100*v) + "%" }

// gather adds parts up by channel and ranks the channels.
func gather(r *reach, parts []part, of symptoms) scores {
	by := make([]suspect, len(r.g.Channels))
	for c := range by {
		by[c].channel = c
	}
	for _, p := range parts {
		by[p.channel].parts = append(by[p.channel].parts, p)
		by[p.channel].excess += p.excess
	}
	endpoints(r, by, of)
	absorb(r, by, of)
	misses(r, by)
	var s scores
	for c := range by {
		if by[c].excess <= 0 {
			continue
		}
		slices.SortStableFunc(by[c].parts, func(a, b part) int { return -cmp.Compare(a.excess, b.excess) })
		s.suspects = append(s.suspects, by[c])
		s.explained += by[c].excess
	}
	s.suspects = rankSuspects(s.suspects)
	return s
}

// rankSuspects sorts suspects, the largest excess first.
func rankSuspects(us []suspect) []suspect {
	slices.SortStableFunc(us, func(a, b suspect) int { return -cmp.Compare(a.excess, b.excess) })
	return us
}

// take makes another suspect a symptom of this one, and leaves nothing of it. What
// was this one's own stays first among its parts.
func (u *suspect) take(o *suspect) {
	u.parts = append(u.parts, o.parts...)
	u.excess += o.excess
	u.absorbed = append(append(u.absorbed, o.channel), o.absorbed...)
	*o = suspect{}
}

// absorb moves network gaps to a service at one of their ends that is itself
// slower by more than twice as much, or by a third where it lacks CPU.
func absorb(r *reach, by []suspect, of symptoms) {
	service := make(map[identity.Service]int, len(by))
	for c, k := range r.g.Channels {
		if !k.IsNetwork() {
			service[k.Service] = c
		}
	}
	for c, k := range r.g.Channels {
		if !k.IsNetwork() || by[c].excess <= 0 {
			continue
		}
		to, refusing := -1, by[c].refusing()
		for _, s := range [...]identity.Service{k.Edge.Callee.Service, k.Edge.Caller.Service} {
			i, ok := service[s]
			if !ok || by[i].excess <= 0 || to >= 0 && by[i].excess <= by[to].excess || refusing && s != k.Edge.Callee.Service {
				continue
			}
			if absorbShare*by[i].excess >= by[c].excess || starvedShare*by[i].excess >= by[c].excess && of.starved(s) {
				to = i
			}
		}
		if to >= 0 {
			by[to].excess += by[c].excess
			by[to].absorbed = append(append(by[to].absorbed, c), by[c].absorbed...)
			by[c] = suspect{}
		}
	}
}

// refusing reports whether most of the excess is that calls fail and are made again: it
// is no doing of a caller who is busy.
func (u *suspect) refusing() bool {
	sum := 0.0
	for _, p := range u.parts {
		if p.mechanism == Retry {
			sum += p.excess
		}
	}
	return 2*sum > u.excess
}

// of returns the suspect of a channel, or nil.
func (s scores) of(channel int) *suspect {
	for i := range s.suspects {
		if s.suspects[i].channel == channel {
			return &s.suspects[i]
		}
	}
	return nil
}
