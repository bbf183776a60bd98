package method

import (
	"github.com/sage-rca/sage/internal/rca"
)

// MaxLatency (MaxLatencyGrowth) blames the service whose latency grew most:
//
//	growth = now / median of normal windows - 1
//
// of the feature quantile nearest to the SLO's, in the violated window, the
// largest over what the service serves; of a service without spans over the calls
// to it. It names no resource.
type MaxLatency struct{}

// Name implements Method.
func (MaxLatency) Name() string { return "max_latency" }

// Diagnose implements Method.
func (MaxLatency) Diagnose(in rca.Input) Answer {
	s, r, reason := open(in)
	if s == nil {
		return abstain(reason)
	}
	e := newEvidence(s)
	d := nearest(in.Quantile)
	for _, n := range s.nodes {
		k := latencyKey(s.g.Nodes[n], d)
		if i := s.owner(k, own); i >= 0 {
			if l := r.level(k); l.known {
				e.add(i, raw(k.Kind, l.now-l.usual)-1, k)
			}
		}
	}
	ranking := e.ranking()
	for i := range ranking {
		ranking[i].Mechanism = ""
	}
	return first(ranking)
}
