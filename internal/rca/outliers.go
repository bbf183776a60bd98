package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

const (
	// strayShare is the share of calls with an outlying gap that is nobody's fault.
	strayShare = 1e-4
	// clearly is by how much, as a logarithm of likelihoods, a caller must explain
	// outlying gaps better than a callee to be where messages are lost.
	clearly = 1.0
)

// outliers returns how many calls of an edge in the violated window took above seconds
// longer for their caller than for their callee, or than the tail of such calls usually
// is where the callee's side is not known, and of how many calls.
func (v *view) outliers(e identity.Edge, above float64) (outlying, calls float64) {
	x := v.edges[e]
	switch {
	case x == nil:
		return 0, 0
	case x.Network != nil && x.Network.Count() > 0:
		calls = x.Network.Count()
		return calls * x.Network.FractionAbove(above*1e9), calls
	case x.Client == nil:
		return 0, 0
	}
	_, usual := v.longest(e)
	if math.IsNaN(usual) {
		return 0, 0
	}
	calls = x.Client.Count()
	return calls * x.Client.FractionAbove((usual+above)*1e9), calls
}

// longest returns the longest gaps of a link in the violated window and usually, of calls
// to a leaf how long the longest take, in seconds; NaN where they are not known.
func (v *view) longest(e identity.Edge) (now, usual float64) {
	for _, class := range [...]cbn.Class{cbn.NetworkNode, cbn.ClientNode} {
		l := v.at(feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: class, Edge: e}, Quantile: feature.D - 1})
		if !math.IsNaN(l.now) && l.n >= minBaseline {
			return math.Exp(l.now), math.Exp(l.usual)
		}
	}
	return math.NaN(), math.NaN()
}

// gradual is the share of late calls that may be late by less than what waits for a message
// to be sent again, and slightly how late, relative to the usual tail, a call is late at all.
// At most again are late by manyTimes as long.
const (
	gradual   = 0.2
	slightly  = 1.5
	again     = 0.5
	manyTimes = 20
)

// resends reports whether nearly all calls of an edge that are late at all in the violated
// window are so by some seconds or more, and not most of them by many times as long: a lost
// message is sent again after a time that is never shorter, and is rarely lost again and
// again, while what waits for somebody slow waits for any time.
func (v *view) resends(e identity.Edge, by float64) bool {
	_, usual := v.longest(e)
	x := v.edges[e]
	if x == nil || math.IsNaN(usual) {
		return false
	}
	s := x.Client
	if x.Network != nil && x.Network.Count() > 0 {
		s = x.Network
	}
	if s == nil || !(s.Count() > 0) {
		return false
	}
	late := s.FractionAbove(max(slightly*usual, usual+by/10) * 1e9)
	return late > 0 && s.FractionAbove((usual+by)*1e9) >= (1-gradual)*late && s.FractionAbove((usual+manyTimes*by)*1e9) <= again*late
}

// lossiest returns the end of a link that best explains which calls were late where
// messages are lost: those lost at one service hit its links alike. A loss is rare. In
// one window a quantile of one link shows it, of the others a few calls, that no
// quantile shows, or none by chance. So single calls are counted. With k of n calls of
// all links of a service late, the likelihood that they are late with one probability
// p = k/n, against what is nobody's fault, p0, is by the Poisson distribution
//
//	log L = k log(p / p0) - n (p - p0)
//
// Callees come first where callers are not clearly better. Where calls were not
// measured one by one, most of the excess decides (meeting).
func (e *endpoint) lossiest() identity.Service {
	above := e.outlying()
	if !(above > 0) {
		return e.meeting()
	}
	var best identity.Service
	most := 0.0
	for _, c := range e.left {
		for _, s := range e.ends(c) {
			if l := e.likelihood(s, above); best.IsZero() || l > most+clearly {
				best, most = s, l
			}
		}
	}
	if most <= 0 {
		return e.meeting()
	}
	return best
}

// outlying is the gap in seconds that tells the late calls of lossy links from others:
// the geometric mean of the longest gaps now and usually, of the link with the largest
// excess; of one that sends messages again, what that takes at least.
func (e *endpoint) outlying() float64 {
	best := e.left[0]
	for _, c := range e.left {
		if e.by[c].excess > e.by[best].excess {
			best = c
		}
	}
	edge := e.r.g.Channels[best].Edge
	now, usual := e.longest(edge)
	if least := e.lateAbove(edge); now > least && e.resends(edge, resent) {
		return least // what is late by less is late for another reason
	}
	return math.Sqrt(now * usual)
}

// likelihood is that of a service which loses messages.
func (e *endpoint) likelihood(s identity.Service, above float64) float64 {
	k, n := 0.0, 0.0
	for _, x := range e.known(s) {
		if e.settled(x) {
			continue
		}
		late, calls := e.outliers(x, above)
		k, n = k+late, n+calls
	}
	if k <= strayShare*n {
		return 0
	}
	return k*math.Log(k/n/strayShare) - (k - strayShare*n)
}

// elsewhere reports whether calls from and to s that are none of one link are late as well, so that s
// explains which are better than the link alone does (rivals.likelihood): of thousands of calls a
// few are late for no reason.
func (e *endpoint) elsewhere(s identity.Service, link int, above float64) bool {
	if !(above > 0) { // nothing is known of single calls
		return false
	}
	var all, alone tally
	var calls []tally
	for _, x := range e.known(s) {
		if e.settled(x) {
			continue
		}
		late, n := e.outliers(x, above)
		if t := (tally{late, n}); n > 0 {
			all.add(t)
			if calls = append(calls, t); x == e.r.g.Channels[link].Edge {
				alone = t
			}
		}
	}
	if all.late <= alone.late {
		return false
	}
	share, there, itself := all.late/all.calls, 0.0, 0.0
	for _, t := range calls {
		there += t.lateBy(share/unlike, share*unlike)
	}
	if alone.calls > 0 {
		itself = alone.lateBy(0, 1)
	}
	return there > itself+clearly
}

// settled reports whether a link has been given to a service.
func (e *endpoint) settled(x identity.Edge) bool {
	c := e.r.g.NetworkChannel(x)
	return c >= 0 && e.taken[c]
}
