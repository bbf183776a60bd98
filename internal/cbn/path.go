package cbn

import (
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// PathFrom returns the RPCs on a shortest path of calls from an entry to a
// channel, both ends included: to the first RPC of a service, or to the callee
// of a network channel by way of its caller. Calls that are waited for come
// before messages, and smaller keys first among equals. It returns nil where no
// path leads there.
func (g *Graph) PathFrom(entry identity.RPC, to Channel) []identity.RPC {
	for _, async := range []bool{false, true} {
		if p := g.path(entry, to, async); p != nil {
			return p
		}
	}
	return nil
}

// path walks breadth-first, along messages too if async.
func (g *Graph) path(entry identity.RPC, to Channel, async bool) []identity.RPC {
	there := func(k identity.RPC) bool {
		if to.IsNetwork() {
			return k == to.Edge.Caller
		}
		return k.Service == to.Service
	}
	before := map[identity.RPC]identity.RPC{entry: {}}
	for queue := []identity.RPC{entry}; len(queue) > 0; queue = queue[1:] {
		k := queue[0]
		if there(k) {
			var p []identity.RPC
			for at := k; !at.IsZero(); at = before[at] {
				p = append(p, at)
			}
			slices.Reverse(p)
			if to.IsNetwork() && g.calls(to.Edge, async) {
				return append(p, to.Edge.Callee)
			} else if to.IsNetwork() {
				return nil
			}
			return p
		}
		first, _ := slices.BinarySearchFunc(g.seen.Calls, k, func(c Call, k identity.RPC) int { return c.Edge.Caller.Compare(k) })
		for _, c := range g.seen.Calls[first:] {
			if c.Edge.Caller != k {
				break
			}
			if _, known := before[c.Edge.Callee]; !known && (async || !c.Async) {
				before[c.Edge.Callee] = k
				queue = append(queue, c.Edge.Callee)
			}
		}
	}
	return nil
}

// calls reports whether there is a call along e, one that is waited for unless
// async.
func (g *Graph) calls(e identity.Edge, async bool) bool {
	i, found := slices.BinarySearchFunc(g.seen.Calls, e, func(c Call, e identity.Edge) int { return c.Edge.Compare(e) })
	return found && (async || !g.seen.Calls[i].Async)
}
