package rca

import (
	"math"

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
	// Without leaves parts of the method out, to measure what they are worth.
	Without Part
}

// Part is a set of parts of the method that go beyond the published one.
type Part uint8

// The parts.
const (
	Screen     Part = 1 << iota // candidates are what left its normal range given its causes, not all services
	Guide                       // ties of the search are settled by the robust scorer
	Floor                       // no what-if lies below what the others' own excess leaves
	Anchor                      // with every suspect normal, the tail is the usual one
	Fallback                    // where the search finds nothing, the robust scorer answers
	Sufficient                  // what violates the SLO alone is a culprit too
)

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
	// Earlier are the windows just before, oldest first, that are judged together with it, as
	// each of them had too few requests.
	Earlier []*window.Snapshot
	// Whereabouts are the hosts of replicas that send no spans, as windows before told; nil where
	// the violated window is all that is known.
	Whereabouts *Whereabouts
	// Habits are when calls are made, and which replicas serve, as windows before told; nil where
	// windows were recorded by somebody, who may have left out what is missing: nobody is gone there.
	Habits *Habits
	// Layout and Model are nil until a model is ready; Layout says what the
	// model's columns mean.
	Layout *feature.Layout
	Model  *gvae.Model
	// Entry is the operation whose SLO is violated, at Quantile above Threshold seconds.
	Entry     identity.RPC
	Quantile  float64
	Threshold float64
	// Errors says that the objective is about requests that fail: where failures begin is
	// asked, and Quantile and Threshold say nothing.
	Errors bool
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
	reasonNotFailing  = "not clearly more requests fail than often do, or too few to tell"
)

// Diagnose answers one violated window. It is a pure function of its arguments,
// none of which it changes.
//
// The GVAE's counterfactual search answers where there is a model that knows the
// entry. Where that finds no set which restores the SLO or explains half of the
// excess, and before there is a model, the robust scorer answers; it also answers
// for surges of traffic, which lie outside of what a model was fitted to. Where another
// mix of requests explains the tail, each of them as fast as usual, neither is asked
// (mixed). An entry that is no slower but fails more often is answered by where
// failures begin. Where nothing explains the excess, the verdict is an abstention that
// says so.
func Diagnose(in Input, cfg Config) Verdict {
	if in.History == nil {
		return abstention(reasonNoWindow)
	}
	in, rec := together(in)
	var ev evidence
	if in.Model != nil && in.Layout != nil && rec.Len() > 0 {
		ev = in.Model.Abduct(in.Layout.Row(rec, rec.Len()-1))
	}
	return diagnose(in, cfg.withDefaults(), rec, ev)
}

func abstention(reason string) Verdict {
	return Verdict{
		Method: MethodRobust, Abstained: true, Reason: reason,
		Quantile: math.NaN(), Lower: math.NaN(), Upper: math.NaN(),
	}
}

// diagnosis is the work on one verdict.
type diagnosis struct {
	in       Input
	cfg      Config
	r        *reach
	v        *view
	d        demand
	metrics  metrics
	disks    diskTraffic
	movers   map[identity.Service][]movedMetric // of moved, computed once each
	short    map[identity.Service][]movedMetric // of ofHosts, likewise
	slow     map[identity.RPC]*suspect          // of slowest, likewise
	quiet    []*silent                          // of silents, once listened
	listened bool
	places   places // nil until asked for, see host
	scores   scores
	tail     tail
	factual  float64            // the entry's tail in this window, seconds
	usual    float64            // and normally
	levels   [feature.D]float64 // the same at the feature quantiles, log seconds
	spread   float64            // of it over normal windows, log seconds
}

func diagnose(in Input, cfg Config, rec record, ev evidence) Verdict {
	if in.Graph == nil || in.Snapshot == nil || rec.Len() == 0 || !(in.Quantile > 0 && in.Quantile < 1) {
		return abstention(reasonNoWindow)
	}
	if in.Onset <= 0 || in.Onset > in.Snapshot.Start {
		in.Onset = in.Snapshot.Start // this window at least is not normal
	}
	d := &diagnosis{in: in, cfg: cfg, r: newReach(in.Graph, in.Entry), v: newView(rec, in.Onset, cfg.Suspect), movers: map[identity.Service][]movedMetric{}, slow: map[identity.RPC]*suspect{}}
	if d.r == nil {
		return abstention(reasonNotInGraph)
	}
	d.v.measure(d.r, in.Snapshot)
	reason := d.measure()
	d.metrics = newMetrics(rec)
	d.disks = d.metrics.traffic(d.v)
	if reason == "" || reason == reasonNotSlower {
		d.d = newDemand(d.r, d.v, in.Quantile)
		s := score(d.r, d.v, d.d, in.Quantile, d)
		if rare := d.rare(s); len(rare) > 0 {
			s = score(d.r, d.v, d.d, in.Quantile, d, rare...)
		}
		d.scores = d.sharedDisk(s)
	}
	out := d.answer(reason, ev)
	out.HopsObserved, out.HopsTotal = d.r.coverage()
	out.RuledOut = d.ruledOut(out)
	if out.Abstained {
		out.Reason = d.within(out.Reason) + d.unseen()
	}
	return out
}

func (d *diagnosis) answer(reason string, ev evidence) Verdict {
	if d.in.Errors || reason == reasonNotSlower {
		if out, ok := d.failing(); ok {
			return out
		}
	}
	if d.in.Errors {
		if d.v.at(feature.Key{Kind: feature.Errors, Edge: identity.Edge{Callee: d.in.Entry}}).n < minBaseline {
			return d.abstain(reasonNoBaseline)
		}
		return d.abstain(reasonNotFailing)
	}
	if reason != "" {
		return d.abstain(reason)
	}
	if out, ok := d.mixed(); ok {
		return out
	}
	if ev != nil && d.scores.traffic == nil {
		if out, ok := d.counterfactual(ev); ok {
			return out
		}
		if d.cfg.Without&Fallback != 0 {
			return d.abstain(reasonUnexplained)
		}
	}
	if out, ok := d.robust(); ok {
		return out
	}
	return d.abstain(reasonUnexplained)
}

// abstain blames nobody, and says what is unusual all the same.
func (d *diagnosis) abstain(reason string) Verdict {
	out := abstention(reason)
	out.Candidates = d.unusual()
	return out
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
	d.usual, d.levels = d.tail.seconds(usual[:]), usual
	d.spread = d.v.at(feature.Key{Kind: feature.Latency, Node: entry, Quantile: d.tail.near}).spread
	switch {
	case n < minBaseline || math.IsNaN(d.usual):
		return reasonNoBaseline
	case d.factual <= d.usual, math.Log(d.factual/d.usual) < minSymptom*d.spread:
		return reasonNotSlower
	}
	return ""
}
