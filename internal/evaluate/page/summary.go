package page

import (
	"fmt"
	"strings"

	"github.com/sage-rca/sage/internal/evaluate"
)

// Summary renders the end of a run for a terminal: a line per suite and recorded
// set, and one for each other part.
func Summary(r *evaluate.Results) string {
	if r == nil {
		r = &evaluate.Results{}
	}
	targets := Design()
	var b strings.Builder
	names := 8
	for _, p := range places(r) {
		names = max(names, width(p.where))
	}
	if len(r.Suites)+len(r.Recorded) == 0 {
		b.WriteString("no suite and no recorded set was measured\n")
	}
	for _, p := range places(r) {
		if p.what == "" {
			b.WriteString(summaryLine(&p, r, targets, names))
		}
	}
	if f := falseIncidents(r); f.ok {
		fmt.Fprintf(&b, "decoys: %.0f false incidents %s\n", f.value, f.note)
	}
	if w := &r.WhatIf; w.Incidents > 0 {
		fmt.Fprintf(&b, "what-if: median error %s %%, %s %% of the 90 %% intervals hold the truth, of %d incidents\n",
			percent(w.MedianAbsRelError), percent(w.Coverage90), w.Incidents)
	}
	if e, n := calibrationError(r.Calibration); n > 0 {
		fmt.Fprintf(&b, "stated probabilities: off by %s points on average, of %d culprits\n", points(e), n)
	}
	if all := defeats(r); len(all) > 0 {
		var worst []string
		for i := range all[:min(3, len(all))] {
			d := &all[i]
			worst = append(worst, fmt.Sprintf("%s %s to %s by %s points", d.place.where, d.place.kind(), d.theirs.Name, points(d.by)))
		}
		fmt.Fprintf(&b, "loses most: %s\n", strings.Join(worst, "; "))
	}
	if f := robustAhead(r); f.ok {
		fmt.Fprintf(&b, "loses to its own robust scorer: in %.0f of the suites, sets, kinds of faults and points of curves\n", f.value)
	}
	fmt.Fprintf(&b, "targets: %s\n", targets.scores(r))
	if r.Digest != "" {
		fmt.Fprintf(&b, "digest: %s\n", r.Digest)
	}
	return b.String()
}

// summaryLine is the line of one suite or recorded set.
func summaryLine(p *place, r *evaluate.Results, targets Targets, names int) string {
	f := p.main()
	line := fmt.Sprintf("%-*s  %-5s ", names, p.where, f.title)
	m := find(p.methods, theDefault)
	if m == nil || m.Incidents == 0 {
		if p.unmeasured != "" {
			return line + "not measured: " + p.unmeasured + "\n"
		}
		return line + "not measured\n"
	}
	v, ci := f.of(m)
	line += fmt.Sprintf("%5s %%%s of %d", percent(v), within(ci), m.Incidents)
	if rival := best(p.methods, f, isBaseline); rival != nil {
		theirs, _ := f.of(rival)
		line += fmt.Sprintf(", best baseline %s %s %% (%s)", rival.Name, percent(theirs), standing(*p, f, rival))
	}
	if t := targets.of(p.where); t != nil && !p.recorded {
		line += fmt.Sprintf(", target %s: %s", t.bound(), t.judge(t.find(r)))
	}
	return line + "\n"
}
