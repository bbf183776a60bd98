package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// harmless is the share of normal windows that may have had as much of a metric
// as the violated one.
const harmless = 0.05

// sameRise is the share of a rise that counts as as much.
const sameRise = 0.8

// harmlessly reports whether a metric of s was often as high as it is now, by sameRise of what
// it rose by, and s was not slow for that: in more than a harmless share of the normal
// windows. Those in which s already took longer, by half of what it does now, speak for the
// metric: an objective may be violated long after a fault began, and may be met again in the
// midst of one. sign is -1 where less is worse.
func (v *view) harmlessly(k feature.Key, s identity.Service, usual, rise, sign float64) bool {
	level := usual + sameRise*rise
	q := 1 - harmless
	if sign < 0 {
		q = harmless
	}
	if sign*v.rec.Normal(k, v.before, q) < level {
		return false
	}
	slow := v.slowSince(s)
	as, n := 0, 0
	for row := range v.rec.Len() {
		if v.rec.Start(row) >= v.before {
			break
		}
		x := sign * v.rec.Value(k, row)
		if math.IsNaN(x) {
			continue
		}
		n++
		if x >= level && !slow(row) {
			as++
		}
	}
	return float64(as) > harmless*float64(n)
}

// slowSince returns what tells the rows in which an RPC of s took at least half as much
// longer of itself, on the scale of logarithms, as it does in the violated window.
func (v *view) slowSince(s identity.Service) func(row int) bool {
	type half struct {
		key   feature.Key
		level float64
	}
	var halves []half
	for _, k := range v.rec.Keys() {
		if k.Kind != feature.Exclusive || k.Edge.Callee.Service != s {
			continue
		}
		if l := v.at(k); l.logRose(v.suspect) {
			halves = append(halves, half{k, (l.usual + l.now) / 2})
		}
	}
	return func(row int) bool {
		for _, h := range halves {
			if v.rec.Value(h.key, row) >= h.level {
				return true
			}
		}
		return false
	}
}
