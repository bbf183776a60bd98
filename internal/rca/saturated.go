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
	// the attempts that follow from it.
	saturatedBy = 0.1
	// evenly is the share of the median's rise by which the shortest gaps exceed the usual
	// median where the network delays all alike.
	evenly = 0.5
	// shortest is the quantile that stands for the shortest.
	shortest = 0.05
)

// saturated gives to what makes a service slow what only follows from it. While all of
// its workers wait for something slow, it accepts late, which shows as a gap of its
// callers' calls; and callers give up and call again. The network delays all calls alike,
// while of those that wait for a worker some find one at once; losses make few late.
// Deepest calls first, since what follows may in turn be the reason for more.
// See docs/math.md, 19.
func saturated(r *reach, by []suspect, of symptoms) {
	causing := make(map[identity.RPC][]int) // channels, by RPC; many may call one
	for i := range r.rpcs {
		for _, c := range r.rpcs[len(r.rpcs)-1-i].calls {
			n := r.g.NetworkChannel(c.edge)
			if n < 0 || by[n].excess <= 0 || !of.strained(c.edge.Callee) {
				continue
			}
			again := by[n].refusing()
			late := slices.ContainsFunc(by[n].parts, func(p part) bool { return p.mechanism == Network && p.delayed })
			if again && !of.givenUp(c.edge) || !again && (!late || of.even(c.edge)) {
				continue
			}
			channels, ok := causing[c.edge.Callee]
			if !ok {
				if s := newReach(r.g, c.edge.Callee); s != nil {
					channels = s.channels
				}
				causing[c.edge.Callee] = channels
			}
			if to := below(by, channels, n); to >= 0 && by[to].excess >= saturatedBy*by[n].excess {
				by[to].absorb(n, &by[n])
			}
		}
	}
}

// below returns the channel with the largest excess of those that make an RPC slow, other
// than one, or -1.
func below(by []suspect, channels []int, other int) int {
	to := -1
	for _, c := range channels {
		if c != other && by[c].excess > 0 && (to < 0 || by[c].excess > by[to].excess) {
			to = c
		}
	}
	return to
}

// strained reports whether the median request of an RPC takes far longer than usual.
func (d *diagnosis) strained(rpc identity.RPC) bool {
	s := d.v.latency(cbn.Node{Class: cbn.ServerNode, Edge: identity.Edge{Callee: rpc}})
	return s.moved[0] && s.now[0] >= saturates*s.usual[0]
}

// even reports whether the shortest gaps of a link exceed the usual median by about as much
// as the median does; true where gaps were not measured one by one.
func (d *diagnosis) even(e identity.Edge) bool {
	x := d.v.edges[e]
	if x == nil || x.Network == nil || !(x.Network.Count() > 0) {
		return true
	}
	l := d.v.at(feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: cbn.NetworkNode, Edge: e}})
	usual := math.Exp(l.usual)
	return x.Network.Quantile(shortest)/1e9-usual >= evenly*(math.Exp(l.now)-usual)
}

// givenUp reports whether calls fail because nobody waits for them any longer.
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
	return kind == "4" // gRPC
}
