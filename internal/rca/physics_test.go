package rca

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
)

// layoutOf lays out what a model of the graph conditions on.
func layoutOf(g *cbn.Graph, t table) *feature.Layout {
	l := &feature.Layout{Graph: g, XOf: make([][]int, len(g.Channels))}
	put := func(s identity.Service, k feature.Key) {
		c := slices.Index(g.Channels, cbn.Channel{Service: s})
		if c < 0 {
			return
		}
		l.XOf[c] = append(l.XOf[c], len(l.XKeys))
		l.XKeys = append(l.XKeys, k)
	}
	for _, n := range g.Nodes {
		switch n.Class {
		case cbn.ServerNode:
			put(n.Edge.Callee.Service, feature.Key{Kind: feature.Overlap, Edge: n.Edge})
			put(n.Edge.Callee.Service, feature.Key{Kind: feature.Load, Edge: n.Edge})
		case cbn.ClientNode:
			k := feature.Key{Kind: feature.Calls, Edge: n.Edge}
			if c := g.NetworkChannel(n.Edge); c >= 0 {
				l.XOf[c] = append(l.XOf[c], len(l.XKeys))
				l.XKeys = append(l.XKeys, k)
			} else {
				put(n.Edge.Caller.Service, k)
			}
			put(n.Edge.Caller.Service, feature.Key{Kind: feature.Overlap, Edge: n.Edge})
		case cbn.NetworkNode, cbn.QueueNode:
		}
	}
	for _, k := range t.Keys() {
		put(k.Service, k)
	}
	return l
}

// physics answers counterfactuals by the arithmetic of world, as a structured
// model that was fitted perfectly to healthy windows does: own times and gaps are
// those of healthy windows, and what a window shows beyond is residual. Metrics
// have no effect in it.
type physics struct {
	l    *feature.Layout
	r    *reach
	v    *view
	y    [][feature.D]float64 // observed
	e    [][feature.D]float64 // residual
	asks int
}

func newPhysics(l *feature.Layout, rec record, in Input) *physics {
	p := &physics{l: l, r: newReach(l.Graph, in.Entry), v: newView(rec, in.Onset, 3.5)}
	for _, n := range l.Graph.Nodes {
		var y [feature.D]float64
		for d := range y {
			y[d] = p.v.at(feature.Key{Kind: feature.Latency, Node: n, Quantile: d}).now
		}
		p.y = append(p.y, y)
	}
	p.e = make([][feature.D]float64, len(p.y))
	for n := range l.Graph.Nodes {
		f := p.expect(n, p.y, nil)
		for d := range f {
			p.e[n][d] = p.y[n][d] - f[d]
		}
	}
	return p
}

func (p *physics) x(k feature.Key, do map[int]float64) float64 {
	if v, ok := do[slices.Index(p.l.XKeys, k)]; ok {
		return v
	}
	return p.v.at(k).now
}

func (p *physics) expect(n int, y [][feature.D]float64, do map[int]float64) (f [feature.D]float64) {
	g := p.l.Graph
	node := g.Nodes[n]
	for d := range f {
		var s float64
		switch {
		case node.Class == cbn.ServerNode:
			for _, c := range p.r.rpcAt(n).calls {
				s += math.Exp(p.x(feature.Key{Kind: feature.Calls, Edge: c.edge}, do) +
					p.x(feature.Key{Kind: feature.Overlap, Edge: c.edge}, do) + y[c.client][d])
			}
			if s > 0 {
				s *= math.Exp(p.x(feature.Key{Kind: feature.Overlap, Edge: node.Edge}, do))
			}
			s += math.Exp(p.v.at(feature.Key{Kind: feature.Exclusive, Edge: node.Edge, Quantile: d}).usual)
		case len(g.Parents[n]) > 0:
			for _, q := range g.Parents[n] {
				s += math.Exp(y[q][d])
			}
		default:
			s = math.Exp(p.v.at(feature.Key{Kind: feature.Latency, Node: node, Quantile: d}).usual)
		}
		f[d] = math.Log(s)
	}
	return f
}

func (p *physics) Residual(n, d int) float64 { return p.e[n][d] / 0.05 }

func (p *physics) Counterfactual(do gvae.Intervention, target, samples int, src rand.Source) []float64 {
	p.asks++
	rng := rand.New(src)
	var out []float64
	for range samples {
		y := slices.Clone(p.y)
		for _, n := range p.r.nodes {
			f := p.expect(n, y, do.X)
			noise := 0.03 * rng.NormFloat64()
			for d := range f {
				if slices.Contains(do.Nodes, n) {
					y[n][d] = f[d] + noise
				} else {
					y[n][d] = f[d] + p.e[n][d]
				}
			}
		}
		out = append(out, y[target][:]...)
	}
	return out
}
