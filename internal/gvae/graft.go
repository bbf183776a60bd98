package gvae

import "slices"

// graft copies the parameters old of another architecture into theta, as far as a
// has them from there: those of the networks of latents and nodes that have an
// origin with networks. Weights of inputs that are new are zero, so that they say
// nothing at first, those of inputs that are gone are lost. What an encoder sees of
// a node is in spreads of the node whether it is the latency or what the skip path
// leaves of it, so that a node's first parent changes no weight.
func (a *architecture) graft(theta []float32, from *architecture, old []float32, o *Origin) {
	for l, k := range o.Latents {
		if k < 0 || a.given.latent(l) || from.given.latent(k) {
			continue
		}
		columns := places(a.spec.Latents[l].X, o.X, from.spec.Latents[k].X)
		a.priors[l].graft(theta, from.priors[k], old, columns)
		var inputs []int
		for _, n := range a.sees[l] {
			inputs = append(inputs, block(slices.Index(from.sees[k], at(o.Nodes, n)), a.spec.D)...)
		}
		for _, c := range columns {
			inputs = append(inputs, offset(c, len(from.sees[k])*a.spec.D))
		}
		a.encoders[l].graft(theta, from.encoders[k], old, inputs)
	}
	for n, k := range o.Nodes {
		if k < 0 || a.given.node(n) || from.given.node(k) {
			continue
		}
		a.graftNode(theta, n, from, old, k, o)
	}
}

func (a *architecture) graftNode(theta []float32, n int, from *architecture, old []float32, k int, o *Origin) {
	node, was, dims := &a.spec.Nodes[n], &from.spec.Nodes[k], a.spec.D
	inputs := places(node.Latents, o.Latents, was.Latents)
	for _, p := range places(node.Parents, o.Nodes, was.Parents) {
		for _, i := range block(p, dims) {
			inputs = append(inputs, offset(i, len(was.Latents)))
		}
	}
	for _, c := range places(node.X, o.X, was.X) {
		inputs = append(inputs, offset(c, len(was.Latents)+len(was.Parents)*dims))
	}
	a.decoders[n].graft(theta, from.decoders[k], old, inputs)

	s, t := &a.skips[n], &from.skips[k]
	if !s.used() || !t.used() {
		return
	}
	copy(theta[s.own:s.own+dims], old[t.own:t.own+dims])
	for i, p := range s.parents {
		if j := slices.Index(t.parents, at(o.Nodes, p)); j >= 0 {
			copy(theta[s.weights+i*dims:s.weights+(i+1)*dims], old[t.weights+j*dims:])
		}
	}
}

// graft copies the parameters of a network of the same hidden widths, whose inputs
// were where inputs says, -1: nowhere.
func (m mlp) graft(theta []float32, from mlp, old []float32, inputs []int) {
	for i, l := range m.layers {
		f := from.layers[i]
		w, b := params(l, theta)
		v, c := params(f, old)
		copy(b, c)
		if i > 0 {
			copy(w, v)
			continue
		}
		for j, was := range inputs {
			for out := range l.out {
				if w[out*l.in+j] = 0; was >= 0 {
					w[out*l.in+j] = v[out*f.in+was]
				}
			}
		}
	}
}

// places returns the position of each index, where it was, in was; -1: nowhere.
func places(indices, origin, was []int) []int {
	out := make([]int, 0, len(indices))
	for _, i := range indices {
		out = append(out, slices.Index(was, at(origin, i)))
	}
	return out
}

// block returns the positions of the dims rows of the i-th of several, -1 each where
// i is negative.
func block(i, dims int) []int {
	out := make([]int, dims)
	for d := range out {
		if out[d] = -1; i >= 0 {
			out[d] = i*dims + d
		}
	}
	return out
}

// offset moves a position, if it is one.
func offset(i, by int) int {
	if i < 0 {
		return i
	}
	return i + by
}
