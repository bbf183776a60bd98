package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/evaluate"
)

// Accuracy renders the page for a reader who decides whether to trust the verdicts:
// what was measured, how it compares with baselines and targets, and where it is
// weak, before the tables and the definitions of their figures.
func Accuracy(r *evaluate.Results, targets Targets) string {
	if r == nil {
		r = &evaluate.Results{}
	}
	var b strings.Builder
	b.WriteString(strings.TrimSpace(accuracyHead) + "\n\n" + strings.TrimSpace(measuredIntro) + "\n\n" + extent(r))
	section(&b, 2, "In short", summaryIntro, summaryTable(r, targets))
	if lines := publishedLines(r); len(lines) > 0 {
		b.WriteString("\n" + strings.TrimSpace(publishedIntro) + "\n\n" + list(lines))
	}
	if len(targets) > 0 {
		t := targetTable()
		for i := range targets {
			targets[i].row(t, targets[i].find(r))
		}
		section(&b, 2, "Targets", "What the design of this project asks for: "+targets.scores(r)+".", t.String())
	}
	weaknesses(&b, r)
	section(&b, 2, "Run it again", rerun)
	shortTables(&b, r)
	section(&b, 2, "Methods", methodLegend(r))
	section(&b, 2, "How answers are judged", judging)
	section(&b, 2, "What the figures mean", definitions())
	section(&b, 2, "Intervals, seeds and times", intervalsAndSeeds)
	section(&b, 2, "Limits of this study", limits)
	return b.String()
}

// extent says how much was measured, from the results.
func extent(r *evaluate.Results) string {
	simulated, recorded, hours := 0, 0, 0.0
	for i := range r.Suites {
		simulated += asked(r.Suites[i].Methods)
		hours += r.Suites[i].Decoys.Hours
	}
	for i := range r.Recorded {
		recorded += asked(r.Recorded[i].Methods)
	}
	out := list([]string{
		fmt.Sprintf("simulated applications: %d, with %d incidents", len(r.Suites), simulated),
		fmt.Sprintf("recordings of real systems: %d, with %d incidents", len(r.Recorded), recorded),
		fmt.Sprintf("hours with decoys and without faults: %.1f", hours),
		fmt.Sprintf("predicted tails that were held against a run without the fault: %d", r.WhatIf.Incidents),
	})
	if r.Digest != "" {
		out += "\nDigest of all figures but times: `" + r.Digest + "`.\n"
	}
	return out
}

// asked is the number of incidents that a table of methods is about.
func asked(methods []evaluate.MethodResult) int {
	n := 0
	for i := range methods {
		n = max(n, methods[i].Incidents)
	}
	return n
}

// summaryTable has a row per suite and recorded set.
func summaryTable(r *evaluate.Results, targets Targets) string {
	t := newTable(5, "suite", "figure", "best baseline", "against it", "against target", "incidents", "sage [95 % CI]", "it has", "sage as published", "own robust scorer", "target")
	for _, p := range places(r) {
		if p.what != "" {
			continue
		}
		f := p.main()
		value := func(m *evaluate.MethodResult) string {
			if m == nil {
				return nothing
			}
			return f.plain(more).of(m).String()
		}
		ours := missing()
		if m := find(p.methods, theDefault); m != nil {
			ours = f.ranged(more).of(m)
		}
		rival := best(p.methods, f, isBaseline)
		name := nothing
		if rival != nil {
			name = rival.Name
		}
		bound, stand := nothing, nothing
		if target := targets.of(p.where); target != nil && !p.recorded {
			bound, stand = target.bound(), string(target.judge(target.find(r)))
		}
		t.add(p.where, f.title, name, standing(p, f, rival), stand, count(asked(p.methods)).String(), ours.String(), value(rival),
			value(find(p.methods, asPublished)), value(find(p.methods, ownRobust)), bound)
	}
	return t.String()
}

// standing says how the default does against another method.
func standing(p place, f figure, rival *evaluate.MethodResult) string {
	d, loses := against(p, f, rival)
	switch {
	case d.ours == nil:
		return nothing
	case loses:
		return "loses to it"
	case d.by < -alike:
		return "ahead"
	default:
		return "level"
	}
}

// of returns the target of a suite's row, nil where there is none.
func (ts Targets) of(suite string) *Target {
	for i := range ts {
		if ts[i].Suite == suite {
			return &ts[i]
		}
	}
	return nil
}

// publishedLines lists what others report on the recorded sets.
func publishedLines(r *evaluate.Results) []string {
	var out []string
	for i := range r.Recorded {
		for _, p := range r.Recorded[i].Published {
			out = append(out, r.Recorded[i].Name+": "+p)
		}
	}
	return out
}

// shortTables writes the tables that a reader of the page needs.
func shortTables(b *strings.Builder, r *evaluate.Results) {
	section(b, 2, "Tables", tablesIntro)
	for i := range r.Suites {
		section(b, 3, r.Suites[i].Name, methodTable(r.Suites[i].Methods, short()))
	}
	if t := pooledTables(r); t != "" {
		section(b, 3, "Kinds of faults over all suites", t)
	}
	for i := range r.Recorded {
		s := &r.Recorded[i]
		section(b, 3, s.Name, methodTable(s.Methods, short()))
		if rows := byFault(s.ByFault); len(rows) > 0 {
			b.WriteString("\nTop-1 by kind of fault:\n\n" + grid("fault", rows, top1()))
		}
	}
	section(b, 3, "Decoys", decoysIntro, decoys(r.Suites))
	section(b, 3, "What-if", whatIfIntro, whatIf(&r.WhatIf))
	section(b, 3, "Calibration", calibrationIntro, calibration(r.Calibration), miscalibrated(r.Calibration))
	section(b, 3, "Ablations", ablationsIntro)
	if len(r.Ablations) == 0 {
		b.WriteString("\n" + notMeasured)
	}
	for i := range r.Ablations {
		b.WriteString("\n" + r.Ablations[i].Name + ":\n\n" + methodTable(r.Ablations[i].Methods, short()))
	}
	section(b, 3, "Robustness", robustnessIntro)
	if len(r.Robustness) == 0 {
		b.WriteString("\n" + notMeasured)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Robustness)) {
		b.WriteString("\n" + name + ":\n\n" + curveTable(curve(r.Robustness[name])))
	}
	section(b, 3, "Service updates", updatesIntro, updates(r.Updates.Steps))
}

// curveTable has a row per point, with a bar of the default's exact share.
func curveTable(points []measurement) string {
	t := newTable(3, "at", "sage, exact", "best baseline", "incidents", "sage [95 % CI]", "top-1", "robust", "baseline has")
	for _, p := range points {
		bars, ours, first := "", missing(), missing()
		if m := find(p.methods, theDefault); m != nil {
			ours, first = exact().ranged(more).of(m), top1().plain(more).of(m)
			if ours.known {
				bars = bar(m.Exact)
			}
		}
		own := missing()
		if m := find(p.methods, ownRobust); m != nil {
			own = exact().plain(more).of(m)
		}
		name, rival := nothing, missing()
		if m := best(p.methods, exact(), isBaseline); m != nil {
			name, rival = m.Name, exact().plain(more).of(m)
		}
		t.add(p.name, bars, name, count(asked(p.methods)).String(), ours.String(), first.String(), own.String(), rival.String())
	}
	return t.String()
}

// miscalibrated lists the rows of the reliability table whose interval does not
// hold what was stated.
func miscalibrated(bins []evaluate.Bin) string {
	var out []string
	for i := range bins {
		b := &bins[i]
		if b.N == 0 || b.CI == (evaluate.Interval{}) {
			continue
		}
		kind := ""
		switch {
		case b.Mean > b.CI[1]:
			kind = "overconfident"
		case b.Mean < b.CI[0]:
			kind = "underconfident"
		default:
			continue
		}
		out = append(out, fmt.Sprintf("%s where it states %s to %s %%: stated %s %% on average, right in %s %%.", kind, percent(b.From), percent(b.To), percent(b.Mean), percent(b.Right)))
	}
	return list(out)
}
