package slo

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// defaultTarget stands for a target and a quantile that are both left out.
const defaultTarget = 0.99

// complete fills in the defaults, and returns all that is wrong.
func (c *Config) complete() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("slo: "+format, args...)) }
	c.completeObjectives(bad)
	if c.OpenK < 1 || c.OpenN < c.OpenK || c.OpenN > maxRun || c.ResolveM < 1 {
		bad("rule needs 1 <= k <= n <= %d and m >= 1 (got k=%d n=%d m=%d)", maxRun, c.OpenK, c.OpenN, c.ResolveM)
	}
	orderRules(c.Burn, bad)
	for i := range c.Objectives {
		o := &c.Objectives[i]
		orderRules(o.Burn, func(format string, args ...any) { bad("objective %d: "+format, append([]any{i}, args...)...) })
	}
	if c.Budget != 0 && c.Budget < minPeriod {
		bad("period of error budgets must be at least %s (got %s)", minPeriod, c.Budget)
	}
	if !(c.MinRequests >= 0) || math.IsInf(c.MinRequests, 1) {
		bad("requests of a measured window must not be negative (got %v)", c.MinRequests)
	}
	if l := c.Learn; l.Enabled && (l.Windows < 1 || !within(l.Quantile) || !(l.Headroom >= 1) || math.IsInf(l.Headroom, 1)) {
		bad("learning needs windows >= 1, a quantile in (0, 1) and headroom >= 1 (got %d, %v, %v)", l.Windows, l.Quantile, l.Headroom)
	} else if err := Reachable(c.Burn, l.Quantile); l.Enabled && err != nil {
		bad("learned objectives: %w", err)
	}
	if l := c.Learn; l.Enabled && (l.Median != 0 && !(l.Median >= 1) || math.IsInf(l.Median, 1) || !(l.Errors >= 0 && l.Errors < 1)) {
		bad("learning needs a headroom of the median of 0 or >= 1, and a share of errors in [0, 1) (got %v, %v)", l.Median, l.Errors)
	}
	return errors.Join(errs...)
}

// minPeriod of an error budget, so that its buckets have a width.
const minPeriod = time.Minute

// completeObjectives fills in what objectives leave out.
func (c *Config) completeObjectives(bad func(format string, args ...any)) {
	names := make(map[string]bool)
	for i := range c.Objectives {
		o := &c.Objectives[i]
		if o.Name == "" || o.Service.Name == "" {
			bad("objective %d needs a name and a service", i)
		}
		if names[o.Name] {
			bad("objective %d has the name %q of another", i, o.Name)
		}
		names[o.Name] = true
		o.complete(func(format string, args ...any) { bad("objective %d "+format, append([]any{i}, args...)...) })
		if o.Learned {
			bad("objective %d is configured, not learned", i)
		}
		if err := Reachable(c.rules(*o), o.Target); err != nil && within(o.Target) {
			bad("objective %d: %w", i, err)
		}
	}
}

// complete fills in the numbers that are left out, and says what is wrong with them.
func (o *Objective) complete(bad func(format string, args ...any)) {
	switch {
	case o.Indicator == Errors:
		if o.Quantile != 0 || o.Threshold != 0 {
			bad("of errors has neither a quantile nor a threshold (got %v, %s)", o.Quantile, o.Threshold)
		}
		if o.Target == 0 {
			o.Target = defaultTarget
		}
		o.Quantile = errorsQuantile
	case o.Quantile == 0 && o.Target == 0:
		o.Quantile, o.Target = defaultTarget, defaultTarget
	case o.Quantile == 0:
		o.Quantile = o.Target
	case o.Target == 0:
		o.Target = o.Quantile
	}
	if !within(o.Quantile) || !within(o.Target) || o.Budget() == 0 || o.Indicator == Latency && o.Threshold <= 0 {
		bad("needs a quantile and a target in (0, 1) and a positive threshold (got %v, %v, %s)", o.Quantile, o.Target, o.Threshold)
	}
	if o.Indicator > Errors {
		bad("is about nothing that is known (got %d)", o.Indicator)
	}
	if o.Period != 0 && o.Period < minPeriod {
		bad("has an error budget over %s, which is under %s", o.Period, minPeriod)
	}
}

func within(v float64) bool { return v > 0 && v < 1 }
