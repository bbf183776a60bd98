package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// Rules of the traffic cause.
const (
	trafficGrowth   = 1.5
	trafficServices = 2
	// trafficShare is the least share of what is slow that services do themselves: a slow
	// network is no doing of those who ask.
	trafficShare = 0.5
	// trafficWindows are so many normal windows that as many requests in them hurt nobody,
	// where they are less than harmless of all.
	trafficWindows = 3.0
	// overload is how many times as many requests as in nearly all normal windows let a
	// service accept late, which shows as a gap of its callers' calls.
	overload = 2
	// labour is how many times as much CPU as usual a service takes for a request where that
	// is its own fault: contention and collecting garbage cost some more where there is more
	// to do.
	labour = 1.3
)

// traffic says whether the load of the entry explains the window: requests per
// second rose by half and left their normal range, and at least two services
// became slower of themselves, or one did that lacks CPU, by half of all that is slow at
// least. A service that takes more CPU for each request is slow for that, not for how many
// there are, and one with CPU to spare for another reason. What was slow before more was asked is slow
// for another reason as well: who waits asks again. As many requests as normal windows had hurt nobody; twice as many as those have
// services accept late too, so that gaps of calls count as theirs, and one that is slower
// will do. Where services that have all they can serve are most of what is slow, a tenth
// more requests will do, however often there were as many: those served are not those that ask,
// and a queue that does not end is another thing than one that does.
// Requests are those of all windows since the onset, as those of one may be few where
// traces are sampled, or all that began in the last one, see arrivals.
func traffic(r *reach, v *view, s scores, q float64, of symptoms) *part {
	entry := r.g.Nodes[r.entry].Edge.Callee
	key := feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: entry}}
	l := v.entering(key)
	now, usual := math.Expm1(l.now), math.Expm1(l.usual)
	if !(l.z() >= v.suspect) || now < swampedGrowth*usual || v.askedLater(entry, key, newTail(q).near) {
		return nil
	}
	swamped := swampedShare(r, s, of) >= trafficShare
	most := math.Expm1(v.rec.Normal(key, v.before, max(1-harmless, 1-trafficWindows/float64(l.n))))
	if !swamped && (now < trafficGrowth*usual || most-usual >= sameRise*(now-usual)) {
		return nil
	}
	overloaded := now >= overload*most
	p := part{
		channel: -1, kind: KindTraffic, mechanism: Traffic, rpc: entry, node: r.entry, z: l.z(), support: 1,
		metric: "requests_per_second", observed: now, usual: usual,
		text: entry.Operation + " " + number(now) + " requests/s vs " + number(usual) + " usual",
	}
	slower, one := 0, overloaded || swamped // whether one that is slower will do
	for _, u := range s.suspects {
		c := r.g.Channels[u.channel]
		excess := u.excess
		if !overloaded {
			excess -= u.ofNetwork()
		}
		if excess > 0 && (c.IsNetwork() && overloaded || !c.IsNetwork() && of.works(c.Service) < labour && !of.atEase(c.Service)) {
			slower++
			p.excess += excess
			one = one || !c.IsNetwork() && of.starved(c.Service)
		}
	}
	if slower < trafficServices && !one || slower == 0 || p.excess < trafficShare*s.explained {
		return nil
	}
	if slower < trafficServices && !swamped && v.steadilySlow(r, &s.suspects[0]) && !of.starved(r.g.Channels[s.suspects[0].channel].Service) {
		return nil
	}
	return &p
}

// ofNetwork is what of the excess of a suspect its messages are late by, which may have been
// given to the service where they meet.
func (u *suspect) ofNetwork() float64 {
	sum := 0.0
	for _, p := range u.parts {
		if p.mechanism == Network {
			sum += p.excess
		}
	}
	return sum
}

// swampedShare is the share of what is slow that services do which have all the requests
// that they can serve.
func swampedShare(r *reach, s scores, of symptoms) float64 {
	var by float64
	for _, u := range s.suspects {
		if c := r.g.Channels[u.channel]; !c.IsNetwork() && of.swamped(c.Service) {
			by += u.excess
		}
	}
	if by == 0 {
		return 0
	}
	return by / s.explained
}

// What is slow whether there is a queue or not: its fastest requests take steadily times as long as half
// of them usually do, while no more requests begin than end, by growing.
const (
	steadily = 3.0
	growing  = 1.05
)

// steadilySlow reports whether even the fastest requests of a suspect, or calls, take far longer than
// usual while nothing piles up: who has more to do than it can is ever slower, and who has
// not serves some at once.
func (v *view) steadilySlow(r *reach, u *suspect) bool {
	p := &u.parts[0]
	var x *sketch.Sketch
	usual := math.NaN()
	switch e := v.edges[p.edge]; {
	case p.mechanism == Latent && p.rpc != (identity.RPC{}):
		if served := v.served[p.rpc]; served != nil {
			x, usual = served.Exclusive, v.exclusive(p.rpc).usual[0]
		}
	case e != nil && p.kind == KindDependency:
		x, usual = e.Client, v.latency(r.g.Nodes[p.node]).usual[0]
	case e != nil && p.mechanism == Network && r.g.Nodes[p.node].Class == cbn.NetworkNode:
		x, usual = e.Network, v.latency(r.g.Nodes[p.node]).usual[0]
	}
	return v.begun <= growing && x != nil && x.Count() > 0 && usual > 0 && x.Quantile(shortest)/1e9 >= steadily*usual
}

// atEase reports whether a service is known to use less than half of the CPU that it may use, and
// that nothing moved which says otherwise.
func (d *diagnosis) atEase(s identity.Service) bool {
	return d.metrics.limitedCPU(d.v, s) < idleCPU && !d.starved(s)
}

// askedLater reports whether the entry was slow in the second violated window, by half as much as now
// at least, and less than half of the further requests, which the load counts, came by then. The first
// one the surge may have shared.
func (v *view) askedLater(entry identity.RPC, load feature.Key, quantile int) bool {
	first := v.row // violated window
	for first > 0 && v.rec.Start(first-1) >= v.before {
		first--
	}
	first++
	tail := feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: cbn.ServerNode, Edge: identity.Edge{Callee: entry}}, Quantile: quantile}
	l, t := v.at(load), v.at(tail)
	if first >= v.row {
		return false
	}
	asked, slow := v.rec.Value(load, first), v.rec.Value(tail, first)
	return asked-l.usual < (l.now-l.usual)/2 && slow-t.usual >= (t.now-t.usual)/2
}
