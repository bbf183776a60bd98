package gvae

import "github.com/sage-rca/sage/internal/nn"

// leastSigma keeps the divergence of two Gaussians finite.
const leastSigma = 1e-3

// infer computes the latents of the loaded windows, and what observed latencies say of the
// nodes that they are parents of.
func (p *pass[F]) infer() {
	for i := range p.skips {
		p.skipForced(i)
	}
	for l := range p.spec.Latents {
		p.encode(l)
	}
	nn.Sample(p.latents(p.z), p.latents(p.mu), p.latents(p.sigma), p.latents(p.eps))
}

// forward computes latents and predictions of the loaded windows, and returns their part in
// the loss that is the mean over so many. It leaves in g the gradient by chained
// predictions, and that of everything forced where that is to be learned from.
func (p *pass[F]) forward(o *objective, g *gradients[F], of int, learn bool) float64 {
	p.infer()
	if learn {
		p.clear(g)
	}
	c := p.criterion(o, of)
	sum := 0.0
	for i := range p.spec.Nodes {
		if p.given.node(i) {
			p.observe(i)
			clear(p.ofNode(g.pred, i))
			continue
		}
		p.chain(i)
		if !p.chains(i) {
			sum += c.loss(p, i, p.ofNode(p.pred, i), p.ofNode(g.pred, i), &c.both)
			continue
		}
		sum += c.loss(p, i, p.ofNode(p.pred, i), p.ofNode(g.pred, i), &c.chained)
		p.force(i)
		dout := g.out[:p.spec.D*2*p.n]
		sum += c.loss(p, i, p.out, dout, &c.forced)
		if learn {
			p.forcedBackward(i, g, dout)
		}
	}
	return c.mean * (sum + c.divergence(p))
}

// chains reports whether node i has parents, so that predictions of it that are chained are
// others than those that are forced.
func (p *pass[F]) chains(i int) bool { return len(p.spec.Nodes[i].Parents) > 0 }

// ofNode are the rows of node i in a matrix [nodes*D x 2n].
func (p *pass[F]) ofNode(m []F, i int) []F {
	size := 2 * p.spec.D * p.n
	return m[i*size : (i+1)*size : (i+1)*size]
}

// chain computes the predictions of node i from those of its parents.
func (p *pass[F]) chain(i int) {
	w, pred := &p.chaining[i], p.ofNode(p.pred, i)
	p.decoderInput(i, w.in, false)
	forward(p.decoders[i], p.theta, pred, w.acts, w.in, 2*p.n)
	s := &p.skips[i]
	if !s.used() {
		return
	}
	n := p.n
	for t := range s.parents {
		from, to := row(p.forced[i].factor, t, n), row(p.factor, t, 2*n)
		copy(to, from)
		copy(to[n:], from)
	}
	chained := p.chained[i]
	chained.factor = p.factor
	for d := range p.spec.D {
		skipForward(s, p.positive, row(pred, d, 2*n), i, d, p.scale, p.spec.D, p.latencies(p.pred, 2*n), chained)
	}
}

// force computes into p.out the predictions of node i from its parents as observed.
func (p *pass[F]) force(i int) {
	n := p.n
	p.decoderInput(i, p.once.in, true)
	forward(p.decoders[i], p.theta, p.out, p.once.acts, p.once.in, 2*n)
	if !p.skips[i].used() {
		return
	}
	for d := range p.spec.D {
		out, fixed := row(p.out, d, 2*n), row(p.fixed, i*p.spec.D+d, n)
		nn.Add(out[:n], fixed)
		nn.Add(out[n:], fixed)
	}
}

// latencies are the rows of all nodes in a matrix of n columns.
func (p *pass[F]) latencies(m []F, n int) parentRows[F] {
	return parentRows[F]{data: m, dims: p.spec.D, n: n}
}

// observe makes the observed latencies of a given node its predicted ones.
func (p *pass[F]) observe(i int) {
	n := p.n
	for c := i * p.spec.D; c < (i+1)*p.spec.D; c++ {
		pred, known := row(p.pred, c, 2*n), row(p.known, c, n)
		copy(pred, known)
		copy(pred[n:], known)
	}
}

// latents cuts a matrix of latents to the loaded windows.
func (p *pass[F]) latents(m []F) []F { return m[:2*len(p.spec.Latents)*p.n] }

// skipForced computes the skip path of node i at the observed latencies of its
// parents.
func (p *pass[F]) skipForced(i int) {
	s := &p.skips[i]
	if !s.used() {
		return
	}
	for d := range p.spec.D {
		out := row(p.fixed, i*p.spec.D+d, p.n)
		clear(out)
		skipForward(s, p.positive, out, i, d, p.scale, p.spec.D, p.latencies(p.known, p.n), p.forced[i])
	}
}

// encode computes mean and standard deviation of q and p of latent l.
func (p *pass[F]) encode(l int) {
	n, latents := p.n, len(p.spec.Latents)
	if p.given.latent(l) {
		for k, to := range [...][]F{p.mu, p.mu, p.sigma, p.sigma} {
			copy(row(to, k%2*latents+l, n), row(p.batch.latents, k*latents+l, n))
		}
		return
	}
	q, prior := &p.encoding[l], &p.presuming[l]
	p.encoderInput(l, q.in)
	forward(p.encoders[l], p.theta, p.out, q.acts, q.in, n)
	p.distribution(l)
	p.priorInput(l, prior.in)
	forward(p.priors[l], p.theta, p.out, prior.acts, prior.in, n)
	p.distribution(latents + l)
}

// distribution takes the mean and the standard deviation of a Gaussian from the output
// of its network.
func (p *pass[F]) distribution(i int) {
	n := p.n
	copy(row(p.mu, i, n), p.out)
	copy(row(p.raw, i, n), p.out[n:])
	nn.SoftplusForward(row(p.sigma, i, n), row(p.raw, i, n), leastSigma)
}

// encoderInput assembles what the encoder of latent l sees: per node the D quantiles,
// or what the skip path leaves of them, then its X.
func (p *pass[F]) encoderInput(l int, in []F) {
	n, limit := p.n, F(p.limit)
	at := 0
	for _, node := range p.sees[l] {
		rest := p.innovates(l, node)
		for d := range p.spec.D {
			column := node*p.spec.D + d
			out := row(in, at, n)
			if rest { // a missing latency is no news
				nn.ClampRest(out, row(p.batch.y, column, n), row(p.fixed, column, n), limit)
			} else {
				nn.Clamp(out, row(p.known, column, n), limit)
			}
			at++
		}
	}
	for _, c := range p.spec.Latents[l].X {
		copy(row(in, at, n), row(p.batch.x, c, n))
		at++
	}
}

func (p *pass[F]) priorInput(l int, in []F) {
	for i, c := range p.spec.Latents[l].X {
		copy(row(in, i, p.n), row(p.batch.x, c, p.n))
	}
}

// decoderInput assembles what the decoder of node i sees: its latents, its parents as they
// are predicted or, forced, as they were observed, its X.
func (p *pass[F]) decoderInput(i int, in []F, forced bool) {
	n, node, limit := p.n, &p.spec.Nodes[i], F(p.limit)
	latents, dims := len(p.spec.Latents), p.spec.D
	at := 0
	next := func() []F {
		at++
		return row(in, at-1, 2*n)
	}
	for _, l := range node.Latents {
		out := next()
		copy(out, row(p.z, l, n))
		copy(out[n:], row(p.z, latents+l, n))
	}
	for _, parent := range node.Parents {
		for c := parent * dims; c < (parent+1)*dims; c++ {
			out := next()
			if forced {
				nn.Clamp(out[:n], row(p.known, c, n), limit)
				copy(out[n:], out[:n])
			} else {
				nn.Clamp(out, row(p.pred, c, 2*n), limit)
			}
		}
	}
	for _, c := range node.X {
		out, x := next(), row(p.batch.x, c, n)
		copy(out, x)
		copy(out[n:], x)
	}
}
