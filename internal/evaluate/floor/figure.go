package floor

import (
	"errors"
	"fmt"

	"github.com/sage-rca/sage/internal/evaluate"
)

// better says which way a figure improves.
type better int

const (
	unknown better = iota
	up
	down
	inside // neither: it shall be within bounds
)

// kind is what is known of a figure by its name.
type kind struct {
	better better
	share  bool // within [0, 1]
}

// Figures that belong to a suite and to no method, and to WhatIf.
const (
	falseIncidents = "false_incidents"
	medianError    = "median_abs_rel_error"
	p90Error       = "p90_abs_rel_error"
	coverage       = "coverage90"
)

// kindOf describes a figure of k's place; unknown if there is none of that name.
func kindOf(k key) kind {
	if k.method == "" {
		switch {
		case k.suite != WhatIf && k.figure == falseIncidents:
			return kind{down, false}
		case k.suite == WhatIf && (k.figure == medianError || k.figure == p90Error):
			return kind{down, false}
		case k.suite == WhatIf && k.figure == coverage:
			return kind{inside, true}
		}
		return kind{}
	}
	switch k.figure {
	case "exact", "top1", "top3", "avg5", "f1", "resource":
		return kind{up, true}
	case "missed", "wrong", "abstained":
		return kind{down, true}
	case "windows_to_verdict":
		return kind{down, false}
	}
	return kind{}
}

// reading is a figure with the number of incidents behind it.
type reading struct {
	value     float64
	incidents int
}

var (
	errNoFigure    = errors.New("is no figure that can have a floor")
	errNoSuite     = errors.New("is not there: no suite or recorded set of that name")
	errTwoSuites   = errors.New("is not clear: two suites or recorded sets have that name")
	errNoMethod    = errors.New("is not there: no such method")
	errNoIncidents = errors.New("is not there: nothing was measured")
	errNull        = errors.New("is not there: it is null")
)

// look takes a figure out of results. What was measured on nothing is not there.
func look(r *evaluate.Results, k key) (reading, error) {
	if kindOf(k).better == unknown {
		return reading{}, errNoFigure
	}
	if r == nil {
		r = &evaluate.Results{}
	}
	if k.method == "" && k.suite == WhatIf {
		return ofWhatIf(&r.WhatIf, k.figure)
	}
	methods, decoys, err := place(r, k.suite)
	if err != nil {
		return reading{}, err
	}
	if k.method == "" {
		if decoys == nil || decoys.Episodes == 0 && decoys.Hours == 0 {
			return reading{}, errNoIncidents
		}
		return reading{float64(decoys.FalseIncidents), decoys.Episodes}, nil
	}
	for i := range methods {
		if methods[i].Name == k.method {
			return ofMethod(&methods[i], k.figure)
		}
	}
	return reading{}, errNoMethod
}

// place finds a suite or a recorded set; the latter has no decoys.
func place(r *evaluate.Results, name string) ([]evaluate.MethodResult, *evaluate.Decoys, error) {
	var methods []evaluate.MethodResult
	var decoys *evaluate.Decoys
	n := 0
	for i := range r.Suites {
		if s := &r.Suites[i]; s.Name == name {
			methods, decoys = s.Methods, &s.Decoys
			n++
		}
	}
	for i := range r.Recorded {
		if s := &r.Recorded[i]; s.Name == name {
			methods = s.Methods
			n++
		}
	}
	switch n {
	case 0:
		return nil, nil, errNoSuite
	case 1:
		return methods, decoys, nil
	default:
		return nil, nil, errTwoSuites
	}
}

func ofMethod(m *evaluate.MethodResult, figure string) (reading, error) {
	if m.Incidents == 0 {
		return reading{}, errNoIncidents
	}
	v := reading{incidents: m.Incidents}
	switch figure {
	case "exact":
		v.value = m.Exact
	case "top1":
		v.value = m.Top1
	case "top3":
		v.value = m.Top3
	case "avg5":
		v.value = m.Avg5
	case "f1":
		v.value = m.F1
	case "missed":
		v.value = m.Missed
	case "wrong":
		v.value = m.Wrong
	case "abstained":
		v.value = m.Abstained
	case "resource":
		return maybe(m.Resource, v.incidents)
	case "windows_to_verdict":
		return maybe(m.WindowsToVerdict, v.incidents)
	default:
		return reading{}, fmt.Errorf("%q %w", figure, errNoFigure)
	}
	return v, nil
}

func maybe(p *float64, incidents int) (reading, error) {
	if p == nil {
		return reading{}, errNull
	}
	return reading{*p, incidents}, nil
}

func ofWhatIf(w *evaluate.WhatIf, figure string) (reading, error) {
	if w.Incidents == 0 {
		return reading{}, errNoIncidents
	}
	switch figure {
	case medianError:
		return reading{w.MedianAbsRelError, w.Incidents}, nil
	case p90Error:
		return reading{w.P90AbsRelError, w.Incidents}, nil
	case coverage:
		return reading{w.Coverage90, w.Incidents}, nil
	}
	return reading{}, errNoFigure
}
