package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// Rules of the traffic cause.
const (
	trafficGrowth   = 1.5
	trafficServices = 2
)

// traffic says whether the load of the entry explains the window: requests per
// second rose by half and left their normal range, and at least two services
// became slower of themselves.
func traffic(r *reach, v *view, s scores) *part {
	entry := r.g.Nodes[r.entry].Edge.Callee
	l := v.at(feature.Key{Kind: feature.Load, Edge: identity.Edge{Callee: entry}})
	now, usual := math.Expm1(l.now), math.Expm1(l.usual)
	if !l.logRose(v.suspect) || now < trafficGrowth*usual {
		return nil
	}
	p := part{
		channel: -1, kind: KindTraffic, mechanism: Traffic, rpc: entry, node: r.entry, z: l.z(), support: 1,
		metric: "requests_per_second", observed: now, usual: usual,
		text: entry.Operation + " " + number(now) + " requests/s vs " + number(usual) + " usual",
	}
	slower := 0
	for _, u := range s.suspects {
		if !r.g.Channels[u.channel].IsNetwork() {
			slower++
			p.excess += u.excess
		}
	}
	if slower < trafficServices {
		return nil
	}
	return &p
}
