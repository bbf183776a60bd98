package rca

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
)

// evidence is what of a gvae.Evidence is used.
type evidence interface {
	Residual(node, d int) float64
	Counterfactual(do gvae.Intervention, target, samples int, src rand.Source) []float64
}

// search asks what the entry's tail had been with parts of the system normal.
type search struct {
	cfg       Config
	ev        evidence
	layout    *feature.Layout
	r         *reach // on the layout's graph
	d         demand
	v         *view
	tail      tail
	threshold float64
	factual   float64 // the tail as it was, seconds
	usual     float64 // as it is normally
	seed      uint64
	column    map[feature.Key]int // of X
	overlaps  []overlap           // nil until asked for, see settleOverlaps
	absorbed  map[int][]int       // network channels restored with a service
	guide     map[int]float64     // the robust scorer's excess by channel, scaled to sum up to the entry's
	alone     map[int]float64     // and as it is, at most limit
	limit     map[int]float64     // what it can cost the entry at most, given how many requests come by
	total     float64             // and over all of its suspects
	ground    float64             // predicted tail with all of them normal, seconds; 0 where not known
	spread    float64             // of the entry's tail over normal windows, log seconds
}

// outcome is the entry's tail in a counterfactual, in seconds.
type outcome struct {
	tails                []float64 // by sample: the same index is the same draw in every outcome
	median, lower, upper float64   // 5th and 95th percentile
	meets                float64   // share of the samples that meet the SLO
}

// newSearch returns nil where the model does not know the entry.
func newSearch(cfg Config, ev evidence, l *feature.Layout, v *view, entry identity.RPC, q float64, t tail) *search {
	r := newReach(l.Graph, entry)
	if r == nil {
		return nil
	}
	s := &search{
		cfg: cfg, ev: ev, layout: l, r: r, v: v, d: newDemand(r, v, q), tail: t,
		column: make(map[feature.Key]int, len(l.XKeys)), absorbed: map[int][]int{}, guide: map[int]float64{}, limit: map[int]float64{},
	}
	for i, k := range l.XKeys {
		s.column[k] = i
	}
	return s
}

// restored is what an intervention sets back to normal.
type restored struct {
	do     gvae.Intervention
	lambda map[identity.Service]bool // services that call as usual: sequential or parallel
}

// restore sets channels to normal: their columns of X to the medians of normal
// windows, their latents to draws of the prior there, the residuals of their own
// nodes to what the model expects.
func (s *search) restore(set []int) restored {
	out := restored{do: gvae.Intervention{X: map[int]float64{}}, lambda: map[identity.Service]bool{}}
	var all []int
	for _, c := range set {
		all = append(append(all, c), s.absorbed[c]...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	for _, c := range all {
		for _, x := range s.layout.XOf[c] {
			s.setNormal(&out.do, x)
		}
		if k := s.r.g.Channels[c]; !k.IsNetwork() {
			out.lambda[k.Service] = true
		}
		out.do.Latents = append(out.do.Latents, c)
	}
	for _, n := range s.r.nodes {
		if _, ok := slices.BinarySearch(all, s.r.owner[n]); ok {
			out.do.Nodes = append(out.do.Nodes, n)
		}
	}
	return out
}

// setNormal sets one column of X to its normal value, where that is known.
func (s *search) setNormal(do *gvae.Intervention, x int) {
	if l := s.v.at(s.layout.XKeys[x]); l.n > 0 && !math.IsNaN(l.usual) {
		do.X[x] = l.usual
	}
}

// with returns the outcome of the search's window had the channels been normal.
//
// A model in log seconds keeps what it could not explain of a node as a factor,
// which shrinks when a callee of the node is restored, while the time that a
// service itself lost stays lost. So no tail is predicted below the one with
// every suspect normal plus the own excess of those that are not restored.
// See docs/math.md, 21.
func (s *search) with(set []int) outcome {
	if s.cfg.Without&Floor != 0 {
		return s.outcome(s.restore(set), 0)
	}
	rest := s.total
	for _, c := range set {
		rest -= s.guide[c]
	}
	return s.outcome(s.restore(set), s.anchored(s.ground)+math.Max(0, rest))
}

// except returns the outcome had all of the suspects but c been normal. What c lost is not
// scaled: that all of them are more than the entry lost, as they are where what is rare shows
// at several nodes, is no reason why one of them should be less.
func (s *search) except(suspects []int, c int) outcome {
	a := s.restore(without(suspects, c))
	if s.cfg.Without&Floor != 0 {
		return s.outcome(a, 0)
	}
	return s.outcome(a, s.anchored(s.ground)+math.Min(s.alone[c], s.factual-s.usual))
}

// settle prepares the floors of with and except, and the anchor of all outcomes, for the robust
// scorer's suspects; scale makes their excess in seconds sum up to at most the
// entry's.
func (s *search) settle(suspects []int, scale float64) {
	s.alone = maps.Clone(s.guide)
	for c := range s.guide {
		if most, ok := s.limit[c]; ok {
			s.alone[c] = math.Min(s.alone[c], most)
		}
		s.guide[c] *= scale
	}
	s.total *= scale
	if len(suspects) > 0 {
		s.ground = s.outcome(s.restore(suspects), 0).median
	}
}

// anchored moves a predicted tail t to where it lies given that a window with
// every suspect normal is a normal one, the tail of which is known:
//
//	t' = usual + (factual - usual) (t - ground) / (factual - ground)
//
// What the model is off by for the window as a whole is no part of the answer.
func (s *search) anchored(t float64) float64 {
	if s.cfg.Without&Anchor != 0 || !(s.ground > 0) || !(s.factual > s.ground) || !(s.factual > s.usual) {
		return t
	}
	return max(s.usual/maxFall, s.usual+(s.factual-s.usual)*(t-s.ground)/(s.factual-s.ground))
}

// maxFall bounds how far below the usual tail a prediction may lie.
const maxFall = 2

func (s *search) outcome(a restored, floor float64) outcome {
	s.settleOverlaps(a)
	draws := s.ev.Counterfactual(a.do, s.r.entry, s.cfg.Samples, s.source())
	o := outcome{tails: make([]float64, 0, s.cfg.Samples)}
	for i := 0; i+feature.D <= len(draws); i += feature.D {
		t := s.tail.seconds(draws[i : i+feature.D])
		if math.IsNaN(t) {
			t = s.factual // the model says nothing: nothing is gained
		}
		o.tails = append(o.tails, s.anchored(t))
	}
	if len(o.tails) == 0 {
		o.tails = []float64{s.factual}
	}
	lift(o.tails, math.Min(floor, s.factual))
	for _, t := range o.tails {
		if t <= s.threshold {
			o.meets++
		}
	}
	o.meets /= float64(len(o.tails))
	sorted := slices.Sorted(slices.Values(o.tails))
	o.median, o.lower, o.upper = rank(sorted, 0.5), rank(sorted, 0.05), rank(sorted, 0.95)
	s.widen(&o)
	return o
}

// widen adds the chance of a single window to the interval of an outcome: the
// samples say where its tail is expected, not by how much it scatters around that.
func (s *search) widen(o *outcome) {
	if !(o.lower > 0) || !(o.upper < math.Inf(1)) || !(o.median > 0) {
		return
	}
	chance := probit(0.95) * s.spread
	o.lower = o.median * math.Exp(-math.Hypot(math.Log(o.median/o.lower), chance))
	o.upper = o.median * math.Exp(math.Hypot(math.Log(o.upper/o.median), chance))
}

// lift moves draws up until their median is at least floor. How far they lie
// apart is left as it is: a floor does not make a prediction more certain.
func lift(tails []float64, floor float64) {
	up := floor - rank(slices.Sorted(slices.Values(tails)), 0.5)
	if up <= 0 {
		return
	}
	for i := range tails {
		tails[i] += up
	}
}

// source is the same for every counterfactual of a verdict (common random
// numbers), so that differences between them are not noise.
func (s *search) source() rand.Source { return rand.NewPCG(s.seed, 0x5a6e) }

// rank returns the q-quantile of sorted values, interpolating between ranks.
func rank(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	f := at - float64(i)
	return sorted[i]*(1-f) + sorted[i+1]*f
}

// clone returns a restored that may be changed.
func (a restored) clone() restored {
	a.do.X = maps.Clone(a.do.X)
	a.lambda = maps.Clone(a.lambda)
	return a
}

// owned reports whether the search's graph has the channel, and its index there.
func (s *search) owned(c cbn.Channel) (int, bool) {
	i := slices.Index(s.r.g.Channels, c)
	return i, i >= 0 && s.r.causal(i)
}
