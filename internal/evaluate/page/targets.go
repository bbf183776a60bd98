package page

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/evaluate"
)

// Names by which targets find their figures; an evaluation that names its curve or
// its steps otherwise shows these targets as not measured.
const (
	// CurveSampling is a curve of this name, or with an application before it.
	CurveSampling     = "sampling"
	SamplingFull      = "100 %"
	SamplingTenth     = "10 %"
	SamplingHundredth = "1 %"
	// WithHistograms is appended where the duration histograms of SDKs come as well.
	WithHistograms = ", SDK histograms"

	StepAdded   = "added"   // services were added, the model does not know them yet
	StepPartial = "partial" // the same after partial retraining
	StepScratch = "scratch" // the same after training from scratch
)

// Targets are what the method shall reach.
type Targets []Target

// Target is a bound on one figure of the default method.
type Target struct {
	Suite    string  // in whose row of the summary it is shown, "" for none
	What     string  // the figure, in words
	Min, Max float64 // both inclusive, infinite where there is no bound
	Unit     Unit
	// find takes the figure out of results.
	find func(r *evaluate.Results) found
}

// Unit says how a figure is shown.
type Unit int

// Units of targets.
const (
	Percent Unit = iota
	Points       // differences of shares, in percentage points
	Count
	Times // ratios
)

// found is a figure of a target.
type found struct {
	value float64
	ci    evaluate.Interval
	note  string // where it was found, if that is not plain
	ok    bool
}

// Design returns the targets of this project's design.
func Design() Targets {
	inf := math.Inf(1)
	return Targets{
		exactSet("chain", 0.97), exactSet("fanout", 0.96), exactSet("social", 0.96),
		exactSet("syn-64", 0.94), exactSet("syn-256", 0.93), exactSet("syn-1024", 0.92),
		{What: "wrong-culprit incidents in the worst suite", Min: -inf, Max: 0.02, find: worstWrong},
		{What: "incidents raised by decoys", Min: -inf, Unit: Count, find: falseIncidents},
		{What: "exact after services were added, at once", Min: 0.90, Max: inf, find: step(StepAdded)},
		{What: "exact after partial retraining", Min: 0.92, Max: inf, find: step(StepPartial)},
		{What: "training from scratch takes, times partial retraining", Min: 10, Max: inf, Unit: Times, find: speedup},
		{What: "what-if, median error", Min: -inf, Max: 0.10, find: whatIfError},
		{What: "what-if, truth within 90 % intervals", Min: 0.85, Max: 0.95, find: coverage},
		{What: "exact lost by sampling 10 % of traces", Min: -inf, Max: 0.01, Unit: Points, find: samplingCost(SamplingTenth)},
		{What: "exact lost by sampling 1 % of traces", Min: -inf, Max: 0.03, Unit: Points, find: samplingCost(SamplingHundredth)},
		{What: "exact lost by sampling 10 % of traces, with histograms of SDKs", Min: -inf, Max: 0.01, Unit: Points, find: samplingCost(SamplingTenth + WithHistograms)},
		{What: "exact lost by sampling 1 % of traces, with histograms of SDKs", Min: -inf, Max: 0.03, Unit: Points, find: samplingCost(SamplingHundredth + WithHistograms)},
		{What: "recorded kinds of faults where a baseline is ahead (top-1)", Min: -inf, Unit: Count, find: baselinesAhead},
		{What: "places where its own robust scorer is ahead", Min: -inf, Unit: Count, find: robustAhead},
	}
}

func exactSet(suite string, least float64) Target {
	return Target{Suite: suite, What: suite + ", exact culprit set", Min: least, Max: math.Inf(1), find: func(r *evaluate.Results) found {
		for i := range r.Suites {
			if r.Suites[i].Name == suite {
				return ofExact(r.Suites[i].Methods)
			}
		}
		return found{}
	}}
}

func ofExact(methods []evaluate.MethodResult) found {
	m := find(methods, theDefault)
	if m == nil || m.Incidents == 0 {
		return found{}
	}
	return found{value: m.Exact, ci: m.ExactCI, ok: true}
}

func worstWrong(r *evaluate.Results) found {
	var out found
	for i := range r.Suites {
		m := find(r.Suites[i].Methods, theDefault)
		if m == nil || m.Incidents == 0 {
			continue
		}
		if !out.ok || m.Wrong > out.value {
			out = found{value: m.Wrong, ci: m.WrongCI, note: r.Suites[i].Name, ok: true}
		}
	}
	return out
}

func falseIncidents(r *evaluate.Results) found {
	var out found
	hours := 0.0
	for i := range r.Suites {
		if d := &r.Suites[i].Decoys; decoysMeasured(d) {
			out.value += float64(d.FalseIncidents)
			hours += d.Hours
			out.ok = true
		}
	}
	out.note = fmt.Sprintf("in %.1f hours", hours)
	return out
}

func step(name string) func(r *evaluate.Results) found {
	return func(r *evaluate.Results) found {
		if s := findStep(r, name); s != nil {
			return ofExact(s.Methods)
		}
		return found{}
	}
}

func findStep(r *evaluate.Results, name string) *evaluate.UpdateStep {
	for i := range r.Updates.Steps {
		if r.Updates.Steps[i].Name == name {
			return &r.Updates.Steps[i]
		}
	}
	return nil
}

func speedup(r *evaluate.Results) found {
	partial, scratch := findStep(r, StepPartial), findStep(r, StepScratch)
	if partial == nil || scratch == nil || !(partial.TrainS > 0) || !(scratch.TrainS > 0) {
		return found{}
	}
	return found{value: scratch.TrainS / partial.TrainS, ok: true}
}

func whatIfError(r *evaluate.Results) found {
	return found{value: r.WhatIf.MedianAbsRelError, ok: r.WhatIf.Incidents > 0}
}

func coverage(r *evaluate.Results) found {
	return found{value: r.WhatIf.Coverage90, ci: r.WhatIf.CoverageCI, ok: r.WhatIf.Incidents > 0}
}

// samplingCost is the largest loss of any application with such a curve.
func samplingCost(at string) func(r *evaluate.Results) found {
	return func(r *evaluate.Results) found {
		var out found
		for _, name := range slices.Sorted(maps.Keys(r.Robustness)) {
			if name != CurveSampling && !strings.HasSuffix(name, ": "+CurveSampling) {
				continue
			}
			var full, sampled found
			for _, p := range r.Robustness[name] {
				switch p.At {
				case SamplingFull:
					full = ofExact(p.Methods)
				case at:
					sampled = ofExact(p.Methods)
				}
			}
			loss := full.value - sampled.value
			if full.ok && sampled.ok && (!out.ok || loss > out.value) {
				out = found{value: loss, note: name, ok: true}
			}
		}
		return out
	}
}

func baselinesAhead(r *evaluate.Results) found {
	var out found
	of := 0
	for _, p := range places(r) {
		if !p.recorded || p.what == "" {
			continue
		}
		rival := best(p.methods, top1(), isBaseline)
		d, ahead := against(p, top1(), rival)
		if ahead {
			out.value++
			out.note += fmt.Sprintf("%s %s (%s), ", p.where, p.what, d.theirs.Name)
		}
		if m := find(p.methods, theDefault); m != nil && m.Incidents > 0 && rival != nil {
			of++
		}
	}
	out.ok = of > 0
	out.note += fmt.Sprintf("of %d", of)
	return out
}

// robustAhead counts places, not figures of places.
func robustAhead(r *evaluate.Results) found {
	isRobust := func(name string) bool { return name == ownRobust }
	type key struct{ where, what string }
	ahead := make(map[key]bool)
	for _, d := range robustDefeats(r) {
		ahead[key{d.place.where, d.place.what}] = true
	}
	return found{value: float64(len(ahead)), ok: compared(append(places(r), curvePlaces(r)...), isRobust)}
}
