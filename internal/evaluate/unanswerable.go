package evaluate

import (
	"errors"
	"fmt"

	"github.com/sage-rca/sage/internal/recorded"
)

// errUnanswerable means that nothing can be asked about a recording.
var errUnanswerable = errors.New("cannot be evaluated")

// leastNormal is the least number of windows without a fault that a model is fitted
// to.
const leastNormal = 8

// unanswerable returns why nothing can be asked about a recording, and what to do
// about it; "" where something can.
func unanswerable(set *recorded.Set) string {
	switch {
	case set.Window <= 0:
		return "its windows have no length: rows must be some time apart"
	case len(set.Incidents) == 0:
		return "no fault is known that has a window: see its notes"
	case len(set.Normal) < leastNormal:
		return fmt.Sprintf("%d windows without a fault, and methods learn from at least %d: record for longer before the first fault, or between them", len(set.Normal), leastNormal)
	case !timed(set):
		return "no window without a fault has a latency: columns of latencies are missing, or empty"
	}
	return ""
}

// timed reports whether any normal window has a latency.
func timed(set *recorded.Set) bool {
	for _, w := range set.Normal {
		for i := range w.RPCs {
			if w.RPCs[i].Latency.Count() > 0 {
				return true
			}
		}
	}
	return false
}

// Unmeasured returns an error where recordings were given and nothing could be asked
// about any.
func (r *Results) Unmeasured() error {
	if len(r.Recorded) == 0 {
		return nil
	}
	var errs []error
	for i := range r.Recorded {
		s := &r.Recorded[i]
		if s.Unmeasured == "" {
			return nil
		}
		errs = append(errs, fmt.Errorf("%s", s.Unmeasured))
	}
	return errors.Join(errs...)
}
