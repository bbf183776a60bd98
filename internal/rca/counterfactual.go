package rca

import (
	"cmp"
	"math"
	"slices"
)

// maxUnknown is the share of what is slow above which a model is not asked that does not know
// who is: it would blame who calls what is new for the time that is lost there.
const maxUnknown = 0.2

// counterfactual is the GVAE's verdict; false where it has none.
func (d *diagnosis) counterfactual(ev evidence) (Verdict, bool) {
	s := newSearch(d.cfg, ev, d.in.Layout, d.v, d.in.Entry, d.in.Quantile, d.tail)
	if s == nil {
		return Verdict{}, false
	}
	s.threshold, s.factual, s.usual, s.spread = d.in.Threshold, d.factual, d.usual, d.spread
	s.seed = d.cfg.Seed ^ uint64(d.in.Snapshot.Start)*0x9e3779b97f4a7c15
	robust := make([]int, 0, len(d.scores.suspects)) // as channels of the model
	unknown := 0.0
	for _, u := range d.scores.suspects {
		s.total += u.excess
		c, ok := s.owned(d.r.g.Channels[u.channel])
		if !ok {
			unknown += u.excess
			continue
		}
		robust = append(robust, c)
		s.guide[c] = u.excess
		s.limit[c] = d.most(u)
		for _, a := range u.absorbed {
			if n, ok := s.owned(d.r.g.Channels[a]); ok {
				s.absorbed[c] = append(s.absorbed[c], n)
			}
		}
	}
	if s.total < minCoverage*(d.factual-d.usual) || unknown >= maxUnknown*s.total {
		return Verdict{}, false // the model would place in its nodes what none of them lost
	}
	s.settle(robust, math.Min(1, (d.factual-d.usual)/s.total))
	f := s.forward(s.screen(robust))
	explained := s.explained(f.outcome)
	if len(f.set) == 0 || !f.restores && explained < minExplained {
		return Verdict{}, false
	}
	out := Verdict{
		Method: MethodGVAE, RestoresSLO: f.restores, Confidence: 0.9,
		Quantile: f.outcome.median, Lower: f.outcome.lower, Upper: f.outcome.upper,
		Agreed: len(robust) > 0 && robust[0] == f.set[0] && s.first(d) == f.set[0],
	}
	d.name(&out, s, f, explained)
	return out, true
}

// first returns what the robust scorer blames first as a channel of the model,
// -1 where the model does not know it.
func (s *search) first(d *diagnosis) int {
	if len(d.scores.suspects) > 0 {
		if c, ok := s.owned(d.r.g.Channels[d.scores.suspects[0].channel]); ok {
			return c
		}
	}
	return -1
}

// name fills in culprits and candidates.
func (d *diagnosis) name(out *Verdict, s *search, f found, explained float64) {
	excess := s.factual - s.usual
	left := 1.0 // probability that culprits leave to the others
	for _, c := range f.set {
		key := s.r.g.Channels[c]
		own := slices.Index(d.r.g.Channels, key) // in the present graph
		u := d.scores.of(own)
		cause, _ := d.describe(own, u, s.resource(f, c, u, d.reasons(key.Service)))
		rest := outcome{tails: slices.Repeat([]float64{s.factual}, len(f.outcome.tails)), median: s.factual}
		if len(f.set) > 1 {
			rest = s.with(without(f.set, c))
		}
		alone := f.singles[c]
		// Mean of what it removes first and last (Shapley, exact for two).
		share := (clamp(s.factual-alone.median, 0, excess) + clamp(rest.median-f.outcome.median, 0, excess)) / 2 / excess
		cause.Quantile, cause.Lower, cause.Upper = alone.median, alone.lower, alone.upper
		cause.Contribution = share
		cause.Probability = culpritProbability(f.outcome.tails, rest.tails, s.threshold, share*float64(len(f.set)), out.Agreed)
		left = math.Min(left, 1-cause.Probability)
		out.Candidates = append(out.Candidates, cause)
	}
	culprits := len(out.Candidates)
	var others []int
	sum := 0.0
	gain := func(c int) float64 { return clamp(s.factual-f.singles[c].median, 0, excess) }
	for c := range len(s.r.g.Channels) {
		if _, ok := f.singles[c]; ok && !slices.Contains(f.set, c) && gain(c) >= minShown*excess && slices.Contains(d.r.g.Channels, s.r.g.Channels[c]) {
			others = append(others, c)
			sum += gain(c)
		}
	}
	slices.SortStableFunc(others, func(a, b int) int { return -cmp.Compare(gain(a), gain(b)) })
	for _, c := range others[:min(len(others), max(0, maxShown-culprits))] {
		own := slices.Index(d.r.g.Channels, s.r.g.Channels[c])
		u := d.scores.of(own)
		cause, _ := d.describe(own, u, d.robustChoice(u))
		o := f.singles[c]
		cause.Quantile, cause.Lower, cause.Upper = o.median, o.lower, o.upper
		cause.Contribution = gain(c) / excess * (1 - explained)
		cause.Probability = stated(left * gain(c) / math.Max(sum, excess))
		out.Candidates = append(out.Candidates, cause)
	}
	out.conclude(culprits)
}
