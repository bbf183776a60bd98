package rca

import (
	"math"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// unheard returns the failure of calls that fail although what they call does not: it
// answers too late, or not at all. One answers too late for a reason, which is looked
// for as if its latency were the objective's; otherwise the callee itself is to blame. But
// a caller that lacks CPU, and is slower by that than by all that it calls, or that gives up
// sooner than it used to, gives up on answers that are there.
func (d *diagnosis) unheard(c call) (failure, bool) {
	f, ok := d.failures(c.edge, d.r.g.ServiceChannel(c.edge.Callee.Service))
	if !ok || c.leaf || d.declined(c.edge) {
		return f, false
	}
	if caller := c.edge.Caller; d.givenUp(c.edge) && d.starved(caller.Service) {
		if u := d.slowest(caller); u != nil && u.channel == d.r.g.ServiceChannel(caller.Service) {
			f.channel, f.slow = u.channel, u
			return f, true
		}
	}
	u := d.slowest(c.edge.Callee)
	if u == nil && d.givenUp(c.edge) {
		u = d.slowestBeside(c.edge.Callee)
	}
	if u != nil {
		f.channel, f.slow = u.channel, u
		return f, true
	}
	if why := d.sooner(c, f); why != "" {
		f.channel, f.why = d.r.g.ServiceChannel(c.edge.Caller.Service), why
	}
	return f, true
}

// minGivenUp is the rise of the share of calls that are given up from which the longest waits are
// those of such calls.
const minGivenUp = 0.02

// sooner says how soon the caller gives up on calls that take no longer than usual where they are
// served, where that is sooner than the longest were usually waited for, else "": then the limit was
// lowered, and nobody is slow. A call that nobody answers lasts at least as long as the
// longest did that were answered.
func (d *diagnosis) sooner(c call, f failure) string {
	if c.client < 0 || !d.givenUp(c.edge) && !d.outlived(c.edge) || f.now-f.usual < minGivenUp {
		return ""
	}
	l := d.v.at(feature.Key{Kind: feature.Latency, Node: d.r.g.Nodes[c.client], Quantile: feature.D - 1})
	if l.n < minBaseline || !(l.now < l.usual) {
		return ""
	}
	return "gives up on " + c.edge.Callee.String() + " after " + seconds(math.Exp(l.now)) + ", p99 is " + seconds(math.Exp(l.usual)) + " usually"
}

// outlived reports whether calls were served for longer than their caller waited at all, whatever it
// then called the error; or, where the requests of those calls end long after them, whether the
// callee's usually do.
func (d *diagnosis) outlived(e identity.Edge) bool {
	x := d.v.edges[e]
	if x == nil || x.Client == nil || !(x.Client.Max() > 0) {
		return false
	}
	served := d.v.served[e.Callee]
	return x.Server != nil && x.Server.Max() > minRise*x.Client.Max() ||
		served != nil && served.Latency != nil && served.Latency.Quantile(0.5) > minRise*x.Client.Max()
}

// sameLimit is the share of the longest call that calls last at least that end at one limit: sketches
// are off by a percent or two.
const sameLimit = 0.95

// limited reports whether the calls that fail all last as long, and far longer than calls usually do: a
// limit ends them. With a share f that fails, quantile 1 - 0.75 f is one of theirs.
func (d *diagnosis) limited(e identity.Edge) bool {
	x := d.v.edges[e]
	if x == nil || x.Client == nil || !(x.Errors > 0) || !(x.Count > 0) {
		return false
	}
	usual := d.v.at(feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: cbn.ClientNode, Edge: e}, Quantile: feature.D - 1})
	longest := x.Client.Max() / 1e9
	return usual.n >= minBaseline && longest >= holds*math.Exp(usual.usual) &&
		x.Client.Quantile(1-0.75*math.Min(1, x.Errors/x.Count))/1e9 >= sameLimit*longest
}

// slowest returns what makes an RPC slower, nil where nothing does. Many callers may wait
// for one RPC in vain.
func (d *diagnosis) slowest(rpc identity.RPC) *suspect {
	if u, ok := d.slow[rpc]; ok {
		return u
	}
	d.slow[rpc] = nil // while it is looked for: operations of its service may lead back here
	var u *suspect
	if r := newReach(d.r.g, rpc); r != nil {
		if s := score(r, d.v, newDemand(r, d.v, d.in.Quantile), d.in.Quantile, d); len(s.suspects) > 0 {
			u = &s.suspects[0]
		}
	}
	d.slow[rpc] = u
	return u
}

// slowestBeside returns what makes slow, most of all, another RPC of the service of one, which has the same
// workers.
func (d *diagnosis) slowestBeside(rpc identity.RPC) (most *suspect) {
	for _, p := range d.beside(rpc) {
		if u := d.slowest(p.key); u != nil && (most == nil || u.excess > most.excess) {
			most = u
		}
	}
	return most
}

// asked are the gRPC statuses, by name and number, that are an error of the client's span
// and none of the server's: what was asked for is not to be had.
var asked = [...]string{
	"INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "FAILED_PRECONDITION", "OUT_OF_RANGE", "UNAUTHENTICATED",
	"3", "5", "6", "7", "9", "11", "16",
}

// declined reports whether calls were answered, and fail for what they ask for: HTTP's 4xx,
// which by the semantic conventions are errors of the client alone, but for those that
// say that the callee is slow or has too much to do.
func (d *diagnosis) declined(e identity.Edge) bool {
	x := d.v.edges[e]
	if x == nil {
		return false
	}
	switch kind := x.ErrorType; kind {
	case "408", "425", "429", "499":
		return false
	default:
		return len(kind) == 3 && kind[0] == '4' || slices.Contains(asked[:], strings.ToUpper(kind))
	}
}
