package rca

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Rules of who is late.
const (
	// lateCalls is the number of late calls from which on they say where.
	lateCalls = 5
	// strayCalls is the share of calls that are late for no reason: the bound lies above the
	// usual p99.
	strayCalls = 0.01
	// surely is by how much, as a logarithm of likelihoods, one replica or host must explain
	// who is late better than all of a service, or one link.
	surely = 3.0
	// mostly is the share of the late calls of a link which those of a place must make up.
	mostly = 0.5
)

// whose is where messages may be late: at a replica, at all of a service, on a host, or
// between two services. The zero value is nowhere.
type whose struct {
	service identity.Service
	id      string
	host    string
	caller  identity.Service // of a link to service
}

func (w whose) compare(o whose) int {
	return cmp.Or(cmp.Compare(w.host, o.host), w.service.Compare(o.service), cmp.Compare(w.id, o.id), w.caller.Compare(o.caller))
}

// touch is what a place has of the calls of one edge, as their caller and as their callee.
type touch struct {
	at int // in all
	of [2]tally
}

// way is in which of its calls a place is late: those that it makes, that it answers, or
// both; among its own ones as well, or not.
type way struct{ calls, answers, within bool }

var ways = [...]way{{true, true, true}, {true, true, false}, {true, false, true}, {false, true, true}}

// belief is how well a place explains which calls were late.
type belief struct {
	whose
	way
	share float64 // of its calls that are late
	gain  float64 // of the logarithm of the likelihood, over nobody
	late  float64 // calls
}

// placeOf finds which place explains best which calls were late. Where that is a replica or
// a host, and surely so, it returns it: a host where no replica on it does as well.
//
// Of a call between replicas a and b nothing is kept but a's share in late calls and b's.
// Whoever calls picks callees without looking at what is wrong with them, so that of the
// calls of a replica with its peers a share is late as well that says how many of the
// peers are at the place:
//
//	P(late) = s + (1 - s) q t,  t = 1 in the place, t = o outside of it
//
// with s what is late for no reason, q the share of late ones among calls of the place, and
// o the share of the calls of the edge of which the other end is in the place. Numbers of
// late calls are binomial. Each call counts at both of its ends, by half.
// See docs/math.md, 19.
func placeOf(all []lateness) (belief, bool) {
	touched := touches(all)
	keys := make([]whose, 0, len(touched))
	for w := range touched { // sorted below
		keys = append(keys, w)
	}
	slices.SortFunc(keys, whose.compare)
	var host, replica, other belief
	for _, w := range keys {
		to := &other
		switch {
		case w.host != "":
			to = &host
		case w.id != "":
			to = &replica
		}
		for _, by := range ways {
			if w.caller != (identity.Service{}) && by != ways[0] { // all calls of a link are between the two
				continue
			}
			if b := explain(all, touched[w], w, by); b.gain > to.gain {
				*to = b
			}
		}
	}
	best := replica
	if host.gain > replica.gain+surely {
		best = host
	}
	return best, best.late >= lateCalls && best.gain > other.gain+surely
}

// touches lists, for every place of which any calls are late, those that it has a part in.
func touches(all []lateness) map[whose][]touch {
	out := map[whose][]touch{}
	for at := range all {
		all[at].each(func(w whose, _ int, t tally) {
			if t.late > 0 {
				out[w] = nil
			}
		})
	}
	for at := range all {
		all[at].each(func(w whose, side int, t tally) {
			ts, late := out[w]
			if !late {
				return
			}
			if n := len(ts); n == 0 || ts[n-1].at != at {
				ts = append(ts, touch{at: at})
			}
			ts[len(ts)-1].of[side].add(t)
			out[w] = ts
		})
	}
	return out
}

// each calls do with every place that has a part in the calls, and what it is.
func (x *lateness) each(do func(w whose, side int, t tally)) {
	for side, ends := range x.ends {
		for _, e := range ends {
			s := e.replica.Service
			do(whose{service: s}, side, e.tally)
			do(whose{service: x.edge.Callee.Service, caller: x.edge.Caller.Service}, side, e.tally)
			if e.replica.ID != "" && e.replica.ID != window.OtherInstance {
				do(whose{service: s, id: e.replica.ID}, side, e.tally)
			}
			if e.host != "" {
				do(whose{host: e.host}, side, e.tally)
			}
		}
	}
}

// explain says how well a place explains who was late.
func explain(all []lateness, ts []touch, w whose, by way) belief {
	b := belief{whose: w, way: by}
	expected := 0.0
	for _, t := range ts {
		for side := range t.of {
			if by.side(side) {
				b.late += t.of[side].late
				expected += t.of[side].calls * by.inside(t.other(&all[t.at], side, by))
			}
		}
	}
	if !(expected > 0) {
		return b
	}
	b.share = math.Min(1, b.late/expected)
	for _, t := range ts {
		x := &all[t.at]
		sides := 0.0
		gain := 0.0
		for side := range t.of {
			if len(x.ends[side]) == 0 {
				continue
			}
			sides++
			o := t.other(x, side, by)
			in, p := tally{}, 0.0
			if by.side(side) {
				in, p = t.of[side], by.inside(o)
			}
			gain += likelier(in, b.share*p) + likelier(x.all.less(in), b.share*o)
		}
		b.gain += gain / sides
	}
	return b
}

// side reports whether calls of one end are late.
func (w way) side(side int) bool { return side == 0 && w.calls || side == 1 && w.answers }

// inside is the share of the calls of replicas in the place that have to do with it, o
// being the share of those that have their other end there too.
func (w way) inside(o float64) float64 {
	if w.within {
		return 1
	}
	return 1 - o
}

// other is the share of the calls of an edge of which the end across from side is in the place.
func (t touch) other(x *lateness, side int, by way) float64 {
	if !by.side(1-side) || !(x.all.calls > 0) {
		return 0
	}
	return t.of[1-side].calls / x.all.calls
}

// likelier is by how much the logarithm of the likelihood of late calls is more where a
// share of p, beside strayCalls, is late than where nobody is.
func likelier(t tally, p float64) float64 {
	p = math.Min(strayCalls+(1-strayCalls)*p, 1-strayCalls)
	return t.late*math.Log(p/strayCalls) + (t.calls-t.late)*math.Log((1-p)/(1-strayCalls))
}

// explains reports whether most of the late calls of an edge are those of the place.
func (b *belief) explains(x *lateness) bool {
	var of [2]tally
	for side, ends := range x.ends {
		for _, e := range ends {
			if b.has(&e) && b.side(side) {
				of[side].add(e.tally)
			}
		}
	}
	if !(x.all.calls > 0) {
		return false
	}
	c, d := of[0].calls/x.all.calls, of[1].calls/x.all.calls
	touched := c + d - c*d
	if !b.within {
		touched -= c * d
	}
	return x.all.late > 0 && b.share*touched*x.all.calls >= mostly*x.all.late
}

// has reports whether a replica is in the place.
func (w whose) has(e *end) bool {
	if w.host != "" {
		return e.host == w.host
	}
	return e.replica == identity.Instance{Service: w.service, ID: w.id}
}
