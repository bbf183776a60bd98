package gvae

import "math"

// errors returns, for every latency of a data set [nodes*D x n], by how much the
// prediction given observed parents misses it where it is to be learned from, in standardised latency: with the
// latents at the mean of their prior, and at the mean of their posterior.
func (p *pass[F]) errors(theta []F, data *prepared[F]) (prior, posterior []float64) {
	outputs, n := len(p.spec.Nodes)*p.spec.D, data.n
	prior, posterior = make([]float64, outputs*n), make([]float64, outputs*n)
	p.set(theta)
	p.each(data, func(at int) {
		clear(p.noise())
		p.forward()
		k := p.n
		for c := range outputs {
			y, pred := row(p.batch.target, c, k), row(p.pred, c, 4*k)
			for i, v := range y {
				posterior[c*n+at+i] = float64(v - pred[2*k+i])
				prior[c*n+at+i] = float64(v - pred[3*k+i])
			}
		}
	})
	return prior, posterior
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
	if len(d.X) != m.spec.NX*d.N || len(d.Y) != len(m.spec.Nodes)*dims*d.N {
		panic("gvae: windows do not fit the model")
	}
	data := prepare[float32](m.arch, d.X, d.Y, d.N, &m.xScale, &m.yScale)
	out, _ := newPass[float32](m.arch, &m.yScale, min(fewWindows, max(1, d.N))).errors(m.theta, &data)
	for i, n := range m.spec.Nodes {
		for q := range dims {
			c := i*dims + q
			r := row(out, c, d.N)
			for w := range r {
				r[w] = (r[w] - m.screen.Center[c]) / m.screen.Spread[c]
				for _, p := range n.Parents {
					if y := data.y[(p*dims+q)*d.N+w]; y != y {
						r[w] = math.NaN()
					}
				}
			}
		}
	}
	return out
}
