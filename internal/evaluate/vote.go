package evaluate

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/method"
)

// maxVotes is the number of windows of an incident that a method is asked about.
const maxVotes = 3

// silent is the weight of the order of a window in which a method blames nobody, where in others it does.
const silent = 0.1

// vote makes the answer to an incident of those to its windows. Each window gives
// every candidate its share of the window's scores; the ranking is by the sum of
// shares. Of the windows whose first candidate is the first of the ranking, the
// culprit set is the one that most of them name, of equals the latest, and the what-if
// is that of the last one to name it, so that a set is always one that the method
// named. A window in which the method blames nobody, and ranks candidates
// all the same, votes for their order, with a tenth of the weight where another blames somebody. It returns the index of the window that the
// set is from, -1 where none blames anybody.
func vote(answers []method.Answer) (method.Answer, int) {
	sums := make(map[identity.Service]float64)
	best := make(map[identity.Service]method.Candidate)
	var order []identity.Service // as first met, so that ties are settled alike
	said := slices.ContainsFunc(answers, func(a method.Answer) bool { return len(a.Culprits) > 0 })
	for i := range answers {
		weight := 1.0
		if said && len(answers[i].Culprits) == 0 {
			weight = silent
		}
		for _, c := range shares(&answers[i]) {
			c.Score *= weight
			if _, ok := sums[c.Service]; !ok {
				order = append(order, c.Service)
			}
			sums[c.Service] += c.Score
			if c.Score >= best[c.Service].Score {
				best[c.Service] = c
			}
		}
	}
	slices.SortStableFunc(order, func(a, b identity.Service) int { return -cmp.Compare(sums[a], sums[b]) })
	at := chosen(answers, order)
	out := method.Answer{Quantile: math.NaN(), Lower: math.NaN(), Upper: math.NaN()}
	switch {
	case at >= 0:
		out = answers[at]
	case len(answers) > 0:
		out.Reason = answers[len(answers)-1].Reason
	}
	out.Ranking = nil
	for _, s := range order {
		c := best[s]
		c.Score = sums[s]
		out.Ranking = append(out.Ranking, c)
	}
	return out, at
}

// chosen returns the index of the answer that has the culprit set, -1 where all blame
// nobody. Where no window puts first what all together do, all of them count.
func chosen(answers []method.Answer, order []identity.Service) int {
	blames := func(a *method.Answer) bool { return len(a.Culprits) > 0 }
	agrees := func(a *method.Answer) bool { return blames(a) && shares(a)[0].Service == order[0] }
	counts := agrees
	if !slices.ContainsFunc(answers, func(a method.Answer) bool { return agrees(&a) }) {
		counts = blames
	}
	at, most := -1, 0
	for i := range answers {
		if !counts(&answers[i]) {
			continue
		}
		n := 0
		for j := range answers {
			if counts(&answers[j]) && sameSet(&answers[i], &answers[j]) {
				n++
			}
		}
		if n >= most {
			at, most = i, n
		}
	}
	return at
}

// sameSet reports whether two answers blame the same services.
func sameSet(a, b *method.Answer) bool {
	x, y := services(a.Culprits), services(b.Culprits)
	return len(x) == len(y) && !slices.ContainsFunc(x, func(s identity.Service) bool { return !slices.Contains(y, s) })
}

// shares returns a ranking with scores that sum to 1, each service once, the
// culprits where an answer ranks nothing. Scores that say nothing (all zero, or not
// finite) become those of the ranks.
func shares(a *method.Answer) []method.Candidate {
	var out []method.Candidate
	sum := 0.0
	ranking := a.Ranking
	if len(ranking) == 0 {
		ranking = a.Culprits
	}
	for _, c := range ranking {
		if slices.ContainsFunc(out, func(o method.Candidate) bool { return o.Service == c.Service }) {
			continue
		}
		if !(c.Score > 0) {
			c.Score = 0
		}
		sum += c.Score
		out = append(out, c)
	}
	usable := sum > 0 && !math.IsInf(sum, 0)
	if !usable {
		sum = 0
		for i := range out {
			out[i].Score = 1 / float64(i+1)
			sum += out[i].Score
		}
	}
	for i := range out {
		out[i].Score /= sum
	}
	return out
}
