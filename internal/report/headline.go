package report

import (
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/slo"
)

// maxName bounds a name within a headline.
const maxName = 60

// headline is "frontend /dispatch p95 912ms > 600ms (SLO dispatch-p95)", and of
// errors "frontend /dispatch errors 4.1% > 1% (SLO dispatch-errors, burn 22x/1h)".
func headline(e *incident.Event, whole bool) string {
	s := &e.SLO
	var b strings.Builder
	b.WriteString(clip(display(s.RPC.Service.String()), maxName))
	if s.RPC.Operation != "" {
		b.WriteString(" " + clip(display(s.RPC.Operation), maxName))
	}
	what, show := quantile(s.Objective.Quantile), seconds
	if s.Objective.Indicator == slo.Errors {
		what, show = "errors", percent
	}
	b.WriteString(" " + what)
	limit := s.Objective.Limit()
	switch {
	case !known(s.Observed):
		b.WriteString(" against " + show(limit))
	case s.Observed > limit:
		b.WriteString(" " + show(s.Observed) + " > " + show(limit))
	default:
		b.WriteString(" " + show(s.Observed) + " <= " + show(limit))
	}
	var notes []string
	if whole && s.Objective.Name != "" && !s.Objective.Learned {
		notes = append(notes, "SLO "+display(s.Objective.Name))
	}
	if s.Objective.Learned {
		notes = append(notes, "learned SLO")
	}
	if !over(e) && s.Burn.Known() && known(s.Burn.Long) {
		notes = append(notes, "burn "+significant(s.Burn.Long)+"x/"+span(s.Burn.Rule.Long))
	}
	if whole && !over(e) && known(s.Baseline) {
		notes = append(notes, "usually "+show(s.Baseline))
	}
	if len(e.Parts) > 0 && !e.SLO.Firing && !over(e) {
		notes = append(notes, "met again, unlike others")
	}
	if !e.Frozen.IsZero() && !over(e) {
		notes = append(notes, "not measured since "+hour(e.Frozen))
	}
	if len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, ", ") + ")")
	}
	return b.String()
}

// span shows a length of time without parts that are zero: 6h, 1h30m, 90s as 1m30s.
func span(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
