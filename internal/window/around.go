package window

import (
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// An edge has Network, Callers and Callees of one sort: of calls of which the caller's side
// is known, or, where it is of none, of calls made directly, the times around them. What is
// around calls is left out of the window as soon as the caller's side of any is known,
// whichever comes first.

// Around reports whether no caller has a CLIENT span for calls along e: then Network is the
// time around them, as callgraph.Call.Around has it, and Callers and Callees are by that.
func (e *Edge) Around() bool { return around(e.Matched, e.Client, e.Network) }

func around(matched float64, client, network *sketch.Sketch) bool {
	return !(matched > 0) && !(client.Count() > 0) && network.Count() > 0
}

// WithoutAround returns e without what is known of the time around its calls.
func (e *Edge) WithoutAround() Edge {
	out := *e
	if e.Around() {
		out.Network, out.Ahead, out.Callers, out.Callees = new(sketch.Sketch), 0, nil, nil
	}
	return out
}

// direct reports whether the caller's side of no call is known so far.
func (a *calls) direct() bool { return !(a.client.Count() > 0) }

// settle makes room for what callers see, before the first of it is added. Memory is kept.
func (a *calls) settle() {
	if a.direct() && a.network.Count() > 0 {
		a.network.Reset()
		a.ahead = 0
		a.callers.reset()
		a.callees.reset()
	}
}

// mergeNetwork adds what o has as Network, Callers and Callees, before the rest of o is added.
func (a *calls) mergeNetwork(o *calls) {
	switch {
	case a.direct() && !o.direct():
		a.settle()
		a.network, a.ahead = sketch.Sketch{}, 0 // equal sketches for equal values, of none too
	case o.direct() && !a.direct():
		return
	}
	a.network.Merge(&o.network)
	a.ahead += o.ahead
	a.callers.merge(&o.callers)
	a.callees.merge(&o.callees)
}

// withClients are the edges of which the caller's side of a call is known in any of several windows.
func withClients(all []*Snapshot) map[identity.Edge]bool {
	out := make(map[identity.Edge]bool)
	for _, s := range all {
		for i := range s.Edges {
			if e := &s.Edges[i]; e.Client.Count() > 0 {
				out[e.Key] = true
			}
		}
	}
	return out
}
