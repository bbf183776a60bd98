package engine

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
)

// absence returns the verdict that services which an entry needs are gone, where some are
// and the diagnosis does not contradict it: where it blames nobody, or one of them,
// or a caller of one, which is where the trouble shows. Who serves nothing has no
// span to be blamed by; that it is called in vain, only the change ledger knows.
func (r *run) absence(st slo.State, n needs, v *rca.Verdict) (*rca.Verdict, bool) {
	var gone []rca.Cause
	for _, s := range n.services {
		a, ok := r.ledger.Absent(s)
		if ok && agrees(v, s, n.callers[s]) {
			gone = append(gone, r.absent(st.RPC, s, a))
		}
	}
	if len(gone) == 0 {
		return v, false
	}
	sum := 0.0
	for i := range gone {
		sum += gone[i].Observed
	}
	for i := range gone {
		gone[i].Contribution = gone[i].Observed / sum
	}
	slices.SortStableFunc(gone, func(a, b rca.Cause) int { return -cmp.Compare(a.Observed, b.Observed) })
	gone = gone[:min(len(gone), maxGone)]
	out := *v
	out.Method, out.Abstained, out.Reason, out.Agreed = rca.MethodRobust, false, "", true
	out.Quantile, out.Lower, out.Upper, out.RestoresSLO = math.NaN(), math.NaN(), math.NaN(), false
	out.Culprits, out.Candidates = gone, slices.Clone(gone)
	for _, c := range v.Candidates {
		if len(out.Candidates) < maxCandidates && !slices.ContainsFunc(gone, func(g rca.Cause) bool { return g.Service == c.Service }) {
			c.Contribution = 0
			out.Candidates = append(out.Candidates, c)
		}
	}
	return &out, true
}

const (
	maxGone       = 3
	maxCandidates = 5 // of rca.Verdict
)

// agrees reports whether a verdict leaves room for the absence of a service.
func agrees(v *rca.Verdict, s identity.Service, callers []identity.Service) bool {
	if v.Abstained || len(v.Culprits) == 0 {
		return true
	}
	first := v.Culprits[0].Service
	return first == s || first.Name == s.Name || slices.Contains(callers, first)
}

// absent is the cause that a service is gone. How probable it is, is the share of the
// calls to it that fail.
func (r *run) absent(entry identity.RPC, s identity.Service, a change.Absence) rca.Cause {
	nan := math.NaN()
	c := rca.Cause{
		Kind: rca.KindAbsence, Mechanism: rca.ErrorRate, Service: s,
		Metric: "unanswered_calls", Observed: a.Calls, Usual: 0, Probability: min(0.99, a.Failed/a.Calls),
		Quantile: nan, Lower: nan, Upper: nan,
		Evidence: []string{
			"no request served since " + a.Since.Format(time.TimeOnly) + "Z",
			fmt.Sprintf("%s of %s calls to it failed", whole(a.Failed), whole(a.Calls)),
		},
	}
	for _, p := range r.graph.PathFrom(entry, cbn.Channel{Service: s}) {
		if n := len(c.Path); n == 0 || c.Path[n-1] != p.Service.Name {
			c.Path = append(c.Path, p.Service.Name)
		}
	}
	return c
}

func whole(v float64) string { return strconv.FormatFloat(math.Round(v), 'f', 0, 64) }
