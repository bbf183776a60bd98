package gvae

import "github.com/sage-rca/sage/internal/nn"

// leastSigma keeps the divergence of two Gaussians finite.
const leastSigma = 1e-3

// forward computes latents and predictions of the loaded windows for parameters
// theta.
func (p *pass) forward(theta []float64) {
	n := p.n
	for i := range p.skips {
		p.skipForced(theta, i)
	}
	for l := range p.spec.Latents {
		p.encode(theta, l)
	}
	nn.Sample(p.latents(p.z), p.latents(p.mu), p.latents(p.sigma), p.latents(p.eps))
	for i := range p.spec.Nodes {
		if p.given.node(i) {
			p.observe(i)
			continue
		}
		in := p.decoderInput(i)
		out := p.decoders[i].forward(theta, p.dec[i].acts, in, 4*n)
		for d := range p.spec.D {
			column := i*p.spec.D + d
			pred := row(p.pred, column, 4*n)
			copy(pred, row(out, d, 4*n))
			if !p.skips[i].used() {
				continue
			}
			fixed := row(p.fixed, column, n)
			add(pred[2*n:3*n], fixed)
			add(pred[3*n:], fixed)
			y := parentRows{data: p.pred, stride: 4 * n}
			p.skips[i].forward(theta, pred[:2*n], i, d, p.scale, p.spec.D, y, p.chained[i])
		}
	}
}

// observe makes the observed latencies of a given node its predicted ones.
func (p *pass) observe(i int) {
	n := p.n
	for c := i * p.spec.D; c < (i+1)*p.spec.D; c++ {
		pred, known := row(p.pred, c, 4*n), row(p.known, c, n)
		for k := range 4 {
			copy(pred[k*n:], known)
		}
	}
}

// latents cuts a matrix of latents to the loaded windows.
func (p *pass) latents(m []float64) []float64 { return m[:2*len(p.spec.Latents)*p.n] }

// skipForced computes the skip path of node i at the observed latencies of its
// parents.
func (p *pass) skipForced(theta []float64, i int) {
	s := &p.skips[i]
	if !s.used() {
		return
	}
	y := parentRows{data: p.known, stride: p.n}
	for d := range p.spec.D {
		out := row(p.fixed, i*p.spec.D+d, p.n)
		clear(out)
		s.forward(theta, out, i, d, p.scale, p.spec.D, y, p.forced[i])
	}
}

// encode computes mean and standard deviation of q and p of latent l.
func (p *pass) encode(theta []float64, l int) {
	n, latents := p.n, len(p.spec.Latents)
	if p.given.latent(l) {
		for k, to := range [...][]float64{p.mu, p.mu, p.sigma, p.sigma} {
			copy(row(to, k%2*latents+l, n), row(p.batch.latents, k*latents+l, n))
		}
		return
	}
	in := p.encoderInput(l)
	q := p.encoders[l].forward(theta, p.enc[l].acts, in, n)
	prior := p.priors[l].forward(theta, p.pri[l].acts, p.priorInput(l), n)
	copy(row(p.mu, l, n), q[:n])
	copy(row(p.mu, latents+l, n), prior[:n])
	positive(row(p.sigma, l, n), q[n:])
	positive(row(p.sigma, latents+l, n), prior[n:])
}

// positive computes standard deviations from raw outputs.
func positive(sigma, raw []float64) {
	for i, v := range raw {
		sigma[i] = nn.Softplus(v) + leastSigma
	}
}

// encoderInput assembles what the encoder of latent l sees: per node the D quantiles,
// or what the skip path leaves of them, then its X.
func (p *pass) encoderInput(l int) []float64 {
	n, in := p.n, p.enc[l].in
	at := 0
	for _, node := range p.sees[l] {
		rest := p.innovates(l, node)
		for d := range p.spec.D {
			column := node*p.spec.D + d
			out, y := row(in, at, n), row(p.known, column, n)
			at++
			if !rest {
				for i, v := range y {
					out[i] = p.squash(v)
				}
				continue
			}
			target, fixed := row(p.batch.y, column, n), row(p.fixed, column, n)
			for i, v := range y {
				if out[i] = 0; target[i] == target[i] { // a missing latency is no news
					out[i] = p.squash(v - fixed[i])
				}
			}
		}
	}
	for _, c := range p.spec.Latents[l].X {
		copy(row(in, at, n), row(p.batch.x, c, n))
		at++
	}
	return in[:at*n]
}

func (p *pass) priorInput(l int) []float64 {
	n, in := p.n, p.pri[l].in
	for i, c := range p.spec.Latents[l].X {
		copy(row(in, i, n), row(p.batch.x, c, n))
	}
	return in[:len(p.spec.Latents[l].X)*n]
}

// decoderInput assembles what the decoder of node i sees in all 4n columns: its
// latents, its parents, its X.
func (p *pass) decoderInput(i int) []float64 {
	n, in, node := p.n, p.dec[i].in, &p.spec.Nodes[i]
	latents := len(p.spec.Latents)
	at := 0
	next := func() []float64 {
		at++
		return row(in, at-1, 4*n)
	}
	for _, l := range node.Latents {
		out := next()
		q, prior := row(p.z, l, n), row(p.z, latents+l, n)
		copy(out, q)
		copy(out[n:], prior)
		copy(out[2*n:], q)
		copy(out[3*n:], prior)
	}
	for _, parent := range node.Parents {
		for d := range p.spec.D {
			column := parent*p.spec.D + d
			out, y := next(), row(p.known, column, n)
			for j, v := range row(p.pred, column, 4*n)[:2*n] {
				out[j] = p.squash(v)
			}
			for j, v := range y {
				v = p.squash(v)
				out[2*n+j], out[3*n+j] = v, v
			}
		}
	}
	for _, c := range node.X {
		out, x := next(), row(p.batch.x, c, n)
		for k := range 4 {
			copy(out[k*n:], x)
		}
	}
	return in[:at*4*n]
}

func add(dst, v []float64) {
	for i, w := range v {
		dst[i] += w
	}
}
