package rca

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Config are the rules of the search.
type Config struct {
	// MaxCulprits bounds the set (default 3).
	MaxCulprits int
	// Samples of the latents per counterfactual (default 64).
	Samples int
	// StopProbability of meeting the SLO at which the search stops (default 0.9).
	StopProbability float64
	// Suspect is the screen: robust z of a node given its causes (default 3.5).
	Suspect float64
	// Seed of the samples; each verdict derives its own from it and the window.
	Seed uint64
}

func (c Config) withDefaults() Config {
	if c.MaxCulprits <= 0 {
		c.MaxCulprits = 3
	}
	if c.Samples <= 0 {
		c.Samples = 64
	}
	if !(c.StopProbability > 0) {
		c.StopProbability = 0.9
	}
	if !(c.Suspect > 0) {
		c.Suspect = 3.5
	}
	return c
}

// Input is a violated window and what is known around it.
type Input struct {
	Graph    *cbn.Graph
	History  *feature.History // the violated window is its last row
	Snapshot *window.Snapshot // of the violated window
	// Layout and Model are nil until a model is ready; Layout says what the
	// model's columns mean.
	Layout *feature.Layout
	Model  *gvae.Model
	// Entry is the operation whose SLO is violated, at Quantile above Threshold seconds.
	Entry     identity.RPC
	Quantile  float64
	Threshold float64
	// Onset is the start of the first violated window: windows from there on are not normal.
	Onset int64
}

// The reasons of abstentions.
const (
	reasonNoWindow    = "the entry was not measured in this window"
	reasonNotInGraph  = "the entry is not in the causal graph"
	reasonNoBaseline  = "the entry has no baseline yet"
	reasonNotSlower   = "the entry is no slower than usual"
	reasonUnexplained = "no candidate explains the excess"
)

// minCoverage is the share of the entry's excess that the robust scorer must
// explain to be an answer. Tails do not add up, so that it cannot be close to 1.
const minCoverage = 0.2

// Rules of the robust scorer's culprits: the fewest candidates that explain most of
// what is explained, none of them small, and those which would break the SLO alone.
const (
	culpritPrefix = 0.8
	minCulprit    = 0.15
	minShown      = 0.01 // share below which a candidate is not named at all
	maxShown      = 5
)

// Diagnose answers one violated window. It is a pure function of its arguments,
// none of which it changes.
//
// The GVAE's counterfactual search answers where there is a model that knows the
// entry. Where that finds no set which restores the SLO or explains half of the
// excess, and before there is a model, the robust scorer answers; it also answers
// for surges of traffic, which lie outside of what a model was fitted to. Where
// nothing explains the excess, the verdict is an abstention that says so.
func Diagnose(in Input, cfg Config) Verdict {
	if in.History == nil {
		return abstention(reasonNoWindow)
	}
	var ev evidence
	if in.Model != nil && in.Layout != nil && in.History.Len() > 0 {
		ev = in.Model.Abduct(in.Layout.Row(in.History, in.History.Len()-1))
	}
	return diagnose(in, cfg.withDefaults(), in.History, ev)
}

func abstention(reason string) Verdict {
	return Verdict{
		Method: MethodRobust, Abstained: true, Reason: reason,
		Quantile: math.NaN(), Lower: math.NaN(), Upper: math.NaN(),
	}
}

// diagnosis is the work on one verdict.
type diagnosis struct {
	in      Input
	cfg     Config
	r       *reach
	v       *view
	d       demand
	metrics metrics
	scores  scores
	tail    tail
	factual float64 // the entry's tail in this window, seconds
	usual   float64 // and normally
}

func diagnose(in Input, cfg Config, rec record, ev evidence) Verdict {
	if in.Graph == nil || in.Snapshot == nil || rec.Len() == 0 || !(in.Quantile > 0 && in.Quantile < 1) {
		return abstention(reasonNoWindow)
	}
	if in.Onset <= 0 || in.Onset > in.Snapshot.Start {
		in.Onset = in.Snapshot.Start // this window at least is not normal
	}
	d := &diagnosis{in: in, cfg: cfg, r: newReach(in.Graph, in.Entry), v: newView(rec, in.Onset, cfg.Suspect)}
	if d.r == nil {
		return abstention(reasonNotInGraph)
	}
	reason := d.measure()
	d.metrics = newMetrics(rec)
	if reason == "" {
		d.d = newDemand(d.r, d.v, in.Quantile)
		d.scores = score(d.r, d.v, d.d, in.Quantile)
	}
	out := d.answer(reason, ev)
	out.HopsObserved, out.HopsTotal = d.r.coverage()
	out.RuledOut = d.ruledOut(out)
	return out
}

func (d *diagnosis) answer(reason string, ev evidence) Verdict {
	if reason != "" {
		return abstention(reason)
	}
	if ev != nil && d.scores.traffic == nil {
		if out, ok := d.counterfactual(ev); ok {
			return out
		}
	}
	if out, ok := d.robust(); ok {
		return out
	}
	return abstention(reasonUnexplained)
}

// measure reads the entry's tail, and returns the reason to abstain where that
// says nothing.
func (d *diagnosis) measure() string {
	entry := cbn.Node{Class: cbn.ServerNode, Edge: identity.Edge{Callee: d.in.Entry}}
	var now, usual [feature.D]float64
	n := 0
	for q := range feature.D {
		l := d.v.at(feature.Key{Kind: feature.Latency, Node: entry, Quantile: q})
		now[q], usual[q], n = l.now, l.usual, l.n
	}
	d.tail = newTail(d.in.Quantile)
	d.factual = d.tail.seconds(now[:])
	if math.IsNaN(d.factual) {
		return reasonNoWindow
	}
	// The features are quantiles of a few orders; the sketch knows the SLO's own.
	for i := range d.in.Snapshot.RPCs {
		if r := &d.in.Snapshot.RPCs[i]; r.Key == d.in.Entry && r.Latency != nil {
			if exact := r.Latency.Quantile(d.in.Quantile) / 1e9; exact > 0 {
				d.tail.offset = math.Log(exact / d.factual)
				d.factual = exact
			}
		}
	}
	d.usual = d.tail.seconds(usual[:])
	switch {
	case n < minBaseline || math.IsNaN(d.usual):
		return reasonNoBaseline
	case d.factual <= d.usual:
		return reasonNotSlower
	}
	return ""
}

// robust is the robust scorer's verdict; false where it explains too little.
func (d *diagnosis) robust() (Verdict, bool) {
	s := d.scores
	coverage := s.explained / (d.factual - d.usual)
	if len(s.suspects) == 0 || coverage < minCoverage {
		return Verdict{}, false
	}
	out := abstention("")
	out.Method, out.Abstained, out.Agreed = MethodRobust, false, true
	culprits := 0
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
			(culprits == 0 || covered < culpritPrefix && share >= minCulprit || d.usual+u.excess/math.Max(1, coverage) > d.in.Threshold) {
			culprits++
		}
		covered += share
		out.Candidates = append(out.Candidates, c)
	}
	normalise(out.Candidates)
	out.Culprits = slices.Clone(out.Candidates[:culprits])
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

// counterfactual is the GVAE's verdict; false where it has none.
func (d *diagnosis) counterfactual(ev evidence) (Verdict, bool) {
	s := newSearch(d.cfg, ev, d.in.Layout, d.v, d.in.Entry, d.in.Quantile, d.tail)
	if s == nil {
		return Verdict{}, false
	}
	s.threshold, s.factual, s.usual = d.in.Threshold, d.factual, d.usual
	s.seed = d.cfg.Seed ^ uint64(d.in.Snapshot.Start)*0x9e3779b97f4a7c15
	robust := make([]int, 0, len(d.scores.suspects)) // as channels of the model
	for _, u := range d.scores.suspects {
		s.total += u.excess
		c, ok := s.owned(d.r.g.Channels[u.channel])
		if !ok {
			continue
		}
		robust = append(robust, c)
		s.guide[c] = u.excess
		for _, a := range u.absorbed {
			if n, ok := s.owned(d.r.g.Channels[a]); ok {
				s.absorbed[c] = append(s.absorbed[c], n)
			}
		}
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
		cause, _ := d.describe(own, u, s.resource(f, c, u, d.moved(key.Service)))
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
	normalise(out.Candidates)
	out.Culprits = slices.Clone(out.Candidates[:culprits])
}
