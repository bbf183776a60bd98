package method

import (
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
)

// Sage is the default method of this project (package rca).
type Sage struct{ Config rca.Config }

// Name implements Method.
func (Sage) Name() string { return "sage" }

// Diagnose implements Method.
func (s Sage) Diagnose(in rca.Input) Answer { return FromVerdict(rca.Diagnose(in, s.Config)) }

// Robust is the robust scorer of the default method alone: what it answers
// before there is a model.
type Robust struct{ Config rca.Config }

// Name implements Method.
func (Robust) Name() string { return "robust" }

// Diagnose implements Method.
func (r Robust) Diagnose(in rca.Input) Answer {
	in.Layout, in.Model = nil, nil
	return FromVerdict(rca.Diagnose(in, r.Config))
}

// otherEnd is the score of the end of a link that a verdict does not name, as a part of that of the
// one it names: the rankings of several windows are added up.
const otherEnd = 0.1

// FromVerdict returns a verdict as an answer. A cause on an edge is that of the
// service which the verdict names, its callee where it names none; a service that
// several causes name keeps the first. Of an abstention the candidates stay. Scores are the stated probabilities, none
// larger than the one before, so that they tell the order of the verdict.
func FromVerdict(v rca.Verdict) Answer {
	if v.Abstained {
		out := abstain(v.Reason)
		out.Ranking = descending(candidates(v.Candidates, nil))
		return out
	}
	out := Answer{Quantile: v.Quantile, Lower: v.Lower, Upper: v.Upper}
	culprits := candidates(v.Culprits, nil)
	out.Ranking = descending(candidates(v.Candidates, culprits))
	out.Culprits = slices.Clone(out.Ranking[:len(culprits)])
	return out
}

// candidates appends causes to a copy of before, each service once.
func candidates(causes []rca.Cause, before []Candidate) []Candidate {
	out := append([]Candidate(nil), before...)
	seen := map[identity.Service]bool{}
	for _, c := range before {
		seen[c.Service] = true
	}
	for i := range causes {
		c := &causes[i]
		at := c.Service
		if at.IsZero() {
			at = c.Edge.Callee.Service
		}
		p := c.Probability
		if seen[at] && c.Kind == rca.KindEdge { // a link has two ends
			at = c.Edge.Caller.Service
			p *= otherEnd
		}
		if seen[at] || at.IsZero() {
			continue
		}
		seen[at] = true
		out = append(out, Candidate{
			Service: at, Instance: c.Instance, Mechanism: c.Mechanism,
			Score: p, Probability: c.Probability,
		})
	}
	return out
}
