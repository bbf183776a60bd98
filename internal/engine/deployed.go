package engine

import (
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
)

const (
	// fresh is the part of the look-back within which a deploy that nothing contradicts
	// explains why its service is slow of itself.
	fresh = 4
	// slower is how many times slower a version must be than the one beside it.
	slower = 1.5
)

// deployed names the deploy of the first culprit as its mechanism, where it is slow of
// itself, no monitored resource explains it, and the deploy is fresh: within part of the
// look-back, and before the version has run well. Where both versions run side by side, the
// new one must be the slower one instead.
func (r *run) deployed(st slo.State, v *rca.Verdict, linked []incident.Linked) *rca.Verdict {
	c := v.Culprits[0]
	if c.Mechanism != rca.Latent || c.Kind != rca.KindService && c.Kind != rca.KindInstance ||
		len(linked) == 0 || !linked[0].Culprit || linked[0].Change.Kind != change.Version {
		return v
	}
	if x := linked[0].Compared; x != nil {
		if x.New < slower*x.Old {
			return v
		}
	} else if lead := time.Unix(0, st.Onset).Sub(linked[0].Change.Since); lead > r.cfg.Lookback/fresh || r.ranWell(st, &linked[0].Change) {
		return v
	}
	out := *v
	out.Culprits, out.Candidates = slices.Clone(v.Culprits), slices.Clone(v.Candidates)
	for _, causes := range [][]rca.Cause{out.Culprits, out.Candidates} {
		if len(causes) > 0 && causes[0].Service == c.Service && causes[0].Mechanism == rca.Latent {
			causes[0].Mechanism = rca.Change
		}
	}
	return &out
}

// ranWell reports whether a version served alone, before anything became slow, in more windows
// without a violation than it takes to know that it does so well: it is certain after
// Changes.Confirm of them, SLO.OpenN more are what the rules of objectives look at before they
// open an incident, and after SLO.ResolveM good ones in a row they take an operation for well.
func (r *run) ranWell(st slo.State, c *change.Change) bool {
	from := max(c.Since.UnixNano(), r.ledger.ServedUntil(c.Service, c.Old))
	to := st.Onset
	if o := r.onset(st); o.Known() {
		to = min(to, o.Earliest.UnixNano())
	}
	var loads []feature.Key
	for _, k := range r.history.Keys() {
		if k.Kind == feature.Load && k.Edge.Callee.Service == c.Service {
			loads = append(loads, k)
		}
	}
	well := 0
	for row := range r.history.Len() {
		at := r.history.Start(row)
		served := func(k feature.Key) bool { return r.history.Value(k, row) > 0 }
		if at >= from && at < to && r.history.Health(row) != feature.Violated && slices.ContainsFunc(loads, served) {
			well++
		}
	}
	return well > r.cfg.Changes.Confirm+r.cfg.SLO.OpenN+r.cfg.SLO.ResolveM
}
