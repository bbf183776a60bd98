package method

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/feature"
)

// abstain is an answer that blames nobody.
func abstain(reason string) Answer {
	nan := math.NaN()
	return Answer{Quantile: nan, Lower: nan, Upper: nan, Reason: reason}
}

// first is the answer of a method of a single cause: it reports the first of its
// ranking, as the papers of such methods do.
func first(ranking []Candidate) Answer {
	if len(ranking) == 0 {
		return abstain(reasonNothing)
	}
	out := abstain("")
	out.Ranking, out.Culprits = ranking, slices.Clone(ranking[:1])
	return out
}

// evidence is the column that deviates most of each service of a scope.
type evidence struct {
	s    *scope
	best []peak
}

// peak is the column of a service with the largest score.
type peak struct {
	score float64 // 0 where there is none
	key   feature.Key
}

func newEvidence(s *scope) *evidence { return &evidence{s: s, best: make([]peak, len(s.services))} }

// add notes a column of service number i. Scores that say nothing, NaN or not
// positive, are not noted; infinite ones count as the largest number, so that sums
// of scores stay finite.
func (e *evidence) add(i int, score float64, k feature.Key) {
	if i >= 0 && score > e.best[i].score {
		e.best[i] = peak{score: math.Min(score, math.MaxFloat32), key: k}
	}
}

// ranking lists all services with a column that deviates, by its score, and by
// name among equals.
func (e *evidence) ranking() []Candidate {
	var out []Candidate
	for i, p := range e.best {
		if p.score > 0 {
			out = append(out, Candidate{Service: e.s.services[i], Mechanism: mechanism(p.key), Score: p.score})
		}
	}
	slices.SortStableFunc(out, func(a, b Candidate) int { return -cmp.Compare(a.Score, b.Score) })
	return out
}

// descending lowers scores to that of the candidate before, so that they tell the
// order of a ranking that was made otherwise.
func descending(ranking []Candidate) []Candidate {
	for i := 1; i < len(ranking); i++ {
		ranking[i].Score = math.Min(ranking[i].Score, ranking[i-1].Score)
	}
	return ranking
}
