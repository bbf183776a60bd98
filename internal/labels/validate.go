package labels

import (
	"errors"
	"fmt"
	"slices"
)

// mechanisms are those that a culprit may have, besides none.
var mechanisms = []string{"cpu", "memory", "disk", "network", "pool", "retry", "traffic", "gc", "queue_wait", "error_rate", "change", "latent"}

// Validate reports everything that is wrong with f, nil if nothing is.
func (f *File) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if f.WindowS < 0 {
		wrong("window_s must be positive (got %g)", f.WindowS)
	}
	if e := f.Entry; e != nil {
		if e.Service == "" {
			wrong("entry: service is missing")
		}
		if e.Operation == "" {
			wrong("entry: operation is missing")
		}
		if e.Quantile <= 0 || e.Quantile >= 1 {
			wrong("entry: quantile must be between 0 and 1 (got %g)", e.Quantile)
		}
		if e.ThresholdS <= 0 {
			wrong("entry: threshold_s must be positive (got %g)", e.ThresholdS)
		}
	}
	for i := range f.Incidents {
		for _, err := range f.Incidents[i].validate() {
			wrong("incidents[%d]: %w", i, err)
		}
	}
	return errors.Join(errs...)
}

func (i *Incident) validate() []error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if i.Fault == "" {
		wrong("fault is missing")
	}
	switch {
	case i.Start.IsZero():
		wrong("start is missing")
	case i.End.IsZero():
		wrong("end is missing")
	case !i.End.After(i.Start):
		wrong("end must be after start (got %s and %s)", i.End, i.Start)
	}
	if i.Decoy && len(i.Culprits) > 0 {
		wrong("a decoy has no culprits (got %d)", len(i.Culprits))
	}
	if !i.Decoy && len(i.Culprits) == 0 {
		wrong("culprits are missing")
	}
	for k := range i.Culprits {
		c := &i.Culprits[k]
		if c.Service == "" {
			wrong("culprits[%d]: service is missing", k)
		}
		if c.Mechanism != "" && !slices.Contains(mechanisms, c.Mechanism) {
			wrong("culprits[%d]: there is no mechanism %q", k, c.Mechanism)
		}
		if slices.Contains(c.Also, "") {
			wrong("culprits[%d]: an empty name in also", k)
		}
	}
	return errs
}
