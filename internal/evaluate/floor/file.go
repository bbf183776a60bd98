package floor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// Read reads floors from a JSON file, an array of Floor. It refuses what would check
// less than it seems to: unknown fields and figures, bounds on the wrong side or
// out of range, two floors for one figure, and no floors at all.
func Read(path string) ([]Floor, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("floor: %w", err)
	}
	var floors []Floor
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&floors); err != nil {
		return nil, fmt.Errorf("floor: %s: %w", path, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("floor: %s: more than one JSON value", path)
	}
	if err := validate(floors); err != nil {
		return nil, fmt.Errorf("floor: %s: %w", path, err)
	}
	return floors, nil
}

// Write writes floors to a JSON file, sorted, one to a line, so that a difference
// shows what moved.
func Write(path string, floors []Floor) error {
	if err := validate(floors); err != nil {
		return fmt.Errorf("floor: %s: %w", path, err)
	}
	var out bytes.Buffer
	for i, f := range sorted(floors) {
		line, err := json.Marshal(f)
		if err != nil {
			return fmt.Errorf("floor: %s: %w", path, err)
		}
		out.WriteString([]string{"[\n  ", ",\n  "}[min(i, 1)])
		out.Write(line)
	}
	out.WriteString("\n]\n")
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	return nil
}

// validate reports everything that is wrong with floors.
func validate(floors []Floor) error {
	if len(floors) == 0 {
		return errors.New("no floors")
	}
	var errs []error
	seen := make(map[key]bool)
	for i := range floors {
		f := &floors[i]
		if err := f.validate(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.key(), err))
		}
		if seen[f.key()] {
			errs = append(errs, fmt.Errorf("%s: there are two floors for it", f.key()))
		}
		seen[f.key()] = true
	}
	return errors.Join(errs...)
}

func (f *Floor) validate() error {
	k := kindOf(f.key())
	switch {
	case k.better == unknown:
		return errNoFigure
	case f.Min == nil && f.Max == nil:
		return errors.New("has neither min nor max")
	case k.better == up && f.Max != nil:
		return errors.New("more of it is better: it has a min and no max")
	case k.better == down && f.Min != nil:
		return errors.New("less of it is better: it has a max and no min")
	}
	for _, v := range []*float64{f.Min, f.Max} {
		if v != nil && (math.IsNaN(*v) || *v < 0 || math.IsInf(*v, 0) || k.share && *v > 1) {
			return fmt.Errorf("a bound of %v cannot be: shares are from 0 to 1, and nothing is negative", *v)
		}
	}
	return nil
}
