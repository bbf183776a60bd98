package floor

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/evaluate"
)

// WhatIf is the suite of the figures of predicted tails, which belong to no method.
const WhatIf = "whatif"

// Floor bounds one figure. One of Min and Max is set, as the figure asks for; both
// may be for the coverage of intervals.
type Floor struct {
	Suite  string `json:"suite"`  // suite or recorded set by its name, or WhatIf
	Method string `json:"method"` // "" for what belongs to no method
	Figure string `json:"figure"` // by its name in the results
	// Min is the least that the figure may be, Max the most, in its own unit.
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

// key is what a floor is about.
type key struct{ suite, method, figure string }

func (f *Floor) key() key { return key{f.Suite, f.Method, f.Figure} }

func (f *Floor) compare(g *Floor) int {
	return cmp.Or(cmp.Compare(f.Suite, g.Suite), cmp.Compare(f.Method, g.Method), cmp.Compare(f.Figure, g.Figure))
}

func (k key) String() string {
	if k.method == "" {
		return fmt.Sprintf("%s %s", k.suite, k.figure)
	}
	return fmt.Sprintf("%s %s %s", k.suite, k.method, k.figure)
}

// Check returns an error with every figure that is beyond its floor or not there,
// and nil where all hold. Checking nothing is an error too.
func Check(r *evaluate.Results, floors []Floor) error {
	if len(floors) == 0 {
		return errors.New("floor: there are no floors to check")
	}
	var errs []error
	for i := range floors {
		if err := check(r, &floors[i]); err != nil {
			errs = append(errs, fmt.Errorf("floor: %s %w", floors[i].key(), err))
		}
	}
	return errors.Join(errs...)
}

// rounding is how far a figure may be from its floor for the sake of sums that are
// added up in another order.
const rounding = 1e-9

func check(r *evaluate.Results, f *Floor) error {
	v, err := look(r, f.key())
	switch {
	case err != nil:
		return err
	case f.Min == nil && f.Max == nil:
		return errors.New("has neither min nor max")
	case math.IsNaN(v.value):
		return errors.New("is not a number")
	case f.Min != nil && !(v.value >= *f.Min-rounding):
		return fmt.Errorf("is %.4f, below its floor of %.4f", v.value, *f.Min)
	case f.Max != nil && !(v.value <= *f.Max+rounding):
		return fmt.Errorf("is %.4f, above its ceiling of %.4f", v.value, *f.Max)
	}
	return nil
}

// sorted returns a sorted copy, so that a file changes where its floors do.
func sorted(floors []Floor) []Floor {
	out := slices.Clone(floors)
	slices.SortStableFunc(out, func(a, b Floor) int { return a.compare(&b) })
	return out
}
