package rca

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

// minEarlier is by how many calls one is made before another one of the same requests.
const minEarlier = 0.5

// unanswered returns the service that does not answer calls of an RPC, of whose requests at least a share
// fails, or is late. What is called behind a call that fails is not called any more, so that of several it is
// that which is called first, else that of most callers.
func (d *diagnosis) unanswered(of identity.RPC, share float64) (*silent, bool) {
	var best *silent
	var at identity.Edge
	for _, x := range d.silents() {
		for _, c := range x.calls {
			if c.edge.Caller == of && c.share >= likewise*share && !d.behindFailure(c.edge) && (best == nil || d.earlier(x, c.edge, best, at)) {
				best, at = x, c.edge
			}
		}
	}
	if best == nil || !d.r.causal(d.r.g.ServiceChannel(best.service)) || d.failsAnyway(of.Service, best) {
		return nil, false
	}
	return best, true
}

// behindFailure reports whether requests fail before they make calls of an edge, as another call of theirs
// does which is answered.
func (d *diagnosis) behindFailure(e identity.Edge) bool {
	at, known := d.in.Habits.before(e)
	return slices.ContainsFunc(d.callsOf(e.Caller), func(c cbn.Call) bool {
		if c.Edge.Callee.Service == e.Callee.Service || c.Async || !d.fails(c) {
			return false
		}
		before, both := d.in.Habits.before(c.Edge)
		return !known || !both || before < at+minEarlier
	})
}

// callsOf returns the kinds of calls of an RPC.
func (d *diagnosis) callsOf(p identity.RPC) []cbn.Call {
	all := d.in.Graph.Calls() // sorted by caller
	first, _ := slices.BinarySearchFunc(all, p, func(c cbn.Call, k identity.RPC) int { return c.Edge.Caller.Compare(k) })
	last := first
	for last < len(all) && all[last].Edge.Caller == p {
		last++
	}
	return all[first:last]
}

// fails reports whether calls, or, where only the callee tells of them, what it serves, fail.
func (d *diagnosis) fails(c cbn.Call) bool {
	e := c.Edge
	if c.Unseen {
		e = identity.Edge{Callee: c.Edge.Callee}
	}
	_, fails := d.failures(e, -1)
	return fails
}

// callers is the number of services that call s in vain.
func (s *silent) callers() int {
	var all []identity.Service
	for _, c := range s.calls {
		if !slices.Contains(all, c.edge.Caller.Service) {
			all = append(all, c.edge.Caller.Service)
		}
	}
	return len(all)
}

// earlier reports whether x, called along e, is rather to blame than y, called along f by the same requests.
func (d *diagnosis) earlier(x *silent, e identity.Edge, y *silent, f identity.Edge) bool {
	a, known := d.in.Habits.before(e)
	b, both := d.in.Habits.before(f)
	if known && both && math.Abs(a-b) >= minEarlier {
		return a < b
	}
	return cmp.Or(-cmp.Compare(x.callers(), y.callers()), -cmp.Compare(x.missing, y.missing), x.service.Compare(y.service)) < 0
}

// ratherCallee is how probable it is that a service is gone, rather than that its only caller fails by itself.
const ratherCallee = 0.7

// orTheCaller reports whether the only service that calls s may as well fail by itself: of the calls that its
// requests make none is left.
func (d *diagnosis) orTheCaller(s *silent) bool {
	if s.called || s.replica != "" || s.callers() != 1 {
		return false
	}
	for _, c := range s.calls {
		for _, x := range d.callsOf(c.edge.Caller) {
			if expected, share, _ := d.shortfall(x.Edge); expected > 0 && share < likewise {
				return false
			}
		}
	}
	return true
}

// failsAnyway reports whether a service that alone calls s fails as well where it does not call it: then
// it fails by itself, before it calls.
func (d *diagnosis) failsAnyway(caller identity.Service, s *silent) bool {
	if s.callers() > 1 || s.replica != "" {
		return false
	}
	called := func(p identity.RPC) bool {
		return slices.ContainsFunc(s.calls, func(c missed) bool { return c.edge.Caller == p })
	}
	for p := range d.v.served { // any of them
		if p.Service != caller || called(p) {
			continue
		}
		if _, fails := d.failures(identity.Edge{Callee: p}, -1); fails && !slices.ContainsFunc(d.callsOf(p), func(c cbn.Call) bool {
			return d.fails(c) || slices.ContainsFunc(d.silents(), func(s *silent) bool { return s.service == c.Edge.Callee.Service })
		}) {
			return true
		}
	}
	return false
}
