package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
)

// Bounds of a body, in bytes: of its first line, which is what lists and pagers
// show, and of all.
const (
	maxLine = 199
	maxBody = 1024
)

// incidentBody is what a person reads of a transition: what is wrong and why in
// one line, then the way, the evidence, what else it may be, and who says so.
func incidentBody(e *incident.Event, m engine.ModelStatus) string {
	if over(e) {
		return lines(firstLine(e, ending(e), ""))
	}
	v := &e.Verdict
	if v.Abstained || len(v.Culprits) == 0 {
		return lines(firstLine(e, unknown(v), ""), labelled("changes", strings.Join(links(e), "; ")), author(v, m))
	}
	return lines(
		firstLine(e, likely(v), whatIf(e, v)),
		labelled("also hurt", also(e)),
		labelled("path", strings.Join(v.Culprits[0].Path, " > ")),
		labelled("evidence", strings.Join(slices.Concat(v.Culprits[0].Evidence, links(e)), "; ")),
		labelled("recurs", recurs(e)),
		next(v),
		author(v, m),
	)
}

// also names the other objectives that are hurt.
func also(e *incident.Event) string {
	parts := make([]string, 0, maxListed)
	for _, p := range e.Parts[:min(len(e.Parts), maxListed)] {
		parts = append(parts, fmt.Sprintf("%s (%s)", p.SLO, p.RPC))
	}
	text := strings.Join(parts, ", ")
	if more := len(e.Parts) - len(parts); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// recurs is "3 times in 7 days before", empty for the first time.
func recurs(e *incident.Event) string {
	switch e.Recurrence {
	case 0:
		return ""
	case 1:
		return "once in 7 days before"
	default:
		return fmt.Sprintf("%d times in 7 days before", e.Recurrence)
	}
}

// firstLine is a headline and what follows from it, as much of it as fits: then
// the name of the objective goes, then the numbers of the counterfactual move to
// a line of their own, then names are cut.
func firstLine(e *incident.Event, finding, number string) string {
	full := sentence(headline(e, true), finding, number)
	if fits(full) {
		return full
	}
	if short := sentence(headline(e, false), finding, number); fits(short) {
		return short
	}
	return clip(sentence(headline(e, false), finding), maxLine) + labelledNext(number)
}

func labelledNext(number string) string {
	if number == "" {
		return ""
	}
	return "\n" + number
}

// likely is "Likely cause: mysql, slow itself (p=0.91)".
func likely(v *rca.Verdict) string {
	names := blamed(v)
	word := "cause"
	if len(names) > 1 {
		word = "causes"
	}
	return fmt.Sprintf("Likely %s: %s (p=%.2f)", word, strings.Join(names, " + "), v.Culprits[0].Probability)
}

// blamed are the culprits, each once.
func blamed(v *rca.Verdict) []string {
	names := make([]string, 0, len(v.Culprits))
	for i := range v.Culprits {
		if !namedBefore(v.Culprits, i) {
			names = append(names, phrase(&v.Culprits[i]))
		}
	}
	return names
}

// namedBefore reports whether culprit i is among those whom the host of an earlier one
// hurts in the same way.
func namedBefore(culprits []rca.Cause, i int) bool {
	c := &culprits[i]
	return c.Kind == rca.KindHost && slices.ContainsFunc(culprits[:i], func(o rca.Cause) bool {
		return o.Kind == rca.KindHost && o.Host == c.Host && o.Mechanism == c.Mechanism && slices.Contains(o.Neighbours, c.Service)
	})
}

// whatIf is "Were it normal: p95 430ms [390ms-500ms], SLO met", empty where
// nobody can say.
func whatIf(e *incident.Event, v *rca.Verdict) string {
	if !supposes(e, v.Quantile) {
		return ""
	}
	what := "it"
	switch own := len(v.Culprits) - e.Others; {
	case e.Others > 0 && own == 1:
		what = "the first"
	case e.Others > 0:
		what = fmt.Sprintf("the first %d", own)
	case own > 1:
		what = "they"
	}
	return supposed(what, e, v.Quantile, v.Lower, v.Upper, v.RestoresSLO)
}

func supposed(what string, e *incident.Event, q, lower, upper float64, met bool) string {
	text := fmt.Sprintf("Were %s normal: %s %s", what, quantile(e.SLO.Objective.Quantile), seconds(q))
	if known(lower) && known(upper) {
		text += " [" + seconds(lower) + "-" + seconds(upper) + "]"
	}
	switch {
	case met:
		return text + ", SLO met."
	case q <= e.SLO.Objective.Threshold.Seconds(): // not likely enough
		return text + ", SLO perhaps met."
	default:
		return text + ", SLO still missed."
	}
}

// unknown is "Cause not identified (reason; 2 of 5 hops uninstrumented; ruled
// out: CPU, memory)".
func unknown(v *rca.Verdict) string {
	var notes []string
	if v.Reason != "" {
		notes = append(notes, display(v.Reason))
	}
	if v.HopsObserved < v.HopsTotal {
		notes = append(notes, fmt.Sprintf("%d of %d hops uninstrumented", v.HopsTotal-v.HopsObserved, v.HopsTotal))
	}
	if len(v.RuledOut) > 0 {
		out := make([]string, len(v.RuledOut))
		for i, r := range v.RuledOut {
			out[i] = short(rca.Mechanism(r))
		}
		notes = append(notes, "ruled out: "+strings.Join(out, ", "))
	}
	if len(notes) == 0 {
		return "Cause not identified"
	}
	return "Cause not identified (" + strings.Join(notes, "; ") + ")"
}

// ending is "Resolved after 38s, 31% of 812 requests were too slow. It was mysql,
// slow itself (p=0.91)", with all culprits.
func ending(e *incident.Event) string {
	if e.MergedInto != "" {
		text := "Merged into " + clip(display(e.MergedInto), maxName)
		if e.Verdict.Abstained || len(e.Verdict.Culprits) == 0 {
			return text + ", which is of the same operation"
		}
		return text + ", which has the same root cause: " + phrase(&e.Verdict.Culprits[0])
	}
	word := "Resolved"
	if e.Phase == incident.Expired {
		word = "Expired unresolved"
	}
	text := fmt.Sprintf("%s after %s", word, e.Time.Sub(e.Start).Round(time.Second))
	if e.Requests > 0 && known(e.Bad/e.Requests) {
		text += fmt.Sprintf(", %s of %.0f requests %s", percent(e.Bad/e.Requests), e.Requests, fault(e))
	}
	if v := &e.Verdict; !v.Abstained && len(v.Culprits) > 0 {
		text += fmt.Sprintf(". It was %s (p=%.2f)", strings.Join(blamed(v), " + "), v.Culprits[0].Probability)
	}
	return text
}

// fault is what was wrong with the bad requests of an incident.
func fault(e *incident.Event) string {
	if e.SLO.Objective.Indicator == slo.Errors {
		return "failed"
	}
	return "were too slow"
}

// next is the line of the first candidate that is no culprit, and of how much of
// the way is seen.
func next(v *rca.Verdict) string {
	coverage := ""
	if v.HopsTotal > 0 {
		coverage = fmt.Sprintf("%d/%d hops", v.HopsObserved, v.HopsTotal)
	}
	n := len(v.Culprits)
	if n >= len(v.Candidates) {
		return labelled("coverage", coverage)
	}
	c := &v.Candidates[n]
	text := fmt.Sprintf("%s (p=%.2f)", phrase(c), c.Probability)
	if coverage != "" {
		text += "; coverage " + coverage
	}
	return labelled("next", text)
}

// author says who answered.
func author(v *rca.Verdict, m engine.ModelStatus) string {
	switch v.Method {
	case rca.MethodGVAE:
		text := fmt.Sprintf("model %d", m.Version)
		if m.State != engine.Ready {
			text += " (" + string(m.State) + ")"
		}
		if v.Abstained {
			return labelled("by", text)
		}
		return labelled("by", text+", robust scorer "+opinion(v.Agreed))
	case rca.MethodRobust:
		return labelled("by", "robust scorer (model "+string(m.State)+")")
	default:
		return ""
	}
}

// causeBody is what a person reads of the candidate i of an incident.
func causeBody(e *incident.Event, i int) string {
	v := &e.Verdict
	c := &v.Candidates[i]
	finding := fmt.Sprintf("%s: candidate %d of %d for %s (p=%.2f)", phrase(c), i+1, len(v.Candidates), headline(e, false), c.Probability)
	number := ""
	if supposes(e, c.Quantile) {
		number = supposed("it alone", e, c.Quantile, c.Lower, c.Upper, c.Quantile <= e.SLO.Objective.Threshold.Seconds())
	}
	first := sentence(finding, number)
	if !fits(first) {
		first = clip(sentence(finding), maxLine) + labelledNext(number)
	}
	return lines(first, labelled("path", strings.Join(c.Path, " > ")), labelled("evidence", strings.Join(c.Evidence, "; ")))
}

// modelBody is what a person reads of the model's state.
func modelBody(m *engine.ModelStatus) string {
	text := "model " + string(m.State)
	if m.Reason != "" {
		text += ": " + display(m.Reason)
	}
	size := ""
	if m.Version > 0 {
		size = fmt.Sprintf("version %d, %d nodes of %d services, %d windows", m.Version, m.Nodes, m.Services, m.Windows)
		if whole := text + " (" + size + ")"; fits(whole) {
			text, size = whole, ""
		}
	}
	return lines(clip(text, maxLine), size, labelled("warning", m.Warning), watching(m))
}

// watching says what could be violated, which explains a silence.
func watching(m *engine.ModelStatus) string {
	w := m.Watched
	if w.Watched == 0 {
		return labelled("watching", "nothing: no SLO matches what is served")
	}
	text := fmt.Sprintf("%d SLOs of operations, %d with enough requests in the last window", w.Watched, w.Measured)
	if w.Learning > 0 {
		text += fmt.Sprintf(", %d still to be learned", w.Learning)
	}
	return labelled("watching", fmt.Sprintf("%s; open incidents: %d", text, m.Open))
}
