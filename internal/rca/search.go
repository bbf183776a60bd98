package rca

import (
	"cmp"
	"math"
	"slices"
)

// Rules of level 1. Gains are shares of the excess, the observed tail less the
// usual one.
const (
	minFirstGain = 0.05 // of the first culprit
	minNextGain  = 0.20 // of each further one: a wrong one costs more than a missing one
	minSeconded  = 0.20 // that the robust scorer must give a further one
	tieGain      = 0.05 // candidates this close are told apart by the robust scorer
	// minExplained is the share of the excess that a set must explain to be an
	// answer where it does not restore the SLO.
	minExplained = 0.5
)

// found is the result of level 1.
type found struct {
	set      []int // channels, in the order found
	outcome  outcome
	restores bool
	singles  map[int]outcome // of each candidate alone
}

// forward is greedy forward selection: each round adds the candidate whose
// restoration, together with those found, gives the lowest predicted tail. It
// stops at MaxCulprits, and where no candidate gains enough, whether the SLO is met by then or not
// (Gan et al., ASPLOS 2021, stop at a predicted tail under 0.8 of the SLO): where a threshold lies says
// what is tolerable, not what is broken. Culprits without which the set restores the SLO all the
// same, and that gain little, are dropped again.
// See docs/math.md, 20.
func (s *search) forward(candidates []int) found {
	f := found{outcome: outcome{median: s.factual}, singles: map[int]outcome{}}
	excess := s.factual - s.usual
	for len(f.set) < s.cfg.MaxCulprits {
		best, next := s.best(f, candidates, excess)
		if best < 0 || f.outcome.median-next.median < need(len(f.set), excess) {
			break
		}
		f.set, f.outcome = append(f.set, best), next
		f.restores = next.meets >= s.cfg.StopProbability
	}
	if f.restores {
		s.prune(&f)
	}
	s.sufficient(&f, candidates)
	return f
}

// sufficient adds what violates the SLO all by itself, see violation, with every other suspect
// normal, the largest excess first. What runs in parallel to something slower, and what is
// small beside a meltdown, gains nothing by being restored, and has to be repaired
// all the same.
func (s *search) sufficient(f *found, candidates []int) {
	if s.cfg.Without&Sufficient != 0 || len(f.set) == 0 {
		return
	}
	order := slices.DeleteFunc(slices.Clone(candidates), func(c int) bool { return s.guide[c] <= 0 || slices.Contains(f.set, c) })
	slices.SortStableFunc(order, func(a, b int) int { return -cmp.Compare(s.guide[a], s.guide[b]) })
	all := make([]int, 0, len(s.guide))
	for c, g := range s.guide {
		if g > 0 {
			all = append(all, c)
		}
	}
	slices.Sort(all)
	for _, c := range order {
		if len(f.set) >= s.cfg.MaxCulprits {
			return
		}
		if s.usual+s.alone[c] <= s.violation() {
			return // nor does the next one
		}
		if o := s.except(all, c); o.median > s.violation() {
			f.set = append(f.set, c)
			f.outcome = s.with(f.set)
			f.restores = f.outcome.meets >= s.cfg.StopProbability
		}
	}
}

// violation is the tail in seconds above which the objective is violated by more than the entry
// varies by itself: Suspect of its robust standard deviations.
func (s *search) violation() float64 { return violation(s.threshold, s.usual, s.cfg.Suspect*s.spread) }

func violation(threshold, usual, varies float64) float64 {
	return math.Max(threshold, usual*math.Exp(varies))
}

// need is the gain in seconds that a culprit must have beside those found.
func need(found int, excess float64) float64 {
	if found == 0 {
		return minFirstGain * excess
	}
	return minNextGain * excess
}

// best returns the candidate to add, -1 where there is none, and the outcome with it.
func (s *search) best(f found, candidates []int, excess float64) (int, outcome) {
	outcomes := make([]outcome, len(candidates))
	lowest := -1
	for i, c := range candidates {
		if slices.Contains(f.set, c) || len(f.set) > 0 && !s.seconded(c) {
			continue
		}
		outcomes[i] = s.with(append(slices.Clone(f.set), c))
		if len(f.set) == 0 {
			f.singles[c] = outcomes[i]
		}
		if lowest < 0 || outcomes[i].median < outcomes[lowest].median {
			lowest = i
		}
	}
	if lowest < 0 {
		return -1, outcome{}
	}
	if s.cfg.Without&Guide != 0 {
		return candidates[lowest], outcomes[lowest]
	}
	limit := outcomes[lowest].median + tieGain*excess
	for i, c := range candidates {
		if len(outcomes[i].tails) > 0 && outcomes[i].median <= limit && s.guide[c] > s.guide[candidates[lowest]] {
			lowest = i
		}
	}
	return candidates[lowest], outcomes[lowest]
}

// seconded reports whether a channel may be a further culprit: the robust scorer
// must blame it as well, for at least minSeconded of what it explains. What a model adds
// to a culprit by itself is more often a residual that it cannot place.
func (s *search) seconded(c int) bool {
	return s.cfg.Without&Guide != 0 || s.guide[c] > 0 && s.guide[c] >= minSeconded*s.total
}

// prune drops culprits, the weakest alone first, without which the rest restores
// the SLO, and nearly as much.
func (s *search) prune(f *found) {
	order := slices.Clone(f.set)
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := f.singles[a].median, f.singles[b].median; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	for _, c := range order {
		if len(f.set) == 1 {
			return
		}
		o := s.with(without(f.set, c))
		if o.meets >= s.cfg.StopProbability && o.median-f.outcome.median < minNextGain*(s.factual-s.usual) {
			f.set, f.outcome = without(f.set, c), o
		}
	}
}

// without returns a copy of set that lacks c.
func without(set []int, c int) []int {
	return slices.DeleteFunc(slices.Clone(set), func(x int) bool { return x == c })
}

// explained is the share of the excess that restoring the set removes, in [0, 1].
func (s *search) explained(o outcome) float64 {
	return clamp((s.factual-o.median)/(s.factual-s.usual), 0, 1)
}
