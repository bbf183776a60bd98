package rca

import (
	"math"
	"strings"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

// busyCallers gives calls to a leaf that seem slow to a service whose only thread is busy: it
// reads the answers when it gets to it, and until then the spans of its calls go on. So it is
// where a service takes twice as much CPU for each request, and the leaf answers others as fast
// as usual, or where its event loop says that it is late, and no other finds the leaf slow. A slow
// leaf makes nobody work more.
func busyCallers(r *reach, by []suspect, of symptoms) {
	for c, k := range r.g.Channels {
		if k.IsNetwork() || !r.g.Leaves[k.Service] || by[c].excess <= 0 {
			continue
		}
		caller := by[c].parts[0].edge.Caller.Service
		to := r.g.ServiceChannel(caller)
		if to < 0 || to == c || !r.causal(to) || !by[c].onlyFor(caller) {
			continue
		}
		works, loops := of.works(caller) >= wrongly, of.loops(caller)
		if !works && !loops {
			continue
		}
		if others, late := of.others(by[c].parts[0].edge); !late && (others || loops) {
			by[to].take(&by[c])
		}
	}
}

// onlyFor reports whether all that is slow of a leaf is so to one service.
func (u *suspect) onlyFor(caller identity.Service) bool {
	for _, p := range u.parts {
		if p.kind != KindDependency || p.mechanism != Latent || p.edge.Caller.Service != caller {
			return false
		}
	}
	return true
}

// others reports whether other services call the leaf of an edge, and whether any of them waits
// about as much longer than usual for it as the caller does.
func (d *diagnosis) others(e identity.Edge) (there, late bool) {
	here := rose(e, d)
	for i := range d.in.Snapshot.Edges {
		x := &d.in.Snapshot.Edges[i]
		if x.Key.Callee.Service != e.Callee.Service || x.Key.Caller.Service == e.Caller.Service || x.Count < lateCalls {
			continue
		}
		there = true
		s := d.v.latency(cbn.Node{Class: cbn.ClientNode, Edge: x.Key})
		late = late || rose(x.Key, d)*asMuch >= here || s.moved[0] && s.rise()*asMuch >= here
	}
	return there, late
}

// works returns how many times as much CPU as usual a service takes for each request; 0 where no
// metric says more than usual. Who is asked less often works no more for that reason: what a
// service does without requests is not shared among those that are left.
func (d *diagnosis) works(s identity.Service) float64 {
	m := d.laborious(s)
	if m == nil {
		return 0
	}
	return m.now / (math.Max(1, workOf(d.v, d.r, s).load) * m.usual)
}

// laborious returns the metric of the CPU that a service uses which grew most, nil where none did.
func (d *diagnosis) laborious(s identity.Service) *movedMetric {
	var out *movedMetric
	moved := d.moved(s)
	for i := range moved {
		m := &moved[i]
		mean, host := meaningOf(m.key.Name)
		if host || m.mechanism != CPU || mean.per != perLoad || mean.grade != direct || !isUse(m.key.Name) {
			continue
		}
		if out == nil || m.now*out.usual > out.now*m.usual {
			out = m
		}
	}
	return out
}

// loops reports whether the event loop of a service is late.
func (d *diagnosis) loops(s identity.Service) bool {
	for _, m := range d.moved(s) {
		if strings.Contains(sense(m.key.Name), "eventloop") {
			return true
		}
	}
	return false
}
