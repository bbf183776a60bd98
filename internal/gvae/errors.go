package gvae

import "math"

// errors sets dst to, for every latency of a data set [nodes*D x n], by how much the
// prediction given observed parents misses it where it is to be learned from, in
// standardised latency: with the latents at the mean of their posterior, or of their prior.
func (p *pass[F]) errors(dst, theta []F, data *prepared[F], posterior bool) {
	dims, n := p.spec.D, data.n
	p.set(theta)
	p.each(data, func(at int) {
		clear(p.noise())
		p.infer()
		for i := range p.spec.Nodes {
			p.expect(i)
			for d := range dims {
				c := i*dims + d
				out, pred := row(dst, c, n)[at:], row(p.out, d, 2*p.n)
				if !posterior {
					pred = pred[p.n:]
				}
				for w, v := range row(p.batch.target, c, p.n) {
					out[w] = v - pred[w]
				}
			}
		}
	})
}

// expect computes into p.out what is expected of node i given its parents as observed: what
// was observed where the node is given.
func (p *pass[F]) expect(i int) {
	if !p.given.node(i) {
		p.force(i)
		return
	}
	for d := range p.spec.D {
		out, known := row(p.out, d, 2*p.n), row(p.known, i*p.spec.D+d, p.n)
		copy(out, known)
		copy(out[p.n:], known)
	}
}

// each loads all windows of a data set, some at a time, and calls f with the first
// of them.
func (p *pass[F]) each(data *prepared[F], f func(at int)) {
	indices := make([]int, data.n)
	for i := range indices {
		indices[i] = i
	}
	for at := 0; at < data.n; at += p.size {
		p.load(data, indices[at:min(at+p.size, data.n)])
		f(at)
	}
}

// fewWindows is how many windows are looked at together where time does not matter
// and memory does: a pass over a model of thousands of nodes takes megabytes for
// each.
const fewWindows = 8

// Residuals returns what Evidence.Residual says of each window of d, [nodes*D x N]
// like its Y, except that a latency one of whose parents is missing in a window has
// none (NaN): what a node does without a call that it usually makes is no news of
// the node. It panics where d does not fit the model.
func (m *Model) Residuals(d Data) []float64 {
	dims := m.spec.D
	if d.Source == nil && (len(d.X) != m.spec.NX*d.N || len(d.Y) != len(m.spec.Nodes)*dims*d.N) {
		panic("gvae: windows do not fit the model")
	}
	data := prepare[float32](m.arch, &d, &m.xScale, &m.yScale)
	errs := make([]float32, len(m.spec.Nodes)*dims*d.N)
	newPass[float32](m.arch, &m.yScale, min(fewWindows, max(1, d.N)), false).errors(errs, m.theta, &data, false)
	out := make([]float64, len(errs))
	convert(out, errs)
	for i, n := range m.spec.Nodes {
		for q := range dims {
			c := i*dims + q
			r := row(out, c, d.N)
			for w := range r {
				r[w] = (r[w] - m.screen.Center[c]) / m.screen.Spread[c]
				for _, p := range n.Parents {
					if y := data.record(w)[data.y+p*dims+q]; y != y {
						r[w] = math.NaN()
					}
				}
			}
		}
	}
	return out
}
