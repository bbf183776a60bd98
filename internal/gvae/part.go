package gvae

import "slices"

// part is a spec of what is to be learned alone: the nodes and latents that are, and
// what they depend on as given parts. Its networks are just those of the whole that
// are to be learned, input by input.
type part struct {
	spec  Spec
	given given
	// in holds for each column, node and latent of the whole its index in the part,
	// -1: none. of is the other way around.
	in, of Origin
}

// cut returns the part of a model whose nodes and latents are marked.
func cut(m *Model, latents, nodes, columns []bool) *part {
	spec := &m.spec
	p := &part{spec: Spec{D: spec.D}}
	needed := slices.Clone(nodes)
	present := slices.Clone(latents)
	for i, n := range spec.Nodes {
		if !nodes[i] {
			continue
		}
		for _, k := range n.Parents {
			needed[k] = true
		}
		for _, l := range n.Latents {
			present[l] = true
		}
	}
	for l, learned := range latents {
		for _, k := range m.arch.sees[l] {
			needed[k] = needed[k] || learned
		}
	}
	p.in.X, p.of.X = number(columns)
	p.in.Nodes, p.of.Nodes = number(needed)
	p.in.Latents, p.of.Latents = number(present)
	p.spec.NX = len(p.of.X)
	for _, i := range p.of.Nodes {
		p.given.nodes = append(p.given.nodes, !nodes[i])
		p.spec.Nodes = append(p.spec.Nodes, p.node(&spec.Nodes[i], nodes[i]))
	}
	for _, l := range p.of.Latents {
		p.given.latents = append(p.given.latents, !latents[l])
		var latent Latent
		if latents[l] {
			latent = Latent{X: pick(p.in.X, spec.Latents[l].X), Y: pick(p.in.Nodes, m.arch.sees[l])}
		}
		p.spec.Latents = append(p.spec.Latents, latent)
	}
	return p
}

func (p *part) node(n *Node, learned bool) Node {
	if !learned {
		return Node{Overlap: -1}
	}
	out := Node{
		Parents: pick(p.in.Nodes, n.Parents), X: pick(p.in.X, n.X), Latents: pick(p.in.Latents, n.Latents),
		Overlap: at(p.in.X, n.Overlap),
	}
	for _, t := range n.Terms {
		out.Terms = append(out.Terms, Term{Parent: p.in.Nodes[t.Parent], Calls: at(p.in.X, t.Calls), Overlap: at(p.in.X, t.Overlap)})
	}
	return out
}

// number numbers what is marked: in holds for each its number or -1, of is the
// inverse.
func number(marked []bool) (in, of []int) {
	in = make([]int, len(marked))
	for i, m := range marked {
		if in[i] = -1; m {
			in[i] = len(of)
			of = append(of, i)
		}
	}
	return in, of
}

// pick returns to[i] for every i.
func pick(to, indices []int) []int {
	out := make([]int, 0, len(indices))
	for _, i := range indices {
		out = append(out, to[i])
	}
	return out
}

// data returns the windows of the part.
func (p *part) data(d *Data) Data {
	out := Data{N: d.N, Source: &columns{part: p, of: d}, Weight: d.Weight, Healthy: d.Healthy}
	if d.Since != nil {
		out.Since = pick(d.Since, p.of.Nodes)
	}
	return out
}

// columns are those of a part.
type columns struct {
	part *part
	of   *Data // of the whole
}

func (s *columns) X(dst []float64, c int) { copy(dst, s.of.x(s.part.of.X[c], dst)) }

func (s *columns) Y(dst []float64, c int) {
	dims := s.part.spec.D
	copy(dst, s.of.y(s.part.of.Nodes[c/dims]*dims+c%dims, dst))
}

// scales returns those of the part.
func (p *part) scales(m *Model) (x, y Scale) {
	x, y = newScale(len(p.of.X)), newScale(len(p.of.Nodes)*p.spec.D)
	for i, c := range p.of.X {
		x.put(i, &m.xScale, c)
	}
	for i, n := range p.of.Nodes {
		for d := range p.spec.D {
			y.put(i*p.spec.D+d, &m.yScale, n*p.spec.D+d)
		}
	}
	return x, y
}
