package evaluate

import (
	"context"
	"fmt"
	"slices"

	"github.com/sage-rca/sage/internal/method"
)

// merge adds the answers and the costs of other methods on the same timeline.
func (a *Asked) merge(o *Asked) error {
	if len(a.Incidents) != len(o.Incidents) {
		return fmt.Errorf("evaluate: %d and %d incidents of one timeline", len(a.Incidents), len(o.Incidents))
	}
	for i, in := range a.Incidents {
		for name, r := range o.Incidents[i].replies {
			in.replies[name] = r
		}
	}
	return nil
}

// play plays a timeline twice: some methods beside a structured model, others
// beside one as published. It returns the training times in seconds as well.
func play(ctx context.Context, t *Timeline, structured, plain Protocol, first, second []method.Method) (*Asked, map[string]float64, error) {
	asked, err := Stream(ctx, t, structured, first)
	if err != nil {
		return nil, nil, err
	}
	train := map[string]float64{method.Sage{}.Name(): asked.Training.Seconds()}
	if len(second) > 0 {
		o, err := Stream(ctx, t, plain, second)
		if err != nil {
			return nil, nil, err
		}
		train[method.Published{}.Name()] = o.Training.Seconds()
		if err := asked.merge(o); err != nil {
			return nil, nil, err
		}
	}
	fitThresholds(asked.Incidents)
	return asked, train, nil
}

// fitThresholds adds the answers of oracle thresholds, which are fitted in
// hindsight to the very incidents that they answer.
func fitThresholds(incidents []*Incident) {
	var cases []method.Labelled
	for _, in := range incidents {
		for _, o := range in.observed {
			c := method.Labelled{Observation: o}
			for i := range in.Truth.Culprits {
				c.Services = append(c.Services, in.Truth.Culprits[i].Service)
			}
			cases = append(cases, c)
		}
	}
	t := method.FitThresholds(cases)
	for _, in := range incidents {
		r := &replies{}
		for i, o := range in.observed {
			r.answers = append(r.answers, t.Answer(o))
			r.window = append(r.window, in.numbers[i])
		}
		in.replies[t.Name()] = r
	}
}

// rows tallies the named methods, those that answered.
func rows(names []string, incidents []*Incident, train map[string]float64) []MethodResult {
	var out []MethodResult
	for _, n := range names {
		if !slices.ContainsFunc(incidents, func(in *Incident) bool { return in.replies[n] != nil }) {
			continue
		}
		r := tally(n, incidents)
		r.TrainS = train[n]
		out = append(out, r)
	}
	return out
}

// byFault tallies by kind of fault.
func byFault(names []string, incidents []*Incident) map[string][]MethodResult {
	groups := make(map[string][]*Incident)
	for _, in := range incidents {
		groups[in.Truth.Fault] = append(groups[in.Truth.Fault], in)
	}
	out := make(map[string][]MethodResult, len(groups))
	for f, g := range groups { // into a map: any order gives it
		out[f] = rows(names, g, nil)
	}
	return out
}
