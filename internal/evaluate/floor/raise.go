package floor

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/evaluate"
)

// Raise returns the floors moved up to what r reached, less a slack, and ceilings
// down likewise; never the other way, and not at all where a figure is not there:
//
//	min' = max(min, value - slack),  max' = min(max, value + slack)
//
// The slack is one incident of n, that is 1/n, of shares, a tenth of errors, and one
// window of windows. False incidents have none: they are decided far from the close
// calls that processors could turn. The bounds of coverage stay, since neither more
// nor less of it is better.
func Raise(r *evaluate.Results, floors []Floor) []Floor {
	out := sorted(floors)
	for i := range out {
		f := &out[i]
		v, err := look(r, f.key())
		if err != nil || math.IsNaN(v.value) || math.IsInf(v.value, 0) {
			continue
		}
		switch kindOf(f.key()).better {
		case up:
			if f.Min != nil {
				f.Min = pointer(max(*f.Min, digits(v.value-slack(f.key(), v), math.Floor)))
			}
		case down:
			if f.Max != nil {
				f.Max = pointer(min(*f.Max, digits(v.value+slack(f.key(), v), math.Ceil)))
			}
		case inside, unknown:
		}
	}
	return out
}

// slack is by how much a figure may worsen unseen.
func slack(k key, v reading) float64 {
	switch {
	case kindOf(k).share:
		return 1 / float64(v.incidents)
	case k.figure == falseIncidents:
		return 0
	case k.figure == "windows_to_verdict":
		return 1
	default:
		return 0.1 * v.value
	}
}

// digits rounds to the four digits of the file, to the lenient side. What is a
// whole number of them up to the rounding of a subtraction stays.
func digits(v float64, round func(float64) float64) float64 {
	const scale = 1e4
	if whole := math.Round(v * scale); math.Abs(v*scale-whole) < 1e-6 {
		return whole / scale
	}
	return round(v*scale) / scale
}

// watched are the figures of a method that Cover sets a floor to.
var watched = [...]string{"exact", "top1", "top3", "resource", "missed", "wrong"}

// Cover adds the weakest possible floors for what r measured of a method and floors
// do not speak of: its figures on each suite and recorded set, false incidents and
// predicted tails. Raised, they hold what r reached.
func Cover(r *evaluate.Results, method string, floors []Floor) []Floor {
	out := slices.Clone(floors)
	if r == nil {
		return sorted(out)
	}
	var names []string
	for i := range r.Suites {
		names = append(names, r.Suites[i].Name)
	}
	for i := range r.Recorded {
		names = append(names, r.Recorded[i].Name)
	}
	var wanted []key
	for _, suite := range names {
		for _, figure := range watched {
			wanted = append(wanted, key{suite, method, figure})
		}
		wanted = append(wanted, key{suite, "", falseIncidents})
	}
	wanted = append(wanted, key{WhatIf, "", medianError})
	for _, k := range wanted {
		v, err := look(r, k)
		if err != nil || slices.ContainsFunc(out, func(f Floor) bool { return f.key() == k }) {
			continue
		}
		f := Floor{Suite: k.suite, Method: k.method, Figure: k.figure}
		switch {
		case kindOf(k).better == up:
			f.Min = pointer(0)
		case kindOf(k).share:
			f.Max = pointer(1)
		default:
			f.Max = pointer(digits(v.value+slack(k, v), math.Ceil)) // it has no weakest
		}
		out = append(out, f)
	}
	return sorted(out)
}

func pointer(v float64) *float64 { return &v }
