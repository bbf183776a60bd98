package gvae

import "slices"

// architecture says where in the flat vector of parameters each network lies. It
// follows from the spec and the configuration alone.
type architecture struct {
	spec  *Spec
	limit float64 // of the networks' inputs, see squash

	encoders []mlp   // per latent: D quantiles of each node of sees, its X; outputs μ and raw σ
	priors   []mlp   // per latent: its X; outputs μ and raw σ
	decoders []mlp   // per node: its latents, its parents' quantiles, its X; outputs D
	skips    []skip  // per node
	sees     [][]int // per latent: nodes whose latencies its encoder sees
	// firstTerm of node n is its first row among the terms of all nodes.
	firstTerm []int
	terms     int
	size      int // number of parameters
	links     int // of them those of skip paths, which come first
	outputs   int // of all decoders

	// Of any network or skip path: inputs, outputs of a layer, of all hidden layers, terms.
	most struct{ in, layer, hidden, terms int }

	given given
}

// given are the parts of a spec that have no networks, because something else says
// what they are: nodes that always have their observed latency, and latents whose
// distributions come with the data. The zero value is none.
type given struct{ nodes, latents []bool }

func (g *given) node(i int) bool   { return g.nodes != nil && g.nodes[i] }
func (g *given) latent(i int) bool { return g.latents != nil && g.latents[i] }

// newArchitecture lays out the networks of a valid spec, those that are not given.
func newArchitecture(spec *Spec, cfg *Config, known given) *architecture {
	a := &architecture{spec: spec, limit: publishedLimit, given: known}
	if cfg.Structured {
		a.limit = structuredLimit
	}
	for _, n := range spec.Nodes {
		a.firstTerm = append(a.firstTerm, a.terms)
		a.terms += len(n.Terms)
		s := skip{}
		if cfg.Structured && len(n.Terms) > 0 {
			s = skip{parents: make([]int, len(n.Terms)), own: a.take(spec.D), weights: a.take(len(n.Terms) * spec.D)}
			for i, t := range n.Terms {
				s.parents[i] = t.Parent
			}
		}
		a.skips = append(a.skips, s)
	}
	a.links = a.size
	for i, l := range spec.Latents {
		if known.latent(i) {
			a.sees, a.encoders = append(a.sees, nil), append(a.encoders, mlp{})
			continue
		}
		a.sees = append(a.sees, a.visible(i))
		a.encoders = append(a.encoders, a.network(len(a.sees[i])*spec.D+len(l.X), cfg.Hidden, 2))
	}
	for i, l := range spec.Latents {
		if known.latent(i) {
			a.priors = append(a.priors, mlp{})
			continue
		}
		a.priors = append(a.priors, a.network(len(l.X), cfg.Hidden, 2))
	}
	for i, n := range spec.Nodes {
		if known.node(i) {
			a.decoders = append(a.decoders, mlp{})
			continue
		}
		a.decoders = append(a.decoders, a.network(len(n.Latents)+len(n.Parents)*spec.D+len(n.X), cfg.Hidden, spec.D))
		a.outputs += spec.D
	}
	a.measure()
	return a
}

// take reserves n parameters and returns the index of the first.
func (a *architecture) take(n int) int {
	a.size += n
	return a.size - n
}

func (a *architecture) network(in int, hidden []int, out int) mlp {
	m := mlp{in: in}
	for _, width := range append(slices.Clone(hidden), out) {
		m.layers = append(m.layers, layer{in: in, out: width, w: a.take(width * in), b: a.take(width)})
		in = width
	}
	return m
}

// visible returns the nodes of Latent.Y that the encoder of latent l sees. A parent
// of a node that the latent touches is left out where its effect on the node is in
// the skip path: given what the path leaves unexplained it says nothing more of the
// latent, but in an incident it would carry a slow callee into the caller's latent.
func (a *architecture) visible(l int) []int {
	touched := func(n int) bool { return slices.Contains(a.spec.Nodes[n].Latents, l) }
	var out []int
	for _, y := range a.spec.Latents[l].Y {
		needed, explained := touched(y), false
		for n, node := range a.spec.Nodes {
			if touched(n) && slices.Contains(node.Parents, y) {
				if slices.Contains(a.skips[n].parents, y) {
					explained = true
				} else {
					needed = true
				}
			}
		}
		if needed || !explained {
			out = append(out, y)
		}
	}
	return out
}

// innovates reports whether the encoder of latent l sees of node n only what the
// skip path leaves unexplained: that of the nodes that the latent itself touches.
// See docs/math.md, 8.
func (a *architecture) innovates(l, n int) bool {
	return a.skips[n].used() && slices.Contains(a.spec.Nodes[n].Latents, l)
}

// measure notes the largest number of rows that any network needs.
func (a *architecture) measure() {
	for _, nets := range [][]mlp{a.encoders, a.priors, a.decoders} {
		for _, m := range nets {
			a.most.in, a.most.hidden = max(a.most.in, m.in), max(a.most.hidden, m.hidden())
			for _, l := range m.layers {
				a.most.layer = max(a.most.layer, l.out)
			}
		}
	}
	for i := range a.skips {
		a.most.terms = max(a.most.terms, len(a.skips[i].parents))
	}
}

// row returns row i of a matrix with n columns.
func row[T any](m []T, i, n int) []T { return m[i*n : (i+1)*n : (i+1)*n] }
