package page

import (
	"fmt"
	"strings"

	"github.com/sage-rca/sage/internal/evaluate"
)

// Of the longest lists, so many rows are shown.
const (
	mostDefeats = 10
	mostLowest  = 5
)

// whole stands for all incidents of a suite.
const whole = "(all)"

func (p *place) kind() string {
	if p.what == "" {
		return whole
	}
	return p.what
}

// weaknesses writes where the method is weak, all of it computed.
func weaknesses(b *strings.Builder, r *evaluate.Results) {
	section(b, 2, "Where it is weak", weakIntro)
	section(b, 3, "Loses most to another method", defeatTable(r, defeats(r)))
	section(b, 3, "Loses to its own robust scorer", robustTable(r))
	section(b, 3, "Finds least", lowestTable(r))
	section(b, 3, "Parts that cost more than they bring", burdens(r))
}

// compared says whether the default was held against any other method.
func compared(all []place, keep func(name string) bool) bool {
	for i := range all {
		if m := find(all[i].methods, theDefault); m != nil && m.Incidents > 0 && best(all[i].methods, exact(), keep) != nil {
			return true
		}
	}
	return false
}

func defeatTable(r *evaluate.Results, all []defeat) string {
	if len(all) == 0 {
		if !compared(places(r), isOther) {
			return notMeasured
		}
		return "No other method is ahead of `sage` in any suite, recorded set or kind of fault."
	}
	t := newTable(4, "where", "fault", "figure", "best other", "incidents", "sage [95 % CI]", "it has", "loses by, points", "by, incidents")
	for i := range all[:min(len(all), mostDefeats)] {
		d := &all[i]
		v, _ := d.figure.of(d.theirs)
		t.add(d.place.where, d.place.kind(), d.figure.title, d.theirs.Name, count(d.ours.Incidents).String(),
			shareWithin(d.figure.of(d.ours)).String(), percent(v), points(d.by), fmt.Sprintf("%.1f", d.lost()))
	}
	out := t.String()
	if more := len(all) - mostDefeats; more > 0 {
		out += fmt.Sprintf("\nand %d more, by fewer incidents.\n", more)
	}
	return out
}

func robustTable(r *evaluate.Results) string {
	all := robustDefeats(r)
	if len(all) == 0 {
		if !compared(append(places(r), curvePlaces(r)...), func(name string) bool { return name == ownRobust }) {
			return notMeasured
		}
		return "Nowhere: `sage` is level with or ahead of `robust` in every suite, recorded set, kind of fault and point of a curve."
	}
	t := newTable(3, "where", "fault or point", "figure", "incidents", "sage [95 % CI]", "robust has", "loses by, points")
	for i := range all {
		d := &all[i]
		v, _ := d.figure.of(d.theirs)
		t.add(d.place.where, d.place.kind(), d.figure.title, count(d.ours.Incidents).String(),
			shareWithin(d.figure.of(d.ours)).String(), percent(v), points(d.by))
	}
	return robustIntro + "\n" + t.String()
}

func lowestTable(r *evaluate.Results) string {
	low := lowest(r, mostLowest)
	if len(low) == 0 {
		if !compared(places(r), func(string) bool { return true }) {
			return notMeasured
		}
		return "Nowhere: every suite, recorded set and kind of fault is at 100 %."
	}
	t := newTable(3, "where", "fault", "figure", "incidents", "sage [95 % CI]", "missed", "wrong")
	for i := range low {
		p := &low[i]
		m := find(p.methods, theDefault)
		t.add(p.where, p.kind(), p.main().title, count(m.Incidents).String(), shareWithin(p.main().of(m)).String(), percent(m.Missed), percent(m.Wrong))
	}
	return t.String()
}

// burdens lists ablations that are better than the whole.
func burdens(r *evaluate.Results) string {
	t := newTable(2, "suite", "ablation", "incidents", "exact", "sage", "better by, points")
	measured := false
	for i := range r.Ablations {
		s := &r.Ablations[i]
		ours := reference(r, s)
		for j := range s.Methods {
			m := &s.Methods[j]
			if m.Name == theDefault || ours == nil || ours.Incidents == 0 || m.Incidents == 0 {
				continue
			}
			measured = true
			if m.Exact-ours.Exact > alike {
				t.add(s.Name, m.Name, count(m.Incidents).String(), percent(m.Exact), percent(ours.Exact), points(m.Exact-ours.Exact))
			}
		}
	}
	switch {
	case !measured:
		return notMeasured
	case len(t.rows) == 0:
		return "None: no ablation finds more exact sets than the whole."
	}
	return burdensIntro + "\n" + t.String()
}

// reference is the whole that an ablation is held against: of its own suite, or of
// the suite of that name.
func reference(r *evaluate.Results, ablation *evaluate.Suite) *evaluate.MethodResult {
	if m := find(ablation.Methods, theDefault); m != nil {
		return m
	}
	for i := range r.Suites {
		if r.Suites[i].Name == ablation.Name {
			return find(r.Suites[i].Methods, theDefault)
		}
	}
	return nil
}
