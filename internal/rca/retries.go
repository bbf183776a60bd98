package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// minRefused is the rise of the share of failed calls from which on they are made
// again because they fail.
const minRefused = 0.05

// failing reports whether more of a kind of call fail than usual.
func (v *view) failing(e identity.Edge) bool {
	l := v.at(feature.Key{Kind: feature.Errors, Edge: e})
	return l.z() >= v.suspect && l.now-l.usual >= minRefused
}

// refused returns the call that p makes more often because it fails, the one that
// grew most, and by how many calls a request, or nil. While p waits to try again it
// does nothing, which shows as its own time. Where its waits were measured, a few more
// calls are enough.
func (s site) refused(p rpc, v *view, measured bool) (out *call, again float64) {
	for i := range p.calls {
		n := s.perRequest[i]
		rose := n.logRose(v.suspect) || measured && n.z() >= v.suspect
		if grown := s.now.n[i] - s.usual.n[i]; rose && grown > again && v.failing(p.calls[i].edge) {
			out, again = &p.calls[i], grown
		}
	}
	return out, again
}

// between is how long requests of p now wait between attempts of call i beyond usual,
// as it was measured request by request: whatever else goes on meanwhile, and however few
// of them call again. A share a of the requests makes another attempt, of which f more
// than usual fail, so that quantile q of all of them is quantile 1 - (1-q)/(a f) of those.
func (s site) between(i int, p rpc, v *view) shift {
	x := v.edges[p.calls[i].edge]
	if x == nil || x.Again == nil || !(x.Again.Count() > 0) || !(s.perRequest[i].z() >= v.suspect) || !v.failing(p.calls[i].edge) {
		return shift{}
	}
	fails := v.at(feature.Key{Kind: feature.Errors, Edge: p.calls[i].edge})
	again := 1 - fails.usual/fails.now
	if r := v.served[p.key]; r != nil {
		again *= math.Min(1, x.Again.Count()/r.Count)
	}
	var w shift
	for d, q := range feature.Quantiles {
		if again > 1-q {
			w.now[d] = x.Again.Quantile(1-(1-q)/again) / 1e9
			w.moved[d], w.known, w.z[d] = true, true, s.perRequest[i].z()
		}
	}
	return w
}

// split tells what requests wait for between attempts from what they are busy with.
// At most again requests of one make another attempt, so that quantiles below
// 1 - again rise for another reason, by which the ones above rise as well.
// See docs/math.md, 17.
func (s shift) split(again float64) (busy, waiting shift) {
	busy, waiting = s, s
	rise := 0.0
	for d, q := range feature.Quantiles {
		if q < 1-again && s.moved[d] {
			rise = s.now[d] - s.usual[d]
		}
		busy.now[d] = min(s.now[d], s.usual[d]+rise)
		waiting.usual[d] = max(s.usual[d], min(s.now[d], s.usual[d]+rise))
		busy.moved[d] = s.moved[d] && rise > 0
		waiting.moved[d] = s.moved[d] && s.now[d] > minRise*waiting.usual[d]
	}
	return busy, waiting
}

// atLeast makes s, what requests are busy with, what of their own time is beyond waits that
// were measured. Quantiles of two sums do not add up, so that what remains counts where it
// is more than a fifth of the waits.
func (s *shift) atLeast(own shift, waits [feature.D]float64) {
	for d := range feature.D {
		rest := own.now[d] - waits[d]
		if own.moved[d] && rest > s.now[d] && rest > minRise*own.usual[d] && rest-own.usual[d] > (minRise-1)*slices.Max(waits[:]) {
			s.now[d], s.moved[d] = rest, true
		}
	}
}

// retried returns the channel to which the number of calls on an edge belongs: its
// own, or, where it has none, the caller's.
func (r *reach) retried(e identity.Edge, caller int) int {
	if c := r.g.NetworkChannel(e); c >= 0 {
		return c
	}
	return caller
}
