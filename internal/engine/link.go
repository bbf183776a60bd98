package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

const maxLinked = 3

// explain completes a verdict by what has changed: services that are gone, and changes
// before the onset. The verdict itself is not changed.
func (r *run) explain(s *window.Snapshot, st slo.State, v *rca.Verdict) (*rca.Verdict, []incident.Linked) {
	if v == nil || r.ledger == nil {
		return v, nil
	}
	n := below(r.graph, st.RPC)
	v, gone := r.absence(st, n, v)
	linked := r.link(s, st, n, v, gone)
	v = r.undeployed(st, n, v)
	if gone || v.Abstained || len(v.Culprits) == 0 {
		return v, linked
	}
	return r.deployed(st, v, linked), linked
}

// link returns what changed within the look-back before the onset: with the first
// culprit, on the way to it, or, where nobody is blamed, below the entry. gone says that
// the culprits are absent.
func (r *run) link(s *window.Snapshot, st slo.State, n needs, v *rca.Verdict, gone bool) []incident.Linked {
	var culprit identity.Service
	concerned := func(*change.Change) bool { return true }
	if !v.Abstained && len(v.Culprits) > 0 {
		culprit = v.Culprits[0].Service
		path := v.Culprits[0].Path
		concerned = func(c *change.Change) bool {
			on := func(s identity.Service) bool {
				return slices.Contains(path, s.Name) || slices.Contains(path, s.String())
			}
			return c.Concerns(culprit) || on(c.Service) || slices.ContainsFunc(c.Services, on)
		}
	}
	onset := time.Unix(0, st.Onset).UTC()
	var out []incident.Linked
	for _, c := range r.ledger.Between(n.services, onset.Add(-r.cfg.Lookback), onset) {
		cause := gone && c.Service == culprit && c.Kind == change.ServiceGone // is not what came before it
		if weight(c.Kind) > 0 && !cause && concerned(&c) {
			out = append(out, incident.Linked{Change: c, Culprit: c.Concerns(culprit)})
		}
	}
	slices.SortStableFunc(out, func(a, b incident.Linked) int {
		return cmp.Or(-cmp.Compare(truth(a.Culprit), truth(b.Culprit)), -cmp.Compare(weight(a.Change.Kind), weight(b.Change.Kind)), b.Change.Since.Compare(a.Change.Since))
	})
	out = slices.Clip(out[:min(len(out), maxLinked)])
	for i := range out {
		if c := &out[i].Change; c.Kind == change.Version && c.Old != "" {
			if x, ok := change.Compare(s, c.Service, c.Old, c.New, st.Objective.Quantile); ok {
				out[i].Compared = &x
			}
		}
	}
	return out
}

// weight orders kinds of changes by how much they say of an incident after them; 0
// is nothing.
func weight(k change.Kind) int {
	switch k {
	case change.Version:
		return 3
	case change.ServiceGone, change.ServiceNew, change.HostsGone:
		return 2
	case change.Replicas, change.HostsNew:
		return 1
	default: // operations come and go with what is asked for
		return 0
	}
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// undeployed adds deploys to what was looked at and found normal, where no service below
// the entry was deployed within the look-back, as far back as it goes.
func (r *run) undeployed(st slo.State, n needs, v *rca.Verdict) *rca.Verdict {
	onset := time.Unix(0, st.Onset).UTC()
	if is, known := r.ledger.Redeployed(n.services, onset.Add(-r.cfg.Lookback), onset); is || !known {
		return v
	}
	out := *v
	out.RuledOut = append(slices.Clone(v.RuledOut), string(rca.Change))
	return &out
}
