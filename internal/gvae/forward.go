package gvae

import "github.com/sage-rca/sage/internal/nn"

// leastSigma keeps the divergence of two Gaussians finite.
const leastSigma = 1e-3

// forward computes latents and predictions of the loaded windows.
func (p *pass[F]) forward() {
	for i := range p.skips {
		p.skipForced(i)
	}
	for l := range p.spec.Latents {
		p.encode(l)
	}
	nn.Sample(p.latents(p.z), p.latents(p.mu), p.latents(p.sigma), p.latents(p.eps))
	for i := range p.spec.Nodes {
		if p.given.node(i) {
			p.observe(i)
			continue
		}
		p.decode(i)
	}
}

// decode computes the predictions of node i.
func (p *pass[F]) decode(i int) {
	n, dims := p.n, p.spec.D
	p.decoderInput(i)
	if p.blocks(i) == 2 {
		forward(p.decoders[i], p.theta, p.out, p.acts, p.in, 2*n)
		for d := range dims {
			pred, out := row(p.pred, i*dims+d, 4*n), row(p.out, d, 2*n)
			copy(pred, out)
			copy(pred[2*n:], out)
		}
		return
	}
	forward(p.decoders[i], p.theta, p.pred[i*dims*4*n:], p.acts, p.in, 4*n)
	if !p.skips[i].used() {
		return
	}
	for d := range dims {
		pred, fixed := row(p.pred, i*dims+d, 4*n), row(p.fixed, i*dims+d, n)
		nn.Add(pred[2*n:3*n], fixed)
		nn.Add(pred[3*n:], fixed)
		skipForward(&p.skips[i], p.positive, pred[:2*n], i, d, p.scale, dims, p.latencies(p.pred, 4*n), p.chained[i])
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
		pred, known := row(p.pred, c, 4*n), row(p.known, c, n)
		for k := range 4 {
			copy(pred[k*n:], known)
		}
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
	p.encoderInput(l)
	forward(p.encoders[l], p.theta, p.out, p.acts, p.in, n)
	p.distribution(l)
	p.priorInput(l)
	forward(p.priors[l], p.theta, p.out, p.acts, p.in, n)
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
func (p *pass[F]) encoderInput(l int) {
	n, in, limit := p.n, p.in, F(p.limit)
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

func (p *pass[F]) priorInput(l int) {
	for i, c := range p.spec.Latents[l].X {
		copy(row(p.in, i, p.n), row(p.batch.x, c, p.n))
	}
}

// decoderInput assembles what the decoder of node i sees in all of its columns: its
// latents, its parents, its X.
func (p *pass[F]) decoderInput(i int) {
	n, in, node, limit := p.n, p.in, &p.spec.Nodes[i], F(p.limit)
	latents, blocks := len(p.spec.Latents), p.blocks(i)
	at := 0
	next := func() []F {
		at++
		return row(in, at-1, blocks*n)
	}
	for _, l := range node.Latents {
		out := next()
		q, prior := row(p.z, l, n), row(p.z, latents+l, n)
		for k := 0; k < blocks; k += 2 {
			copy(out[k*n:], q)
			copy(out[(k+1)*n:], prior)
		}
	}
	for _, parent := range node.Parents {
		for d := range p.spec.D {
			column := parent*p.spec.D + d
			out := next()
			nn.Clamp(out[:2*n], row(p.pred, column, 4*n)[:2*n], limit)
			nn.Clamp(out[2*n:3*n], row(p.known, column, n), limit)
			copy(out[3*n:], out[2*n:3*n])
		}
	}
	for _, c := range node.X {
		out, x := next(), row(p.batch.x, c, n)
		for k := range blocks {
			copy(out[k*n:], x)
		}
	}
}
