package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// noAnswer adds what calls take longer that nobody answers: there is a CLIENT span of them, which fails, and
// none of whoever was called. What those who answer take longer, and the way there, say nothing of these.
// That is the callee's, or the replica's that does not serve any more.
func (s *scorer) noAnswer(c call) {
	x := s.v.edges[c.edge]
	if c.leaf || c.client < 0 || c.server < 0 || x == nil || !(x.Count > 0) || !s.v.failing(c.edge) {
		return
	}
	without := math.Min(x.Count-x.Matched, x.Errors)
	share := without/x.Count - s.v.loss
	if share < minRefused {
		return
	}
	waited, served := s.v.latency(s.r.g.Nodes[c.client]), s.v.latency(s.r.g.Nodes[c.server])
	for d, q := range feature.Quantiles {
		waited.moved[d] = waited.moved[d] && share > 1-q && served.now[d] <= likewise*waited.now[d]
	}
	at := s.of.notServing(c.edge.Callee.Service)
	at.expected, at.missing = x.Count, without
	s.duration(c.client, s.r.g.ServiceChannel(c.edge.Callee.Service), waited, part{
		kind: at.kind(), mechanism: ErrorRate, edge: c.edge, metric: unansweredMetric, silent: at,
		text: c.edge.Caller.Service.String() + ">" + c.edge.Callee.Operation,
	})
}

// notServing returns a service of which calls are not answered, with the replica that does not serve
// any more, where there is one.
func (d *diagnosis) notServing(s identity.Service) *silent {
	size := d.in.Snapshot.End - d.in.Snapshot.Start
	id, _ := d.in.Habits.away(s, d.in.Snapshot.Start, d.in.Onset-awayWithin*size, minAway)
	return &silent{service: s, replica: id, called: true}
}
