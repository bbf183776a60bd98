package rca

import (
	"cmp"
	"math"
	"slices"
)

// minSymptom is by how many robust standard deviations of its normal windows the
// tail of the entry must lie above the usual one for a cause to be looked for: what
// explains less than that explains nothing.
const minSymptom = 2

// within is a reason to abstain, where the entry is slower than usual and yet within its
// normal range how far that goes.
func (d *diagnosis) within(reason string) string {
	if reason != reasonNotSlower || !(d.factual > minRise*d.usual) {
		return reason
	}
	return "the entry is not clearly slower than it often is, up to " + seconds(d.usual*math.Exp(minSymptom*d.spread))
}

// unusual are the candidates of a verdict that blames nobody: what left its normal
// range most, given its causes, whether or not it explains anything. It is where a
// person would look first. They are ranked by how unlikely the largest move is and by
// how large, in equal parts: robust z times the logarithm of the rise.
func (d *diagnosis) unusual() []Cause {
	us := slices.Clone(d.scores.suspects)
	move := func(u suspect) float64 {
		z := 0.0
		for _, p := range u.parts {
			rise := 1.0
			if p.usual > 0 && p.observed > 0 {
				rise = math.Abs(math.Log(p.observed / p.usual))
			}
			z = math.Max(z, p.z*rise)
		}
		return z
	}
	slices.SortStableFunc(us, func(a, b suspect) int { return -cmp.Compare(move(a), move(b)) })
	sum := 0.0
	for _, u := range us {
		sum += move(u)
	}
	var out []Cause
	for _, u := range us[:min(len(us), maxShown)] {
		c, _ := d.describe(u.channel, &u, d.robustChoice(&u))
		c.Contribution = move(u)
		c.Probability = stated(unusualShare * move(u) / sum)
		out = append(out, c)
	}
	if len(out) > 0 {
		normalise(out)
	}
	return out
}

// unusualShare is the probability that all candidates of a verdict that blames
// nobody have together.
const unusualShare = 0.3
