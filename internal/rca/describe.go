package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// minErrorRise is the rise of the share of failed requests, in one, from which
// errors are the mechanism of a service with no other.
const minErrorRise = 0.2

// Shares of a suspect's excess from which on a way of calling, extra calls or
// lost parallelism, is the resource: before its metrics are looked at, and where
// none of them moved. Waiting for a pool shows in part as own time, between calls.
const (
	clearWay = 0.5
	minWay   = 0.1
)

// robustChoice is the resource within a suspect as the robust scorer sees it: a
// way of calling that makes up half of it, else the metric that deviates most,
// else a way of calling that makes up a tenth.
func (d *diagnosis) robustChoice(u *suspect) choice {
	if p := u.way(clearWay); p != nil {
		return choice{part: p}
	}
	if u == nil {
		return choice{}
	}
	if m := d.reasons(d.r.g.Channels[u.channel].Service); len(m) > 0 {
		return choice{metric: &m[0]}
	}
	return choice{part: u.way(minWay)}
}

// way returns the largest part that names a feature of its own, where that makes
// up at least a share of all parts, the gaps of several links together, or nil.
func (u *suspect) way(share float64) *part {
	if u == nil {
		return nil
	}
	sum, gaps := 0.0, 0.0
	for _, p := range u.parts {
		sum += p.excess
		if p.metric == networkMetric {
			gaps += p.excess
		}
	}
	for i := range u.parts { // largest first
		p := &u.parts[i]
		if p.misses() && p.excess >= minWay*sum {
			return p
		}
		if p.metric != "" && (p.excess >= share*sum || p.metric == networkMetric && gaps >= share*sum) {
			return p
		}
	}
	return nil
}

// moved returns the metrics of a service that left their normal range.
func (d *diagnosis) moved(s identity.Service) []movedMetric {
	if s.IsZero() {
		return nil
	}
	out, ok := d.movers[s]
	if !ok {
		out = d.withoutIdleHosts(s, d.metrics.moved(d.v, s, workOf(d.v, d.r, s), d.metrics.diskless(d.v, d.disks, s)))
		out = d.withoutNeighbours(s, out)
		d.movers[s] = out
	}
	return out
}

// starved reports whether a metric says that s lacks CPU.
func (d *diagnosis) starved(s identity.Service) bool {
	return slices.ContainsFunc(d.moved(s), func(m movedMetric) bool { return m.mechanism == CPU })
}

// queues reports whether requests that make calls one after another wait before these too, for a tenth of what
// they lose by that at least: for a worker that is not free. Who is made to call that way does not.
func (u *suspect) queues(p *part) bool {
	return u != nil && slices.ContainsFunc(u.parts, func(x part) bool {
		return x.rpc == p.rpc && x.kind == KindService && x.mechanism == Latent && x.metric == "" && x.excess >= 0.1*p.excess
	})
}

// lacksPool reports whether a metric says that s lacks connections, threads or permits.
// Calls that follow each other may wait for those, or are made that way.
func (d *diagnosis) lacksPool(s identity.Service) bool {
	return slices.ContainsFunc(d.moved(s), func(m movedMetric) bool { return m.mechanism == Pool })
}

// outliers is view.outliers.
func (d *diagnosis) outliers(e identity.Edge, above float64) (outlying, calls float64) {
	return d.v.outliers(e, above)
}

// delay is by how many seconds the median of a network node rose.
func (d *diagnosis) delay(node int) float64 {
	if s := d.v.latency(d.r.g.Nodes[node]); s.moved[0] {
		return s.now[0] - s.usual[0]
	}
	return 0
}

// resends is view.resends.
func (d *diagnosis) resends(e identity.Edge, by float64) bool { return d.v.resends(e, by) }

// longest is view.longest.
func (d *diagnosis) longest(e identity.Edge) (now, usual float64) { return d.v.longest(e) }

// dropping reports whether a metric says that s loses messages.
func (d *diagnosis) dropping(s identity.Service) bool {
	return slices.ContainsFunc(d.moved(s), func(m movedMetric) bool {
		mean, _ := meaningOf(m.key.Name)
		return m.mechanism == Network && mean.grade == direct
	})
}

// describe turns a channel into a cause, and counts the signs that speak for it.
// u is nil where only the model suspects it. The service of a network channel is
// the callee. Extra calls are of their caller, and of the edge where they fail.
func (d *diagnosis) describe(channel int, u *suspect, pick choice) (Cause, int) {
	nan := math.NaN()
	out := Cause{
		Kind: KindUnknown, Mechanism: Latent, Observed: nan, Usual: nan,
		Quantile: nan, Lower: nan, Upper: nan,
	}
	signs := 0
	if channel >= 0 {
		out.Path = d.pathTo(channel, u)
		key := d.r.g.Channels[channel]
		switch {
		case key.IsNetwork():
			out.Kind, out.Mechanism = KindEdge, Network
			out.Service, out.Edge = key.Edge.Callee.Service, key.Edge
		case d.r.g.Leaves[key.Service]:
			out.Kind, out.Service = KindDependency, key.Service
		default:
			out.Kind, out.Service = KindService, key.Service
		}
	}
	if u != nil {
		for i, p := range u.parts {
			if i == 0 {
				signs += p.support
			}
			if i < 3 {
				out.Evidence = append(out.Evidence, p.text)
			}
		}
	}
	network := out.Kind == KindEdge
	switch {
	case pick.part != nil && pick.part.metric != "":
		d.calling(&out, channel, u, pick.part)
	case network && u != nil && len(u.parts) > 0:
		p := u.parts[0]
		out.Mechanism = p.mechanism
		if p.metric != "" {
			out.Metric, out.Observed, out.Usual = p.metric, p.observed, p.usual
		}
	case network:
	default:
		signs += d.resource(&out, pick.metric)
		if u != nil {
			d.blameHost(&out)
		}
	}
	if s := u.waitedFor(pick); s != nil {
		s.blame(&out)
	}
	d.seen(&out)
	out.narrow(u)
	if n := d.requests(u); n > 0 {
		out.Evidence = append(out.Evidence, number(math.Round(n))+" requests")
	}
	return out, max(1, signs)
}

// calling makes a way of calling, or the gap of a link, which is part p of a suspect, what is wrong.
func (d *diagnosis) calling(out *Cause, channel int, u *suspect, p *part) {
	out.Kind, out.Mechanism, out.Edge = p.kind, p.mechanism, identity.Edge{}
	if p.kind == KindEdge {
		out.Edge = p.edge
	}
	switch {
	case p.metric != CallsMetric && p.metric != OverlapMetric:
	case p.failing: // whoever does not answer is asked again
		out.Service, out.Path = p.edge.Callee.Service, d.pathTo(channel, u)
	default: // it is the caller's way of calling
		out.Service, out.Path = p.rpc.Service, d.path(p.node)
		out.Kind, out.Edge = KindService, identity.Edge{}
	}
	if p.mechanism == Pool && !d.lacksPool(p.rpc.Service) && !u.queues(p) {
		out.Mechanism = Latent
	}
	out.Metric, out.Observed, out.Usual = p.metric, p.observed, p.usual
	if p.cached {
		out.Metric = MissMetric
	}
}

// resource names what is short within a service: a metric, one bad replica,
// errors. It returns the number of signs found.
func (d *diagnosis) resource(out *Cause, metric *movedMetric) int {
	signs := 0
	if metric != nil {
		out.use(*metric)
		signs++
	}
	if out.Kind == KindService {
		if b, ok := instanceOf(d.in.Snapshot, out.Service, d.usualMedian); ok {
			out.Kind, out.Instance = KindInstance, b.id
			out.Evidence = append([]string{"replica " + b.id + " " + b.rpc.Operation + " p50 " + seconds(b.median) +
				" vs " + seconds(b.peer) + " of its peers"}, out.Evidence...)
			signs++
			if m, ok := instanceMetrics(d.in.Snapshot, out.Service, b.id, false); ok && metric == nil {
				out.useOfInstance(m)
				signs++
			}
		}
	}
	if out.Mechanism == Latent {
		if share, usual, ok := d.errors(out.Service); ok {
			out.Mechanism, out.Metric, out.Observed, out.Usual = ErrorRate, errorMetric, share, usual
			out.Evidence = append(out.Evidence, "errors "+number(100*share)+"% vs "+number(100*usual)+"% usual")
			signs++
		}
	}
	return signs
}

// usualMedian is the normal median latency of an RPC in seconds, NaN where there is none.
func (d *diagnosis) usualMedian(rpc identity.RPC) float64 {
	n := cbn.Node{Class: cbn.ServerNode, Edge: identity.Edge{Callee: rpc}}
	return math.Exp(d.v.at(feature.Key{Kind: feature.Latency, Node: n}).usual)
}

// use makes a metric the mechanism of the cause.
func (c *Cause) use(m movedMetric) {
	c.Mechanism, c.Metric, c.Observed, c.Usual = m.mechanism, m.key.Name, m.now, m.usual
	c.Evidence = append(c.Evidence, m.text())
}

// useOfInstance does so with one that was compared with that of other replicas.
func (c *Cause) useOfInstance(m movedMetric) {
	c.use(m)
	c.Evidence[len(c.Evidence)-1] = feature.ShownMetric(m.key.Name) + " " + number(m.now) + " vs " + number(m.usual) + " of its peers"
}

// errors returns the largest share of failed requests among those that s serves
// on the way to the entry, where it rose by at least minErrorRise.
func (d *diagnosis) errors(s identity.Service) (now, usual float64, ok bool) {
	look := func(e identity.Edge) {
		l := d.v.at(feature.Key{Kind: feature.Errors, Edge: e})
		if l.n >= minBaseline && l.now-l.usual >= minErrorRise && l.now > now {
			now, usual, ok = l.now, l.usual, true
		}
	}
	for _, p := range d.r.rpcs {
		if p.key.Service == s {
			look(identity.Edge{Callee: p.key})
		}
		for _, c := range p.calls {
			if c.leaf && c.edge.Callee.Service == s && !d.givenUp(c.edge) { // that fails for being slow
				look(c.edge)
			}
		}
	}
	return now, usual, ok
}

// requests returns how many requests or calls showed the largest part.
func (d *diagnosis) requests(u *suspect) float64 {
	if u == nil || len(u.parts) == 0 {
		return 0
	}
	p := u.parts[0]
	for i := range d.in.Snapshot.Edges {
		if e := &d.in.Snapshot.Edges[i]; e.Key == p.edge {
			return e.Count
		}
	}
	for i := range d.in.Snapshot.RPCs {
		if r := &d.in.Snapshot.RPCs[i]; r.Key == p.rpc {
			return r.Count
		}
	}
	return 0
}
