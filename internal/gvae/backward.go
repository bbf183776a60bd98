package gvae

import "github.com/sage-rca/sage/internal/nn"

// gradients is the memory of the backward pass that belongs to a pass.
type gradients struct {
	pred       []float64 // by predictions, [nodes*D x 4n]
	fixed      []float64 // by skip paths at observed parents, [nodes*D x n]
	mu, sigma  []float64 // by the latents' distributions, [2*latents x n]
	z          []float64 // by draws, [2*latents x n]
	in         []float64 // by the inputs of one network
	out        []float64 // by the outputs of one encoder or prior, [2 x n]
	scratch    [2][]float64
	parameters []float64
}

func newGradients(p *pass) *gradients {
	outputs, latents := len(p.spec.Nodes)*p.spec.D, len(p.spec.Latents)
	inputs, widest, _ := p.widest()
	s := make(slab, (5*outputs+6*latents+4*inputs+2+8*widest)*p.size+p.architecture.size)
	return &gradients{
		pred: s.take(4 * outputs * p.size), fixed: s.take(outputs * p.size),
		mu: s.take(2 * latents * p.size), sigma: s.take(2 * latents * p.size), z: s.take(2 * latents * p.size),
		in: s.take(4 * inputs * p.size), out: s.take(2 * p.size),
		scratch:    [2][]float64{s.take(4 * widest * p.size), s.take(4 * widest * p.size)},
		parameters: s.take(p.architecture.size),
	}
}

// backward overwrites g.parameters with the gradient of the loss of the last
// forward pass. Loss must have filled g.pred.
//
// Gradients walk the nodes against the topological order: what a node does to its
// descendants through chained predictions is complete before its own decoder is
// differentiated.
func (p *pass) backward(theta []float64, o *objective, g *gradients) {
	n, latents := p.n, len(p.spec.Latents)
	clear(g.parameters)
	clear(g.z)
	clear(g.mu)
	clear(g.sigma)
	clear(g.fixed)
	for i := len(p.spec.Nodes) - 1; i >= 0; i-- {
		if !p.given.node(i) {
			p.decoderBackward(theta, i, g)
		}
	}

	nn.SampleBackward(p.latents(g.mu), p.latents(g.sigma), p.latents(g.z), p.latents(p.eps))
	if o.kl > 0 {
		h, mean := latents*n, 1/float64(n*p.outputs)
		nn.KLBackward(g.mu[:h], g.sigma[:h], g.mu[h:2*h], g.sigma[h:2*h],
			p.mu[:h], p.sigma[:h], p.mu[h:2*h], p.sigma[h:2*h], o.kl*mean)
	}
	for l := range latents {
		if !p.given.latent(l) {
			p.encoderBackward(theta, l, g)
		}
	}

	// Observed parents are data: forced skip paths have gradients by parameters only.
	for i := range p.skips {
		if !p.skips[i].used() {
			continue
		}
		for d := range p.spec.D {
			dout := row(g.fixed, i*p.spec.D+d, n)
			p.skips[i].backward(theta, g.parameters, dout, i, d, p.scale, p.spec.D, parentRows{}, p.forced[i])
		}
	}
}

// decoderBackward differentiates the decoder of node i.
func (p *pass) decoderBackward(theta []float64, i int, g *gradients) {
	n, dims, latents, node := p.n, p.spec.D, len(p.spec.Latents), &p.spec.Nodes[i]
	dout := g.pred[i*dims*4*n : (i+1)*dims*4*n]
	causes := len(node.Latents) + len(node.Parents)*dims // those rows of the input that are not data
	din := g.in[:causes*4*n]
	p.decoders[i].backward(theta, g.parameters, din, dout, p.dec[i].acts, p.dec[i].in, 4*n, &g.scratch)

	for k, l := range node.Latents {
		d := row(din, k, 4*n)
		q, prior := row(g.z, l, n), row(g.z, latents+l, n)
		for j := range n {
			q[j] += d[j] + d[2*n+j]
			prior[j] += d[n+j] + d[3*n+j]
		}
	}
	for k := range len(node.Parents) * dims {
		at := len(node.Latents) + k
		d, in := row(din, at, 4*n)[:2*n], row(p.dec[i].in, at, 4*n)[:2*n]
		parent := row(g.pred, node.Parents[k/dims]*dims+k%dims, 4*n)
		for j, v := range d {
			if !p.squashed(in[j]) {
				parent[j] += v
			}
		}
	}
	if !p.skips[i].used() {
		return
	}
	parents := parentRows{data: g.pred, stride: 4 * n}
	for d := range dims {
		out := row(dout, d, 4*n)
		p.skips[i].backward(theta, g.parameters, out[:2*n], i, d, p.scale, dims, parents, p.chained[i])
		fixed := row(g.fixed, i*dims+d, n)
		add(fixed, out[2*n:3*n])
		add(fixed, out[3*n:])
	}
}

// encoderBackward differentiates encoder and prior of latent l.
func (p *pass) encoderBackward(theta []float64, l int, g *gradients) {
	n, dims, latents := p.n, p.spec.D, len(p.spec.Latents)
	p.gaussianBackward(g, latents+l, p.priors[l].output(p.pri[l].acts, n))
	p.priors[l].backward(theta, g.parameters, nil, g.out[:2*n], p.pri[l].acts, p.pri[l].in, n, &g.scratch)

	p.gaussianBackward(g, l, p.encoders[l].output(p.enc[l].acts, n))
	var din []float64
	for k, node := range p.sees[l] {
		if p.innovates(l, node) {
			din = g.in[:(k+1)*dims*n]
		}
	}
	p.encoders[l].backward(theta, g.parameters, din, g.out[:2*n], p.enc[l].acts, p.enc[l].in, n, &g.scratch)
	for k, node := range p.sees[l] {
		if !p.innovates(l, node) {
			continue
		}
		for d := range dims {
			column := node*dims + d
			in, grad := row(p.enc[l].in, k*dims+d, n), row(din, k*dims+d, n)
			target, fixed := row(p.batch.y, column, n), row(g.fixed, column, n)
			for j, v := range grad {
				if target[j] == target[j] && !p.squashed(in[j]) {
					fixed[j] -= v // the input is y minus the skip path
				}
			}
		}
	}
}

// gaussianBackward fills g.out with the gradients by the two outputs of a network:
// the mean, and the standard deviation before positive.
func (p *pass) gaussianBackward(g *gradients, distribution int, output []float64) {
	n := p.n
	copy(g.out[:n], row(g.mu, distribution, n))
	sigma := row(g.sigma, distribution, n)
	for i, raw := range output[n : 2*n] {
		g.out[n+i] = sigma[i] * nn.Sigmoid(raw)
	}
}
