package cbn

import "github.com/sage-rca/sage/internal/identity"

// broken returns the synchronous calls that close a cycle of RPCs on a
// depth-first walk along calls, which starts at the entries and then at every
// RPC, and follows calls in the order of their keys. Without them there is no
// cycle. Entries come first so that what is cut is the way back up.
//
// o must be sorted.
func broken(o Observation) []identity.Edge {
	w := walk{from: make(map[identity.RPC][]identity.Edge), state: make(map[identity.RPC]state)}
	serves := make(map[identity.RPC]bool, len(o.RPCs))
	for _, k := range o.RPCs {
		serves[k] = true
	}
	for _, c := range o.Calls { // others make no arrow between server nodes
		if !c.Async && c.Edge.Caller.Operation != "" && serves[c.Edge.Caller] && serves[c.Edge.Callee] {
			w.from[c.Edge.Caller] = append(w.from[c.Edge.Caller], c.Edge)
		}
	}
	for _, k := range o.Entries {
		w.visit(k)
	}
	for _, k := range o.RPCs {
		w.visit(k)
	}
	return w.closing
}

// state is how far a walk is with an RPC.
type state uint8

const (
	fresh state = iota
	below       // the walk is at something that it calls
	done
)

type walk struct {
	from    map[identity.RPC][]identity.Edge
	state   map[identity.RPC]state
	closing []identity.Edge
}

func (w *walk) visit(k identity.RPC) {
	if w.state[k] != fresh {
		return
	}
	w.state[k] = below
	for _, e := range w.from[k] {
		if w.state[e.Callee] == below {
			w.closing = append(w.closing, e)
			continue
		}
		w.visit(e.Callee)
	}
	w.state[k] = done
}
