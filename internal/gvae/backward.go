package gvae

import "github.com/sage-rca/sage/internal/nn"

// gradients is the memory of the backward pass that belongs to a pass.
type gradients[F nn.Float] struct {
	pred       []F // by chained predictions, [nodes*D x 2n]
	fixed      []F // by skip paths at observed parents, [nodes*D x n]
	z          []F // by draws, [2*latents x n]
	mu, sigma  []F // by the distributions of one latent, q and p, [2 x n]
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
		g.pred, g.fixed = s.take(2*outputs*p.size), s.take(outputs*p.size)
		g.z, g.mu, g.sigma = s.take(2*latents*p.size), s.take(2*p.size), s.take(2*p.size)
		g.in, g.out = s.take(2*p.most.in*p.size), s.take(2*max(1, p.spec.D)*p.size)
		g.scratch = [2][]F{s.take(2 * p.most.layer * p.size), s.take(2 * p.most.layer * p.size)}
		g.parameters = s.take(p.architecture.size)
	}
	lay()
	s.allocate()
	lay()
	return g
}

// clear makes zero what gradients are added to that begin with the loaded windows.
func (p *pass[F]) clear(g *gradients[F]) {
	clear(p.latents(g.z))
	clear(g.fixed[:len(p.spec.Nodes)*p.spec.D*p.n])
}

// backward adds the gradient of the loss of the last forward pass to g.parameters, less what
// that has added itself. A loss that is the mean over more windows than the pass has is so
// over those of the batch, of.
//
// Gradients walk the nodes against the topological order: what a node does to its
// descendants through chained predictions is complete before its own decoder is
// differentiated.
func (p *pass[F]) backward(o *objective, g *gradients[F], of int) {
	n := p.n
	for i := len(p.spec.Nodes) - 1; i >= 0; i-- {
		if !p.given.node(i) {
			p.chainBackward(i, g)
		}
	}

	divergence := F(o.kl / float64(of*p.outputs))
	for l := range p.spec.Latents {
		if !p.given.latent(l) {
			p.latentBackward(l, g, divergence)
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

// backpropagate differentiates a network of n columns, given its input, and its activations
// where they are kept.
func (p *pass[F]) backpropagate(m mlp, w *work[F], g *gradients[F], din, dout []F, n int) {
	if !p.kept {
		activate(m, p.theta, w.acts, w.in, n)
	}
	backward(m, p.theta, g.parameters, din, dout, w.acts, w.in, n, &g.scratch)
}

// chainBackward differentiates the chained predictions of node i.
func (p *pass[F]) chainBackward(i int, g *gradients[F]) {
	n, dims, node := p.n, p.spec.D, &p.spec.Nodes[i]
	dout := p.ofNode(g.pred, i)
	first := len(node.Latents)
	din := g.in[:(first+len(node.Parents)*dims)*2*n] // those rows of the input that are not data
	w := &p.chaining[i]
	if !p.kept {
		p.decoderInput(i, w.in, false)
	}
	p.backpropagate(p.decoders[i], w, g, din, dout, 2*n)
	p.drawsBackward(i, g, din)
	for k := range len(node.Parents) * dims {
		d, in := row(din, first+k, 2*n), row(w.in, first+k, 2*n)
		parent := row(g.pred, node.Parents[k/dims]*dims+k%dims, 2*n)
		nn.AddInside(parent, d, in, in, 1, F(p.limit))
	}
	if !p.skips[i].used() {
		return
	}
	for d := range dims {
		skipBackward(&p.skips[i], p, g.parameters, row(dout, d, 2*n), i, d, p.latencies(g.pred, 2*n), p.chained[i])
	}
}

// forcedBackward differentiates the forced predictions of node i, whose input and
// activations are still there. Its parents are data.
func (p *pass[F]) forcedBackward(i int, g *gradients[F], dout []F) {
	n, dims := p.n, p.spec.D
	din := g.in[:len(p.spec.Nodes[i].Latents)*2*n]
	backward(p.decoders[i], p.theta, g.parameters, din, dout, p.once.acts, p.once.in, 2*n, &g.scratch)
	p.drawsBackward(i, g, din)
	if !p.skips[i].used() {
		return
	}
	for d := range dims {
		fixed, out := row(g.fixed, i*dims+d, n), row(dout, d, 2*n)
		nn.Add(fixed, out[:n])
		nn.Add(fixed, out[n:])
	}
}

// drawsBackward adds the gradients by the first inputs of the decoder of node i, its
// latents, to those by draws.
func (p *pass[F]) drawsBackward(i int, g *gradients[F], din []F) {
	n := p.n
	for k, l := range p.spec.Nodes[i].Latents {
		d := row(din, k, 2*n)
		nn.Add(row(g.z, l, n), d[:n])
		nn.Add(row(g.z, len(p.spec.Latents)+l, n), d[n:])
	}
}

// latentBackward fills g.mu and g.sigma with the gradients by the distributions of latent l:
// through its draws, and of so many times their divergence.
func (p *pass[F]) latentBackward(l int, g *gradients[F], divergence F) {
	n, prior := p.n, len(p.spec.Latents)+l
	mu, sigma := g.mu[:2*n], g.sigma[:2*n]
	clear(mu)
	clear(sigma)
	nn.SampleBackward(mu[:n], sigma[:n], row(g.z, l, n), row(p.eps, l, n))
	nn.SampleBackward(mu[n:], sigma[n:], row(g.z, prior, n), row(p.eps, prior, n))
	if divergence > 0 {
		nn.KLBackward(mu[:n], sigma[:n], mu[n:], sigma[n:],
			row(p.mu, l, n), row(p.sigma, l, n), row(p.mu, prior, n), row(p.sigma, prior, n), divergence)
	}
}

// encoderBackward differentiates encoder and prior of latent l, for which latentBackward
// has been called.
func (p *pass[F]) encoderBackward(l int, g *gradients[F]) {
	n, dims := p.n, p.spec.D
	p.gaussianBackward(g, 1, len(p.spec.Latents)+l)
	q, prior := &p.encoding[l], &p.presuming[l]
	if !p.kept {
		p.priorInput(l, prior.in)
	}
	p.backpropagate(p.priors[l], prior, g, nil, g.out[:2*n], n)

	p.gaussianBackward(g, 0, l)
	var din []F
	for k, node := range p.sees[l] {
		if p.innovates(l, node) {
			din = g.in[:(k+1)*dims*n]
		}
	}
	if !p.kept {
		p.encoderInput(l, q.in)
	}
	p.backpropagate(p.encoders[l], q, g, din, g.out[:2*n], n)
	for k, node := range p.sees[l] {
		if !p.innovates(l, node) {
			continue
		}
		for d := range dims {
			column := node*dims + d
			in, grad := row(q.in, k*dims+d, n), row(din, k*dims+d, n)
			// The input is y minus the skip path.
			nn.AddInside(row(g.fixed, column, n), grad, in, row(p.batch.y, column, n), -1, F(p.limit))
		}
	}
}

// gaussianBackward fills g.out with the gradients by the two outputs of a network, the mean,
// and the standard deviation before the softplus: of q (0) or p (1), which is row i of all.
func (p *pass[F]) gaussianBackward(g *gradients[F], which, i int) {
	n := p.n
	copy(g.out[:n], row(g.mu, which, n))
	nn.SoftplusBackward(row(g.out, 1, n), row(p.raw, i, n), row(g.sigma, which, n))
}
