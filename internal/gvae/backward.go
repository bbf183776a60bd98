package gvae

import "github.com/sage-rca/sage/internal/nn"

// gradients is the memory of the backward pass that belongs to a pass.
type gradients[F nn.Float] struct {
	pred       []F // by predictions, [nodes*D x 4n]
	fixed      []F // by skip paths at observed parents, [nodes*D x n]
	mu, sigma  []F // by the latents' distributions, [2*latents x n]
	z          []F // by draws, [2*latents x n]
	in         []F // by the inputs of one network
	out        []F // by the outputs of one network
	scratch    [2][]F
	parameters []F
}

func newGradients[F nn.Float](p *pass[F]) *gradients[F] {
	outputs, latents := len(p.spec.Nodes)*p.spec.D, len(p.spec.Latents)
	g := &gradients[F]{}
	var s slab[F]
	lay := func() {
		g.pred, g.fixed = s.take(4*outputs*p.size), s.take(outputs*p.size)
		g.mu, g.sigma, g.z = s.take(2*latents*p.size), s.take(2*latents*p.size), s.take(2*latents*p.size)
		g.in, g.out = s.take(4*p.most.in*p.size), s.take(2*max(1, p.spec.D)*p.size)
		g.scratch = [2][]F{s.take(4 * p.most.layer * p.size), s.take(4 * p.most.layer * p.size)}
		g.parameters = s.take(p.architecture.size)
	}
	lay()
	s.allocate()
	lay()
	return g
}

// backward adds the gradient of the loss of the last forward pass to g.parameters.
// Loss must have filled g.pred. A loss that is the mean over more windows than the pass
// has is so over those of the batch, of.
//
// Gradients walk the nodes against the topological order: what a node does to its
// descendants through chained predictions is complete before its own decoder is
// differentiated.
func (p *pass[F]) backward(o *objective, g *gradients[F], of int) {
	n, latents := p.n, len(p.spec.Latents)
	clear(p.latents(g.z))
	clear(p.latents(g.mu))
	clear(p.latents(g.sigma))
	clear(g.fixed[:len(p.spec.Nodes)*p.spec.D*n])
	for i := len(p.spec.Nodes) - 1; i >= 0; i-- {
		if !p.given.node(i) {
			p.decoderBackward(i, g)
		}
	}

	nn.SampleBackward(p.latents(g.mu), p.latents(g.sigma), p.latents(g.z), p.latents(p.eps))
	if o.kl > 0 {
		h, mean := latents*n, 1/float64(of*p.outputs)
		nn.KLBackward(g.mu[:h], g.sigma[:h], g.mu[h:2*h], g.sigma[h:2*h],
			p.mu[:h], p.sigma[:h], p.mu[h:2*h], p.sigma[h:2*h], F(o.kl*mean))
	}
	for l := range latents {
		if !p.given.latent(l) {
			p.encoderBackward(l, g)
		}
	}

	// Observed parents are data: forced skip paths have gradients by parameters only.
	for i := range p.skips {
		if !p.skips[i].used() {
			continue
		}
		for d := range p.spec.D {
			dout := row(g.fixed, i*p.spec.D+d, n)
			skipBackward(&p.skips[i], p, g.parameters, dout, i, d, parentRows[F]{}, p.forced[i])
		}
	}
}

// backpropagate differentiates a network of n columns whose input is in p.in.
func (p *pass[F]) backpropagate(m mlp, g *gradients[F], din, dout []F, n int) {
	activate(m, p.theta, p.acts, p.in, n)
	backward(m, p.theta, g.parameters, din, dout, p.acts, p.in, n, &g.scratch)
}

// decoderBackward differentiates the decoder of node i.
func (p *pass[F]) decoderBackward(i int, g *gradients[F]) {
	n, dims, node, blocks := p.n, p.spec.D, &p.spec.Nodes[i], p.blocks(i)
	dout := g.pred[i*dims*4*n : (i+1)*dims*4*n]
	if blocks == 2 { // computed once, used chained and forced
		for d := range dims {
			from, to := row(dout, d, 4*n), row(g.out, d, 2*n)
			copy(to, from)
			nn.Add(to, from[2*n:])
		}
		dout = g.out[:dims*2*n]
	}
	causes := len(node.Latents) + len(node.Parents)*dims // those rows of the input that are not data
	din := g.in[:causes*blocks*n]
	p.decoderInput(i)
	p.backpropagate(p.decoders[i], g, din, dout, blocks*n)

	for k, l := range node.Latents {
		d := row(din, k, blocks*n)
		q, prior := row(g.z, l, n), row(g.z, len(p.spec.Latents)+l, n)
		for b := 0; b < blocks; b += 2 {
			nn.Add(q, row(d, b, n))
			nn.Add(prior, row(d, b+1, n))
		}
	}
	for k := range len(node.Parents) * dims {
		at := len(node.Latents) + k
		d, in := row(din, at, 4*n)[:2*n], row(p.in, at, 4*n)[:2*n]
		parent := row(g.pred, node.Parents[k/dims]*dims+k%dims, 4*n)[:2*n]
		nn.AddInside(parent, d, in, in, 1, F(p.limit))
	}
	if !p.skips[i].used() {
		return
	}
	for d := range dims {
		out := row(dout, d, 4*n)
		skipBackward(&p.skips[i], p, g.parameters, out[:2*n], i, d, p.latencies(g.pred, 4*n), p.chained[i])
		fixed := row(g.fixed, i*dims+d, n)
		nn.Add(fixed, out[2*n:3*n])
		nn.Add(fixed, out[3*n:])
	}
}

// encoderBackward differentiates encoder and prior of latent l.
func (p *pass[F]) encoderBackward(l int, g *gradients[F]) {
	n, dims, latents := p.n, p.spec.D, len(p.spec.Latents)
	p.gaussianBackward(g, latents+l)
	p.priorInput(l)
	p.backpropagate(p.priors[l], g, nil, g.out[:2*n], n)

	p.gaussianBackward(g, l)
	var din []F
	for k, node := range p.sees[l] {
		if p.innovates(l, node) {
			din = g.in[:(k+1)*dims*n]
		}
	}
	p.encoderInput(l)
	p.backpropagate(p.encoders[l], g, din, g.out[:2*n], n)
	for k, node := range p.sees[l] {
		if !p.innovates(l, node) {
			continue
		}
		for d := range dims {
			column := node*dims + d
			in, grad := row(p.in, k*dims+d, n), row(din, k*dims+d, n)
			// The input is y minus the skip path.
			nn.AddInside(row(g.fixed, column, n), grad, in, row(p.batch.y, column, n), -1, F(p.limit))
		}
	}
}

// gaussianBackward fills g.out with the gradients by the two outputs of a network:
// the mean, and the standard deviation before the softplus.
func (p *pass[F]) gaussianBackward(g *gradients[F], distribution int) {
	n := p.n
	copy(g.out[:n], row(g.mu, distribution, n))
	nn.SoftplusBackward(row(g.out, 1, n), row(p.raw, distribution, n), row(g.sigma, distribution, n))
}
