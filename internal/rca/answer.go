package rca

import (
	"math"
	"slices"
)

// minCoverage is the share of the entry's excess that what became slower of itself must
// make up for there to be an answer. Tails do not add up, so that it cannot be close to 1.
const minCoverage = 0.2

// Rules of the robust scorer's culprits: the fewest candidates that explain most of
// what is explained, none of them small, and those which would break the SLO alone.
const (
	culpritPrefix = 0.8
	minCulprit    = 0.15
)

// Candidates that are named: at most maxShown, none with a smaller share.
const (
	minShown = 0.01
	maxShown = 5
)

// robust is the robust scorer's verdict; false where it explains too little.
func (d *diagnosis) robust() (Verdict, bool) {
	s := d.scores
	coverage := s.explained / (d.factual - d.usual)
	if len(s.suspects) == 0 || coverage < minCoverage {
		return Verdict{}, false
	}
	out := abstention("")
	out.Method, out.Abstained, out.Agreed = MethodRobust, false, true
	culprits, violated := 0, violation(d.in.Threshold, d.usual, d.cfg.Suspect*d.spread)
	if s.traffic != nil {
		out.Candidates = append(out.Candidates, d.trafficCause(*s.traffic, coverage))
		culprits = 1
	}
	covered := 0.0
	for _, u := range s.suspects {
		share := u.excess / s.explained
		if len(out.Candidates) == maxShown || share < minShown && len(out.Candidates) > 0 {
			break
		}
		c, signs := d.describe(u.channel, &u, d.robustChoice(&u))
		c.Contribution = u.excess
		c.Probability = robustProbability(share, coverage, signs)
		if s.traffic != nil {
			c.Probability = stated(c.Probability * (1 - out.Candidates[0].Probability))
		} else if culprits == len(out.Candidates) && culprits < d.cfg.MaxCulprits &&
			(culprits == 0 || covered < culpritPrefix && share >= minCulprit || d.usual+u.excess/math.Max(1, coverage) > violated) {
			culprits++
		}
		covered += share
		out.Candidates = append(out.Candidates, c)
	}
	out.conclude(culprits)
	return out, true
}

func (d *diagnosis) trafficCause(p part, coverage float64) Cause {
	return Cause{
		Kind: KindTraffic, Mechanism: Traffic, Service: p.rpc.Service,
		Metric: p.metric, Observed: p.observed, Usual: p.usual,
		Probability:  robustProbability(1, coverage, p.support),
		Contribution: p.excess,
		Quantile:     math.NaN(), Lower: math.NaN(), Upper: math.NaN(),
		Path: d.r.path(d.r.entry), Evidence: []string{p.text},
	}
}

// conclude makes the first candidates the culprits.
func (v *Verdict) conclude(culprits int) {
	culprits = v.oneHost(culprits)
	for i := range v.Candidates[:culprits] {
		c := &v.Candidates[i]
		c.Probability = chosen(c.Probability)
	}
	normalise(v.Candidates)
	v.Culprits = slices.Clone(v.Candidates[:culprits])
}

// oneHost makes one cause of those that are one host, the first, with what the others
// contribute, and returns how many of the candidates are culprits then. Whom else the
// host hurts is among the neighbours.
func (v *Verdict) oneHost(culprits int) int {
	kept := v.Candidates[:0]
	left := culprits
	for i, c := range v.Candidates {
		same := -1
		if c.Kind == KindHost {
			same = slices.IndexFunc(kept, func(k Cause) bool { return k.Kind == KindHost && k.Host == c.Host })
		}
		if same < 0 {
			kept = append(kept, c)
			continue
		}
		kept[same].Contribution += c.Contribution
		if i < culprits {
			left--
		}
	}
	v.Candidates = kept
	return left
}

// normalise makes contributions sum to 1.
func normalise(cs []Cause) {
	sum := 0.0
	for _, c := range cs {
		sum += c.Contribution
	}
	for i := range cs {
		if sum > 0 {
			cs[i].Contribution /= sum
		} else {
			cs[i].Contribution = 1 / float64(len(cs))
		}
	}
}
