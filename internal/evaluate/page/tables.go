package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/evaluate"
)

// Tables renders every table of an evaluation as Markdown. Shares are in percent,
// the best value of a column (of a row, where methods are columns) is bold.
func Tables(r *evaluate.Results) string {
	if r == nil {
		r = &evaluate.Results{}
	}
	var b strings.Builder
	b.WriteString("# Evaluation\n\n" + strings.TrimSpace(howToRead) + "\n")
	if r.Digest != "" {
		b.WriteString("\nDigest of all figures but times: `" + r.Digest + "`.\n")
	}
	section(&b, 2, "Simulated applications")
	if len(r.Suites) == 0 {
		b.WriteString("\n" + notMeasured)
	}
	for i := range r.Suites {
		suite(&b, &r.Suites[i])
	}
	if t := pooledTables(r); t != "" {
		section(&b, 3, "Kinds of faults over all suites", t)
	}
	section(&b, 2, "Decoys", decoysIntro, decoys(r.Suites))
	section(&b, 2, "Recorded from real systems")
	if len(r.Recorded) == 0 {
		b.WriteString("\n" + notMeasured)
	}
	for i := range r.Recorded {
		recordedSet(&b, &r.Recorded[i])
	}
	section(&b, 2, "Ablations", ablationsIntro)
	if len(r.Ablations) == 0 {
		b.WriteString("\n" + notMeasured)
	}
	for i := range r.Ablations {
		suite(&b, &r.Ablations[i])
	}
	section(&b, 2, "What-if", whatIfIntro, whatIf(&r.WhatIf))
	section(&b, 2, "Calibration", calibrationIntro, calibration(r.Calibration))
	section(&b, 2, "Robustness", robustnessIntro)
	if len(r.Robustness) == 0 {
		b.WriteString("\n" + notMeasured)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Robustness)) {
		rows := curve(r.Robustness[name])
		section(&b, 3, name, "Exact culprit set:", grid("at", rows, exact()), "Top-1:", grid("at", rows, top1()))
	}
	section(&b, 2, "Service updates", updatesIntro, updates(r.Updates.Steps))
	return b.String()
}

// suite writes the tables of one suite.
func suite(b *strings.Builder, s *evaluate.Suite) {
	section(b, 3, s.Name, methodTable(s.Methods, everything()))
	if len(s.Methods) > 0 {
		section(b, 4, s.Name+": intervals", methodTable(s.Methods, intervals()))
	}
	if rows := byFault(s.ByFault); len(rows) > 0 {
		section(b, 4, s.Name+": exact by kind of fault", grid("fault", rows, exact()))
		section(b, 4, s.Name+": top-1 by kind of fault", grid("fault", rows, top1()))
	}
}

// recordedSet writes the tables of one recording.
func recordedSet(b *strings.Builder, s *evaluate.RecordedSet) {
	section(b, 3, s.Name, methodTable(s.Methods, everything()))
	if s.Unmeasured != "" {
		b.WriteString("\n" + list(append([]string{s.Unmeasured}, s.Notes...)))
	}
	if len(s.Methods) > 0 {
		section(b, 4, s.Name+": intervals", methodTable(s.Methods, intervals()))
	}
	if rows := byFault(s.ByFault); len(rows) > 0 {
		section(b, 4, s.Name+": top-1 by kind of fault", grid("fault", rows, top1()))
		section(b, 4, s.Name+": exact by kind of fault", grid("fault", rows, exact()))
	}
	if len(s.Published) > 0 {
		section(b, 4, s.Name+": published by others on the same data", list(s.Published))
	}
}

// list is a bullet per line.
func list(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString("- " + strings.Join(strings.Fields(l), " ") + "\n")
	}
	return b.String()
}

// decoys has a row per suite with time in which nothing was wrong.
func decoys(suites []evaluate.Suite) string {
	t := newTable(2, "suite", "false by kind", "hours", "episodes", "false incidents")
	for i := range suites {
		d := &suites[i].Decoys
		if !decoysMeasured(d) {
			continue
		}
		t.add(suites[i].Name, kinds(d.ByKind), fmt.Sprintf("%.1f", d.Hours), count(d.Episodes).String(), count(d.FalseIncidents).String())
	}
	return t.String()
}

// decoysMeasured says whether there was anything that could have raised an incident.
func decoysMeasured(d *evaluate.Decoys) bool { return d.Hours > 0 || d.Episodes > 0 }

// kinds lists false incidents by kind of decoy.
func kinds(by map[string]int) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(by)) {
		if by[k] != 0 {
			out = append(out, fmt.Sprintf("%s %d", k, by[k]))
		}
	}
	if len(out) == 0 {
		return nothing
	}
	return strings.Join(out, ", ")
}

// whatIf is the error of predicted tails.
func whatIf(w *evaluate.WhatIf) string {
	if w.Incidents == 0 {
		return notMeasured
	}
	t := newTable(1, "figure", "value")
	t.add("incidents", count(w.Incidents).String())
	t.add("median error", share(w.MedianAbsRelError).String())
	t.add("90th percentile of the error", share(w.P90AbsRelError).String())
	t.add("90 % intervals that hold the truth [95 % CI]", shareWithin(w.Coverage90, w.CoverageCI).String())
	return t.String()
}

// calibration is the reliability table with its summary.
func calibration(bins []evaluate.Bin) string {
	e, n := calibrationError(bins)
	if n == 0 {
		return notMeasured
	}
	t := newTable(1, "stated", "culprits", "mean stated", "right [95 % CI]")
	for i := range bins {
		b := &bins[i]
		stated, right := missing(), missing()
		if b.N > 0 {
			stated, right = share(b.Mean), shareWithin(b.Right, b.CI)
		}
		t.add(percent(b.From)+" to "+percent(b.To), count(b.N).String(), stated.String(), right.String())
	}
	return t.String() + fmt.Sprintf("\nExpected calibration error: %s points over %d culprits.\n", points(e), n)
}

// calibrationError is the expected calibration error
//
//	ECE = Σ_b n_b/n |mean stated_b - share right_b|
//
// with the number n of statements. See Guo et al., On Calibration of Modern Neural
// Networks (ICML 2017), eq. 3.
func calibrationError(bins []evaluate.Bin) (float64, int) {
	n, sum := 0, 0.0
	for i := range bins {
		b := &bins[i]
		if b.N > 0 {
			n += b.N
			sum += float64(b.N) * max(b.Mean-b.Right, b.Right-b.Mean)
		}
	}
	if n == 0 {
		return 0, 0
	}
	return sum / float64(n), n
}

// updates has a row per step and method.
func updates(steps []evaluate.UpdateStep) string {
	columns := short()
	if len(steps) == 0 {
		return notMeasured
	}
	header := []string{"step", "training s", "method"}
	for _, c := range columns {
		header = append(header, c.title)
	}
	t := newTable(3, header...)
	for i := range steps {
		s := &steps[i]
		trained := nothing
		if s.TrainS != 0 {
			trained = significant(s.TrainS).String()
		}
		if len(s.Methods) == 0 {
			row := []string{s.Name, trained, nothing}
			for range columns {
				row = append(row, nothing)
			}
			t.add(row...)
		}
		for j := range s.Methods {
			row := []string{s.Name, trained, s.Methods[j].Name}
			for _, c := range columns {
				row = append(row, c.of(&s.Methods[j]).String())
			}
			t.add(row...)
		}
	}
	return t.String()
}
