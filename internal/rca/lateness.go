package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// lateness is how many calls along an edge were late in the violated window, by the
// replicas at its ends: who makes them, and who answers. Calls to what sends no spans have
// the first alone. Numbers are of calls that were seen.
type lateness struct {
	edge identity.Edge
	all  tally
	ends [2][]end // callers, callees
}

// end is the share of one replica at one end.
type end struct {
	tally
	replica identity.Instance
	host    string // "" where nobody says
}

// tally counts late calls among others.
type tally struct{ late, calls float64 }

func (t *tally) add(o tally) { t.late, t.calls = t.late+o.late, t.calls+o.calls }

func (t tally) less(o tally) tally { return tally{t.late - o.late, t.calls - o.calls} }

// delay is what makes calls late: by so many seconds, of which those count as late that are
// so by at least half of it, or, where some are late by far more than others, by the
// geometric mean of that and what is usual.
type delay struct{ rise, least float64 }

// delayOf returns the delay of a link of which the longest gaps are known.
func delayOf(now, usual float64) delay {
	return delay{now - usual, math.Min((now-usual)/2, math.Sqrt(now*usual))}
}

// lateness counts the calls of an edge, or the gaps where both sides are known, that were
// longer by the least of a delay than the longest usually are; false where too little is
// known. Gaps are classed by octaves: the nearest bound counts that is clearly longer than
// usual, where what is usually short would reach it by the delay.
func (d *diagnosis) lateness(e identity.Edge, by delay) (lateness, bool) {
	x := d.v.edges[e]
	if x == nil || len(x.Callers) == 0 {
		return lateness{}, false
	}
	median, longest, ok := d.usualGap(e)
	first := nearestOctave((longest + by.least) * 1e9)
	if float64(window.OctaveStart(first)) < slightly*longest*1e9 {
		first++
	}
	if !ok || first >= window.Octaves || float64(window.OctaveStart(first)) > (median+by.rise)*1e9 {
		return lateness{}, false
	}
	seen := d.seenShare(e)
	out := lateness{edge: e}
	for side, of := range [...][]window.Gap{x.Callers, x.Callees} {
		service := [...]identity.Service{e.Caller.Service, e.Callee.Service}[side]
		for i := range of {
			var t tally
			for octave, n := range of[i].Calls {
				if t.calls += seen * n; octave >= first {
					t.late += seen * n
				}
			}
			out.ends[side] = append(out.ends[side], end{t, identity.Instance{Service: service, ID: of[i].ID}, d.host(service, of[i].ID)})
			if side == 0 {
				out.all.add(t)
			}
		}
	}
	return out, true
}

// usualGap returns the usual median of the gaps of an edge, or of calls to what sends no
// spans, and how long the longest are, in seconds.
func (d *diagnosis) usualGap(e identity.Edge) (median, longest float64, ok bool) {
	for _, class := range [...]cbn.Class{cbn.NetworkNode, cbn.ClientNode} {
		at := func(q int) level {
			return d.v.at(feature.Key{Kind: feature.Latency, Node: cbn.Node{Class: class, Edge: e}, Quantile: q})
		}
		if l := at(feature.D - 1); l.n >= minBaseline {
			return math.Exp(at(0).usual), math.Exp(l.usual), true
		}
	}
	return 0, 0, false
}

// nearestOctave returns the class that starts nearest to a gap in ns, by their ratio.
func nearestOctave(gap float64) int {
	o := math.Round(math.Log2(gap/window.FirstOctave)) + 1
	return int(math.Min(math.Max(o, 1), window.Octaves-1))
}

// seenShare is the share of the calls of an edge that were seen, where head-sampled ones
// stand for others.
func (d *diagnosis) seenShare(e identity.Edge) float64 {
	for _, rpc := range [...]identity.RPC{e.Callee, e.Caller} {
		if r := d.v.served[rpc]; r != nil && r.Count > 0 {
			return window.Seen(r.Count, r.Unseen) / r.Count
		}
	}
	return 1
}

// furtherOctaves is by how many octaves the median call of callers at a place is longer than
// that of all others, where it is longer there alone: by one it may be for being near to the
// bound of an octave.
const furtherOctaves = 2

// only reports whether calls to what sends no spans take longer for callers at a place alone:
// those of all others are what they usually are. So many calls may take that long at other times
// that none of them is late, see lateness.
func (d *diagnosis) only(e identity.Edge, at whose) bool {
	x := d.v.edges[e]
	usual, _, ok := d.usualGap(e)
	if x == nil || !ok {
		return false
	}
	var there, elsewhere [window.Octaves]float64
	for i := range x.Callers {
		of := &elsewhere
		if at.has(&end{replica: identity.Instance{Service: e.Caller.Service, ID: x.Callers[i].ID}, host: d.host(e.Caller.Service, x.Callers[i].ID)}) {
			of = &there
		}
		for o, n := range x.Callers[i].Calls {
			of[o] += n
		}
	}
	seen := d.seenShare(e)
	here, n := middleOctave(&there)
	others, m := middleOctave(&elsewhere)
	return seen*n >= lateCalls && seen*m >= lateCalls && others <= window.Octave(int64(usual*1e9))+1 && here >= others+furtherOctaves
}

// middleOctave is the class of the median call, and how many calls there are.
func middleOctave(calls *[window.Octaves]float64) (octave int, n float64) {
	for _, c := range calls {
		n += c
	}
	below := calls[0]
	for octave < window.Octaves-1 && 2*below < n {
		octave++
		below += calls[octave]
	}
	return octave, n
}
