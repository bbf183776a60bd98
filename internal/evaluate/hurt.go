package evaluate

import (
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/slo"
)

// rules are the engine's, for one objective.
func rules(o slo.Objective) slo.Config {
	return slo.Config{
		Objectives: []slo.Objective{o},
		OpenK:      openViolated, OpenN: openOf, ResolveM: resolveAfter, MinRequests: minRequests,
	}
}

// hurt returns the starts of the windows after which the rule of the objective holds
// for how long users truly waited: where a perfect observer would open an incident,
// or keep it open.
func (t *tails) hurt(quantile, threshold float64) (map[int64]bool, error) {
	entry := identity.RPC{Service: identity.Service{Name: "entry"}, Operation: "watched"}
	w, err := slo.NewWatcher(rules(slo.Objective{
		Name: "truth", Service: entry.Service, Operation: entry.Operation,
		Quantile: quantile, Threshold: time.Duration(threshold * 1e9),
	}))
	if err != nil {
		return nil, err
	}
	starts := make([]int64, 0, len(t.byEnd))
	for at := range t.byEnd {
		starts = append(starts, at)
	}
	slices.Sort(starts)
	out := make(map[int64]bool)
	for _, at := range starts {
		observed := slo.Observation{RPC: entry, Entry: true, Latency: sketched(t.byEnd[at]), Ending: sketched(t.ending[at])}
		for _, state := range w.Observe(at, at+int64(t.window), []slo.Observation{observed}) {
			if state.Firing {
				out[at] = true
			}
		}
	}
	return out, nil
}

// sketched returns a sketch of durations in seconds.
func sketched(seconds []float64) *sketch.Sketch {
	s := &sketch.Sketch{}
	for _, v := range seconds {
		s.Add(int64(v*1e9), 1)
	}
	return s
}
