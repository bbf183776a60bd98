package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// holds is how many times as long as usual calls take whose caller may have no connection,
// thread or permit left for the next request.
const holds = 3

// crowd is how many times as many requests as usual are in a service at once where the
// memory that they take is no sign of a leak.
const crowd = 10

// held gives the own time of a service to what makes one of its callees slow. Who waits
// for a slow callee holds a connection, a thread or a permit for as long; when none is
// left, the next request waits for one before it calls, which shows as time of its own.
// What all operations of a service share may be held by calls of any of them, to what the entry itself
// never reaches.
// By Little's law as many are held as requests come in the time of a call, so calls must
// take far longer than usual. See docs/math.md, 19.
func held(r *reach, by []suspect, of symptoms, causing slowed) {
	for i := range r.rpcs {
		p := r.rpcs[len(r.rpcs)-1-i]
		own := r.owner[p.node]
		if own < 0 || by[own].excess <= 0 || !by[own].waiting() {
			continue
		}
		h := holderOf(p, own, r, by, of, causing)
		if h.to < 0 {
			continue
		}
		if h.outside {
			by[h.to].parts = append(by[h.to].parts, of.slowLeaf(h.call, h.to))
		}
		if follows(by[own].excess, by[h.to].excess, h.strain) {
			by[h.to].absorb(own, &by[own])
		}
	}
}

// holder is a call that holds what requests wait for, and what makes it slow.
type holder struct {
	call    call
	to      int     // the channel to blame, -1 where there is none
	strain  float64 // how many times as long as usual the call takes
	outside bool    // the entry never reaches it
}

// holderOf returns, of the calls that may hold what requests of an RPC wait for, the one behind which most
// was lost.
func holderOf(p rpc, own int, r *reach, by []suspect, of symptoms, causing slowed) holder {
	best := holder{to: -1}
	for _, q := range append([]rpc{p}, of.beside(p.key)...) {
		for _, c := range q.calls {
			times := of.holding(p, q, c)
			if times < holds {
				continue
			}
			to := -1
			switch {
			case !c.leaf:
				to = below(by, append(causing.service(c.edge.Callee, of), r.g.NetworkChannel(c.edge)), own)
			case c.client >= 0:
				to = r.g.ServiceChannel(c.edge.Callee.Service)
			}
			switch {
			case to < 0 || to == own:
			case by[to].excess > 0 && (best.to < 0 || by[to].excess > by[best.to].excess):
				best = holder{c, to, times, false}
			case best.to < 0 && c.leaf && !r.causal(to):
				best = holder{c, to, times, true}
			}
		}
	}
	return best
}

// waiting reports whether most of what is slow of a suspect is time that nothing explains.
func (u *suspect) waiting() bool {
	sum, all := 0.0, 0.0
	for _, p := range u.parts {
		all += p.excess
		if p.kind == KindService && p.mechanism == Latent && p.metric == "" {
			sum += p.excess
		}
	}
	return 2*sum > all
}

// holding is how many times as long as usual one RPC of a service, the holder, waits for a
// call, where the own time of another, or of the same, may be that of waiting for a call
// before: as many are under way at once as leave nothing free, no metric says that its
// service lacks anything but connections and threads, no replica is slower than the others,
// and some requests find one at once, or all wait for long, or a metric says that they wait.
// 0 elsewhere: what a service does itself takes all of its requests longer.
func (d *diagnosis) holding(p, holder rpc, c call) float64 {
	s := d.v.callLatency(d.r.g, c)
	usual := meanOf(s.usual)
	if !s.known || !(usual > 0) || !d.exhausts(holder, c, usual) || d.lacking(p.key.Service) || d.uneven(p.key, meanOf(s.now)-usual) || d.steady(p) && !d.queueing(p.key.Service) {
		return 0
	}
	return meanOf(s.now) / usual
}

// beside returns the other RPCs of the service of one, whether or not the entry reaches them.
func (d *diagnosis) beside(of identity.RPC) []rpc {
	var out []rpc
	for n, node := range d.r.g.Nodes {
		if x := node.Edge.Callee; node.Class == cbn.ServerNode && x.Service == of.Service && x != of {
			out = append(out, d.r.rpcAt(n))
		}
	}
	return out
}

// slowLeaf is what a call to a leaf says for itself where nothing waits for that but other requests,
// for the connections that it holds.
func (d *diagnosis) slowLeaf(c call, channel int) part {
	x := d.v.latency(d.r.g.Nodes[c.client])
	shown := x.shown(newTail(d.in.Quantile).near)
	p := part{
		kind: KindDependency, mechanism: Latent, node: c.client, channel: channel, edge: c.edge,
		z: x.maxZ(), support: x.support(), delayed: x.delayed(), rise: x.rise(), observed: x.now[shown], usual: x.usual[shown],
	}
	p.text = versus(c.edge.Callee.Operation, shown, p.observed, p.usual)
	return p
}

// exhausts reports whether calls that usually take some seconds hold all that there is to
// make them with. Nobody waited in normal windows, so that there are more than were under
// way then: by Little's law m = rate x duration on average, at busy times, and as many as
// m + 2.33 sqrt m in one instant of a hundred (a Poisson number, nearly). Where fewer are
// under way now than that, others wait for what was there before, and is no longer: that
// is the caller's own fault.
func (d *diagnosis) exhausts(p rpc, c call, usual float64) bool {
	x := d.v.edges[c.edge]
	if x == nil || x.Client == nil {
		return d.occupied(p.key.Service) >= occupies
	}
	replicas := 1.0
	if r := d.v.served[p.key]; r != nil {
		replicas = math.Max(1, float64(len(r.Instances)))
	}
	now := x.Client.Sum() / float64(d.in.Snapshot.End-d.in.Snapshot.Start) / replicas
	load := d.v.at(feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: p.key}})
	calls := d.v.at(feature.Key{Kind: feature.Calls, Edge: c.edge})
	m := math.Expm1(load.usual+2*load.spread) * math.Exp(calls.usual) * usual / replicas
	if math.IsNaN(m) {
		m = 0
	}
	return now >= occupies*math.Max(1, m+2.33*math.Sqrt(m))
}

// lacking reports whether a metric says that a service lacks a resource of its own: what is
// saturated, or is used half as much again as usual, and far beyond what it ever varied.
// Connections and threads are held by who waits, and so is memory where many do.
func (d *diagnosis) lacking(s identity.Service) bool {
	crowded := workOf(d.v, d.r, s).running >= crowd
	return slices.ContainsFunc(d.moved(s), func(m movedMetric) bool {
		mean, _ := meaningOf(m.key.Name)
		return m.mechanism != Pool && m.mechanism != QueueWait && (!crowded || m.mechanism != Memory || mean.grade == direct) &&
			(mean.grade == direct || m.z >= maxMetricZ && math.Abs(m.now-m.usual) >= (hostRise-1)*math.Abs(m.usual))
	})
}

// queueing reports whether a metric says that requests of a service wait for connections or
// threads.
func (d *diagnosis) queueing(s identity.Service) bool {
	return slices.ContainsFunc(d.moved(s), func(m movedMetric) bool {
		mean, _ := meaningOf(m.key.Name)
		return m.mechanism == Pool && mean.grade == direct
	})
}

// steady reports whether the shortest own times of an RPC exceed the usual median by about
// as much as the median does, and are no endless wait. What nearly all requests wait for
// between attempts at a call is none of it.
func (d *diagnosis) steady(p rpc) bool {
	x := d.v.served[p.key]
	if x == nil || x.Exclusive == nil || !(x.Exclusive.Count() > 0) {
		return true
	}
	s, least := d.v.exclusive(p.key), x.Exclusive.Quantile(shortest)/1e9
	median := s.now[0]
	for _, c := range p.calls {
		if e := d.v.edges[c.edge]; e != nil && e.Again != nil && e.Again.Count() >= (1-shortest)*x.Count {
			least, median = least-e.Again.Quantile(shortest)/1e9, median-e.Again.Quantile(0.5)/1e9
		}
	}
	return s.moved[0] && least < endless && least-s.usual[0] >= evenly*(median-s.usual[0])
}

// unevenly is the share of the rise of its own time by which the replicas of an RPC differ where
// one of them is slow: medians are known to a percent or two of all that a request takes.
const unevenly = 0.8

// standsOut is the share of the wait for a callee by which a replica that is slow itself stands out: what
// queues for the same wait is not of one length everywhere.
const standsOut = 0.5

// uneven reports whether the replicas of an RPC differ by as much as its own time rose: one
// of them is slow, while all wait for a callee that is slower by some seconds.
func (d *diagnosis) uneven(rpc identity.RPC, wait float64) bool {
	x := d.v.served[rpc]
	if x == nil {
		return false
	}
	var medians []float64
	for i := range x.Instances {
		if in := &x.Instances[i]; oftenSeen(in) {
			medians = append(medians, in.Latency.Quantile(0.5)/1e9)
		}
	}
	if len(medians) < 2 {
		return false
	}
	slices.Sort(medians)
	mean, _ := d.v.exclusive(rpc).excess(0)
	return medians[len(medians)-1]-medians[len(medians)-2] >= math.Max(unevenly*mean, standsOut*wait)
}
