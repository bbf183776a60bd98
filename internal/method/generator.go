package method

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/rca"
)

// generator predicts the entry's tail with parts of the application normal, by a
// model alone.
type generator struct {
	in       rca.Input
	cfg      Published
	scope    *scope // on the model's graph
	evidence *gvae.Evidence
	factual  float64
	factor   float64   // of entryTail
	normal   []float64 // of columns of X, NaN where not known (the model's centre)
	read     []bool
	reader   *reader
	channel  []int   // of each service, -1 where it has none
	networks [][]int // of each service: channels of the calls to it
}

// newGenerator returns nil where there is no model that knows the entry.
func newGenerator(in rca.Input, r *reader, cfg Published) *generator {
	if in.Model == nil || in.Layout == nil {
		return nil
	}
	l := in.Layout
	s := newScope(l.Graph, in.Entry)
	if s == nil {
		return nil
	}
	g := &generator{
		in: in, cfg: cfg, scope: s, reader: r,
		evidence: in.Model.Abduct(l.Row(in.History, in.History.Len()-1)),
		normal:   make([]float64, len(l.XKeys)), read: make([]bool, len(l.XKeys)),
		channel: slices.Repeat([]int{-1}, len(s.services)), networks: make([][]int, len(s.services)),
	}
	g.factual, _, g.factor = entryTail(in, s, r)
	near := make([]bool, len(l.Graph.Channels)) // that cause a node of the scope
	for _, n := range s.nodes {
		for _, c := range l.Graph.ChannelsOf[n] {
			near[c] = true
		}
	}
	for c, k := range l.Graph.Channels {
		at := s.of(serviceOf(k.Service, k.Edge))
		switch {
		case !near[c] || at < 0:
		case k.IsNetwork():
			g.networks[at] = append(g.networks[at], c)
		default:
			g.channel[at] = c
		}
	}
	return g
}

// action is what is restored.
type action struct {
	columns []int // of X
	latents []int
}

// add restores a whole channel.
func (g *generator) add(a *action, channel int) {
	a.columns = append(a.columns, g.in.Layout.XOf[channel]...)
	a.latents = append(a.latents, channel)
}

// whole restores services with all their channels.
func (g *generator) whole(services []int) action {
	var a action
	for _, s := range services {
		if c := g.channel[s]; c >= 0 {
			g.add(&a, c)
		}
		for _, c := range g.networks[s] {
			g.add(&a, c)
		}
	}
	return a
}

// usual returns the normal value of a column of X.
func (g *generator) usual(x int) float64 {
	if !g.read[x] {
		g.read[x], g.normal[x] = true, math.NaN()
		// The median of normal windows, whether or not the column is there now.
		l := g.reader.level(g.in.Layout.XKeys[x])
		g.normal[x] = l.usual
	}
	return g.normal[x]
}

// prediction is a predicted tail in seconds: median, 5th and 95th percentile.
type prediction struct{ median, lower, upper float64 }

// predict generates the entry's tail. Nodes that descend from what is restored
// are drawn from their decoders; others are as observed.
func (g *generator) predict(a action) prediction {
	spec := g.in.Model.Spec()
	do := gvae.Intervention{X: make(map[int]float64, len(a.columns)), Latents: a.latents}
	column, latent := make([]bool, spec.NX), make([]bool, len(spec.Latents))
	for _, x := range a.columns {
		column[x] = true
		do.X[x] = g.usual(x)
	}
	for _, l := range a.latents {
		latent[l] = true
	}
	anew := make([]bool, len(spec.Nodes))
	anyOf := func(set []bool, indices []int) bool {
		return slices.ContainsFunc(indices, func(i int) bool { return set[i] })
	}
	for _, n := range g.scope.nodes { // causes first
		node := &spec.Nodes[n]
		if anew[n] = anyOf(column, node.X) || anyOf(latent, node.Latents) || anyOf(anew, node.Parents); anew[n] {
			do.Nodes = append(do.Nodes, n)
		}
	}
	seed := g.cfg.Seed ^ uint64(g.in.Snapshot.Start)*0x9e3779b97f4a7c15
	draws := g.evidence.Counterfactual(do, g.scope.entry, g.cfg.Samples, rand.NewPCG(seed, 0x9a11))
	tails := make([]float64, 0, g.cfg.Samples)
	for i := 0; i+feature.D <= len(draws); i += feature.D {
		t := g.factor * tailOf(g.in.Quantile, draws[i:i+feature.D])
		if math.IsNaN(t) {
			t = g.factual
		}
		tails = append(tails, t)
	}
	slices.Sort(tails)
	return prediction{median: rank(tails, 0.5), lower: rank(tails, 0.05), upper: rank(tails, 0.95)}
}
