package method

import (
	"math"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/window"
)

// Observation is what of a violated window Thresholds reads, small enough to be
// kept for all incidents.
type Observation struct {
	Services []Utilisation // with a path to the entry, sorted
	Reason   string        // why there are none
}

// Utilisation are the resource metrics of one service in the violated window.
type Utilisation struct {
	Service identity.Service
	Values  []window.Value // sorted by metric
	// Growth is now / usual - 1 of the latency of what it serves at the feature
	// quantile nearest to the SLO's, 0 where it is not known.
	Growth float64
}

// Observe extracts what Thresholds needs. Metrics that tell of no resource are
// left out.
func Observe(in rca.Input) Observation {
	s, r, reason := open(in)
	if s == nil {
		return Observation{Reason: reason}
	}
	out := Observation{Services: make([]Utilisation, len(s.services))}
	for i, at := range s.services {
		out.Services[i].Service = at
	}
	d := nearest(in.Quantile)
	for _, n := range s.nodes {
		k := latencyKey(s.g.Nodes[n], d)
		if i := s.owner(k, own); i >= 0 {
			if l := r.level(k); l.known {
				u := &out.Services[i]
				u.Growth = math.Max(u.Growth, math.Expm1(l.now-l.usual))
			}
		}
	}
	for i := range in.Snapshot.Resources {
		at := s.of(in.Snapshot.Resources[i].Service)
		if at < 0 {
			continue
		}
		for _, v := range in.Snapshot.Resources[i].Values {
			if rca.MechanismOf(v.Metric) != "" && !math.IsNaN(v.Value) && !math.IsInf(v.Value, 0) {
				out.Services[at].Values = append(out.Services[at].Values, v)
			}
		}
	}
	return out
}
