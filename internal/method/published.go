package method

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
)

// Published is Sage as published: Gan et al., "Sage: Practical & Scalable ML-Driven
// Performance Debugging in Microservices" (ASPLOS 2021). It wants a model of plain
// perceptrons (gvae.Config.Structured false), and answers by it alone: no screen,
// no second opinion, no arithmetic on spans.
//
//  1. Latents of the violated window are those that the encoder infers.
//  2. Services are found by greedy forward selection: in each round every service
//     with a path to the entry is restored together with those found, X to the
//     median of normal windows and Z to draws of the prior there, its network
//     channels included, and the one with the lowest predicted tail is taken. It
//     stops at a predicted tail of at most 0.8 of the SLO, or with three services.
//  3. Within a service one metric with the latent that it causes, the latent alone,
//     or the network is restored at a time; the one with the lowest predicted tail is
//     the resource.
//
// What descends from what is restored is generated anew by the decoders, which keep
// nothing of what the violated window showed there. The network channels of a
// service are those of the calls to it. What the paper leaves open is settled in
// favour of speed and of fewer wrong culprits: services that alone make no
// difference are not tried again in later rounds, and a round that gains less than
// a hundredth of the tail ends the search.
type Published struct {
	// Samples of the latents per counterfactual (default 16).
	Samples int
	// Seed of the samples; each verdict derives its own from it and the window.
	Seed uint64
}

// Rules of the published search.
const (
	publishedSamples  = 16
	publishedCulprits = 3
	publishedHeadroom = 0.8
	publishedGain     = 0.01
	publishedMetric   = 0.1
)

// Name implements Method.
func (Published) Name() string { return "sage_published" }

// Diagnose implements Method.
func (p Published) Diagnose(in rca.Input) Answer {
	_, r, reason := open(in)
	if r == nil {
		return abstain(reason)
	}
	if p.Samples <= 0 {
		p.Samples = publishedSamples
	}
	g := newGenerator(in, r, p)
	if g == nil {
		return abstain(reasonNoModel)
	}
	if math.IsNaN(g.factual) {
		return abstain(reasonNoWindow)
	}
	set, singles := g.forward(publishedHeadroom * in.Threshold)
	out := abstain("")
	for _, s := range set {
		c := g.candidate(s, singles[s].median)
		c.Mechanism = g.resource(set, s)
		out.Ranking = append(out.Ranking, c)
	}
	final := g.predict(g.whole(set))
	out.Quantile, out.Lower, out.Upper = final.median, final.lower, final.upper
	others := make([]int, 0, len(g.scope.services))
	for s := range g.scope.services {
		if !slices.Contains(set, s) {
			others = append(others, s)
		}
	}
	slices.SortStableFunc(others, func(a, b int) int { return cmp.Compare(singles[a].median, singles[b].median) })
	for _, s := range others {
		out.Ranking = append(out.Ranking, g.candidate(s, singles[s].median))
	}
	out.Culprits = slices.Clone(descending(out.Ranking)[:len(set)])
	return out
}

// candidate scores a service by the share of the tail that restoring it alone
// removes, which may be nothing.
func (g *generator) candidate(s int, tail float64) Candidate {
	return Candidate{Service: g.scope.services[s], Score: math.Max(0, 1-tail/g.factual)}
}

// forward is level 1. It returns the set in the order found, never empty, and
// what each service does alone.
func (g *generator) forward(goal float64) (set []int, singles []prediction) {
	candidates := make([]int, len(g.scope.services))
	singles = make([]prediction, len(candidates))
	for s := range candidates {
		candidates[s] = s
	}
	current := g.factual
	for len(set) < publishedCulprits {
		best, lowest := -1, math.Inf(1)
		for _, s := range candidates {
			if slices.Contains(set, s) {
				continue
			}
			p := g.predict(g.whole(append(slices.Clone(set), s)))
			if len(set) == 0 {
				singles[s] = p
			}
			if p.median < lowest {
				best, lowest = s, p.median
			}
		}
		if best < 0 || len(set) > 0 && current-lowest < publishedGain*g.factual {
			break
		}
		set = append(set, best)
		if current = lowest; current <= goal {
			break
		}
		candidates = slices.DeleteFunc(candidates, func(s int) bool {
			return g.factual-singles[s].median < publishedGain*g.factual
		})
	}
	return set, singles
}

// resource is level 2: what of service s, the others of the set being normal,
// resolves most when it alone is restored. A metric is restored with the latent that
// it causes, so it must do more than the latent alone, by a tenth of what the whole
// service does; where none does, no monitored resource explains the violation.
func (g *generator) resource(set []int, s int) rca.Mechanism {
	others := slices.DeleteFunc(slices.Clone(set), func(o int) bool { return o == s })
	effect := g.factual - g.predict(g.whole([]int{s})).median
	best, lowest := rca.Latent, math.Inf(1)
	if c := g.channel[s]; c >= 0 {
		tail := func(columns ...int) float64 {
			a := g.whole(others)
			a.latents = append(a.latents, c)
			a.columns = append(a.columns, columns...)
			return g.predict(a).median
		}
		lowest = tail()
		need := lowest - publishedMetric*effect
		for _, x := range g.in.Layout.XOf[c] {
			if t := tail(x); t <= need && t < lowest {
				best, lowest = mechanism(g.in.Layout.XKeys[x]), t
			}
		}
	}
	if len(g.networks[s]) > 0 {
		a := g.whole(others)
		for _, c := range g.networks[s] {
			g.add(&a, c)
		}
		if g.predict(a).median < lowest {
			best = rca.Network
		}
	}
	return best
}

// serviceOf is the service to which a channel belongs: of a network channel the
// callee.
func serviceOf(service identity.Service, e identity.Edge) identity.Service {
	if e != (identity.Edge{}) {
		return e.Callee.Service
	}
	return service
}
