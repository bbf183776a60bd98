package evaluate

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/method"
)

// guess is a prediction of a tail beside the true one, in seconds.
type guess struct{ predicted, lower, upper, truth float64 }

// guesses returns what a method predicted for the windows from which the answers of
// incidents come, over those answered exactly, of which the truth is known.
func guesses(name string, incidents []*Incident) []guess {
	var out []guess
	for _, in := range incidents {
		rep := in.replies[name]
		if rep == nil {
			continue
		}
		answer, at := vote(rep.answers)
		if at < 0 || !judge(&in.Truth, &answer).exact || math.IsNaN(answer.Quantile) {
			continue
		}
		if truth, ok := in.without[in.starts[at]]; ok && truth > 0 {
			out = append(out, guess{answer.Quantile, answer.Lower, answer.Upper, truth})
		}
	}
	return out
}

// whatIf describes guesses.
func whatIf(gs []guess) WhatIf {
	w := WhatIf{Incidents: len(gs)}
	if len(gs) == 0 {
		w.CoverageCI = wilson(0, 0)
		return w
	}
	var errs []float64
	covered := 0
	for _, g := range gs {
		errs = append(errs, math.Abs(g.predicted-g.truth)/g.truth)
		covered += count(g.lower <= g.truth && g.truth <= g.upper)
	}
	slices.Sort(errs)
	w.MedianAbsRelError = middle(errs)
	w.P90AbsRelError = errs[min(len(errs)-1, int(0.9*float64(len(errs))))]
	w.Coverage90 = float64(covered) / float64(len(gs))
	w.CoverageCI = wilson(float64(covered), float64(len(gs)))
	return w
}

// said is a culprit with its stated probability, and whether it was one.
type said struct {
	probability float64
	right       bool
}

// stated returns the culprits that a method states a probability of.
func stated(name string, incidents []*Incident) []said {
	var out []said
	for _, in := range incidents {
		rep := in.replies[name]
		if rep == nil {
			continue
		}
		answer, _ := vote(rep.answers)
		for _, c := range answer.Culprits {
			out = append(out, said{c.Probability, right(in, c)})
		}
	}
	return out
}

func right(in *Incident, c method.Candidate) bool { return in.Truth.right(c.Service) }

// binEdges are the bounds of the reliability table.
var binEdges = [...]float64{0, 0.3, 0.5, 0.7, 0.9, 0.95, 1}

// calibration returns the reliability table of what was stated.
func calibration(all []said) []Bin {
	var out []Bin
	for i := range len(binEdges) - 1 {
		b := Bin{From: binEdges[i], To: binEdges[i+1]}
		rights := 0
		for _, s := range all {
			if s.probability < b.From || s.probability >= b.To && b.To < 1 {
				continue
			}
			b.N++
			b.Mean += s.probability
			rights += count(s.right)
		}
		if b.N > 0 {
			b.Mean /= float64(b.N)
			b.Right = float64(rights) / float64(b.N)
		}
		b.CI = wilson(float64(rights), float64(b.N))
		out = append(out, b)
	}
	return out
}
