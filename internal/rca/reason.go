package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// hostBytes is by how many bytes per second the traffic of a host must rise to say that its
// network is short: less fills no link of 100 Mbit/s.
const hostBytes = 10e6

// reasons returns the metrics that moved which may say what makes a service slow, the most
// telling first, see causes. Of a service that sends no spans it leaves out what is in
// proportion to what is asked of it, and of a host a traffic that fills no link.
func (d *diagnosis) reasons(s identity.Service) []movedMetric {
	moved := slices.DeleteFunc(slices.Clone(d.moved(s)), func(m movedMetric) bool {
		mean, host := meaningOf(m.key.Name)
		return host && m.mechanism == Network && mean.grade == indirect && mean.per == perLoad && m.now-m.usual < hostBytes
	})
	if !d.r.g.Leaves[s] || len(moved) == 0 {
		return causes(moved)
	}
	rest := d.metrics.moved(d.v, s, askedOf(d.v, d.r, s), false)
	return causes(slices.DeleteFunc(moved, func(m movedMetric) bool {
		return !slices.ContainsFunc(rest, func(o movedMetric) bool { return o.key == m.key })
	}))
}

// askedOf compares what the callers of a service without spans ask of it, requests of theirs
// times calls per request, those included that have no part in the entry's requests.
func askedOf(v *view, r *reach, s identity.Service) work {
	var rate, usualRate, running, usualRunning float64
	for n, node := range r.g.Nodes {
		if node.Class != cbn.ClientNode || node.Edge.Callee.Service != s {
			continue
		}
		load := v.at(feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: node.Edge.Caller}})
		calls := v.at(feature.Key{Kind: feature.Calls, Edge: node.Edge})
		if math.IsNaN(load.now) || math.IsNaN(calls.now) || load.n < minBaseline || calls.n < minBaseline {
			continue
		}
		now, usual := math.Expm1(load.now)*math.Exp(calls.now), math.Expm1(load.usual)*math.Exp(calls.usual)
		if r.toward[n] >= 0 { // on the way to the entry
			now *= v.begun
		}
		lat := v.latency(node)
		rate += now
		usualRate += usual
		running += now * meanOf(lat.now)
		usualRunning += usual * meanOf(lat.usual)
	}
	return work{load: growth(rate, usualRate), running: growth(running, usualRunning)}
}
