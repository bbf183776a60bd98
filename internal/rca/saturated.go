package rca

import (
	"math"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// Rules of saturation.
const (
	// saturates is how many times as long as usual the median request of a service takes
	// that may have no worker left to accept the next one.
	saturates = 1.5
	// saturatedBy is the least excess of what makes it slow, relative to that of the gap or
	// the attempts that follow from it; from overwhelmed times as long on there is none, as
	// queues grow for as long as more comes than gets done.
	saturatedBy = 0.1
	overwhelmed = 5
	// endless is a gap, in seconds, of all calls, that is rather a queue than a network.
	endless = 1
	// occupies is the mean number of requests in a replica below which none waits for
	// another, even where there is one worker.
	occupies = 0.7
	// asMuch is the largest ratio between rises of the longest that may be one delay.
	asMuch = 1.5
	// evenly is the share of the median's rise by which the shortest gaps exceed the usual
	// median where the network delays all alike.
	evenly = 0.5
	// shortest is the quantile that stands for the shortest.
	shortest = 0.05
)

// saturated gives to what makes a service slow what only follows from it. While all of
// its workers wait for something slow, it accepts late, which shows as a gap of its
// callers' calls; and callers give up and call again. The network delays all calls alike,
// while of those that wait for a worker some find one at once; losses make few late. All
// operations of a service share its workers.
// Deepest calls first, since what follows may in turn be the reason for more.
// See docs/math.md, 19.
func saturated(r *reach, by []suspect, of symptoms, causing slowed) {
	for i := range r.rpcs {
		for _, c := range r.rpcs[len(r.rpcs)-1-i].calls {
			n := r.g.NetworkChannel(c.edge)
			if n < 0 || by[n].excess <= 0 || !accepting(&by[n], c.edge, of) || alongside(r, by, c.edge, of) {
				continue
			}
			to := below(by, causing.service(c.edge.Callee, of), n)
			switch own := r.g.ServiceChannel(c.edge.Callee.Service); {
			case to >= 0 && follows(by[n].excess, by[to].excess, of.strain(c.edge.Callee.Service)):
				by[to].absorb(n, &by[n])
			case own >= 0 && r.causal(own) && (of.strain(c.edge.Callee.Service) >= overwhelmed || of.least(c.edge) >= endless):
				queue(&by[own], &by[n])
			}
		}
	}
}

// slowed are the channels that make RPCs slow.
type slowed struct {
	g    *cbn.Graph
	seen map[identity.RPC][]int // many may call one
}

func (c slowed) of(rpc identity.RPC) []int {
	channels, ok := c.seen[rpc]
	if !ok {
		if r := newReach(c.g, rpc); r != nil {
			channels = r.channels
		}
		c.seen[rpc] = channels
	}
	return channels
}

// service returns the channels that make an RPC slow, or others of its service, which have the
// same workers.
func (c slowed) service(rpc identity.RPC, of symptoms) []int {
	out := slices.Clone(c.of(rpc))
	for _, p := range of.beside(rpc) {
		out = append(out, c.of(p.key)...)
	}
	return out
}

// queue makes a gap the queue before a service, where the reason that its workers are taken
// lies in what else it does, out of sight of the entry.
func queue(to, gap *suspect) {
	for _, p := range gap.parts {
		p.kind, p.mechanism, p.metric, p.channel = KindService, QueueWait, networkMetric, to.channel
		to.parts = append(to.parts, p)
	}
	to.absorb(gap.channel, gap)
}

// accepting reports whether what is late of a link may be that its callee accepts late, or
// that nobody waits for it any longer.
func accepting(u *suspect, e identity.Edge, of symptoms) bool {
	if of.strain(e.Callee.Service) < saturates || of.occupied(e.Callee.Service) < occupies {
		return false
	}
	if of.givenUp(e) && (u.refusing() || of.strain(e.Callee.Service) >= overwhelmed) {
		return true
	}
	if u.refusing() {
		return false
	}
	late := slices.ContainsFunc(u.parts, func(p part) bool { return p.mechanism == Network && p.delayed })
	if of.even(e) {
		return late && of.strain(e.Callee.Service) >= overwhelmed && of.least(e) >= endless
	}
	return late || !of.resends(e, resent)
}

// alongside reports whether calls that the callee of a link makes, or others that its caller
// makes, are late by as much as those of the link, the shortest of both or the longest:
// what delays both is there, at times where the shortest are not late.
func alongside(r *reach, by []suspect, e identity.Edge, of symptoms) bool {
	least, most := of.least(e), rose(e, of)
	for _, p := range r.rpcs {
		if p.key != e.Callee && p.key.Service != e.Caller.Service {
			continue
		}
		for _, c := range p.calls {
			n := r.g.NetworkChannel(c.edge)
			if c.leaf && c.client >= 0 {
				n = r.owner[c.client]
			}
			if n < 0 || by[n].excess <= 0 || c.edge.Callee.Service == e.Callee.Service || c.leaf && lateElsewhere(r, c.edge, of) {
				continue
			}
			if x := rose(c.edge, of); near(of.least(c.edge), least) || x > 0 && x <= asMuch*most && most <= asMuch*x {
				return true
			}
		}
	}
	return false
}

// lateElsewhere reports whether callers in other services wait about as long for a leaf, so that
// it is late itself.
func lateElsewhere(r *reach, e identity.Edge, of symptoms) bool {
	here := rose(e, of)
	for _, p := range r.rpcs {
		for _, c := range p.calls {
			if c.leaf && p.key.Service != e.Caller.Service && c.edge.Callee.Service == e.Callee.Service && rose(c.edge, of)*asMuch >= here && here > 0 {
				return true
			}
		}
	}
	return false
}

// rose is by how many seconds the longest gaps of a link, or calls to a leaf, rose.
func rose(e identity.Edge, of symptoms) float64 {
	now, usual := of.longest(e)
	if now > usual {
		return now - usual
	}
	return 0
}

// follows reports whether a wait of some excess may follow from another's in a service that
// takes so many times as long as usual.
func follows(wait, from, strain float64) bool {
	return from >= saturatedBy*wait || strain >= overwhelmed
}

// below returns the channel with the largest excess of those that make an RPC slow, other
// than one, or -1: of what follows from another, that other one.
func below(by []suspect, channels []int, other int) int {
	to := -1
	for c := range by {
		if c == other || !(by[c].excess > 0) || to >= 0 && by[c].excess <= by[to].excess {
			continue
		}
		if slices.Contains(channels, c) || slices.ContainsFunc(by[c].absorbed, func(a int) bool { return a != other && slices.Contains(channels, a) }) {
			to = c
		}
	}
	return to
}

// strain is how many times as long as usual the median request takes of the operation of a
// service that takes longest so, 1 where none left its normal range: they share its workers.
func (d *diagnosis) strain(s identity.Service) float64 {
	most := 1.0
	for i := range d.in.Snapshot.RPCs {
		r := &d.in.Snapshot.RPCs[i]
		if r.Key.Service != s {
			continue
		}
		x := d.v.latency(cbn.Node{Class: cbn.ServerNode, Edge: identity.Edge{Callee: r.Key}})
		if x.moved[0] && x.usual[0] > 0 {
			most = max(most, x.now[0]/x.usual[0])
		}
	}
	return most
}

// occupied is the mean number of requests that are served at once by a replica of a service,
// by Little's law: of those that it was seen to serve, the sum of how long they took, over
// the length of the window.
func (d *diagnosis) occupied(s identity.Service) float64 {
	long := float64(d.in.Snapshot.End - d.in.Snapshot.Start)
	sum, replicas := 0.0, 1
	for i := range d.in.Snapshot.RPCs {
		if r := &d.in.Snapshot.RPCs[i]; r.Key.Service == s && r.Latency != nil {
			sum += r.Latency.Sum()
			replicas = max(replicas, len(r.Instances))
		}
	}
	return sum / long / float64(replicas)
}

// even reports whether the shortest gaps of a link exceed the usual median by about as much
// as the median does; true where gaps were not measured one by one.
func (d *diagnosis) even(e identity.Edge) bool {
	x := d.v.edges[e]
	if x == nil || x.Network == nil || !(x.Network.Count() > 0) {
		return true
	}
	l := d.gap(e)
	return x.Network.Quantile(shortest)/1e9-math.Exp(l.usual) >= evenly*(math.Exp(l.now)-math.Exp(l.usual))
}

// least is by how many seconds the shortest gaps of a link exceed the usual median, 0 where
// they do not, and where gaps were not measured one by one.
func (d *diagnosis) least(e identity.Edge) float64 {
	x := d.v.edges[e]
	if x == nil || x.Network == nil || !(x.Network.Count() > 0) {
		return 0
	}
	return math.Max(0, x.Network.Quantile(shortest)/1e9-math.Exp(d.gap(e).usual))
}

// gap is the median gap of a link.
func (d *diagnosis) gap(e identity.Edge) level {
	return d.v.at(feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: cbn.NetworkNode, Edge: e}})
}

// givenUp reports whether calls fail because nobody waits for them any longer: their errors say so,
// or how long they took.
func (d *diagnosis) givenUp(e identity.Edge) bool {
	x := d.v.edges[e]
	if x == nil {
		return false
	}
	kind := strings.ToLower(x.ErrorType)
	for _, k := range [...]string{"timeout", "timed", "deadline", "408", "504"} {
		if strings.Contains(kind, k) {
			return true
		}
	}
	return kind == "4" /* gRPC */ || (d.outlived(e) || d.limited(e)) && d.v.failing(e)
}
