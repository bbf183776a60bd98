package gvae

import (
	"slices"

	"github.com/sage-rca/sage/internal/nn"
)

// exogenous is one window's X.
type exogenous struct {
	raw []float64
	x   []float32 // standardised, as networks see it
}

func (m *Model) exogenous(x []float64) exogenous {
	e := exogenous{raw: slices.Clone(x), x: make([]float32, m.spec.NX)}
	for c, v := range x {
		e.x[c] = float32(m.arch.standardX(v, &m.xScale, c))
	}
	return e
}

// set sets one column of a window.
func (m *Model) set(e *exogenous, column int, v float64) {
	e.raw[column], e.x[column] = v, float32(m.arch.standardX(v, &m.xScale, column))
}

// evaluator computes single decoders for n draws of the latents of one window. It is
// not safe for concurrent use; the model that it reads is.
type evaluator struct {
	m        *Model
	n        int
	in, acts []float32
	positive []float32 // of all skip paths, see pass
	rows     skipRows[float32]

	nodes, latents []int // memory of rows.at, see unexplained
}

func newEvaluator(m *Model, positive []float32, n int) *evaluator {
	most, d := m.arch.most, m.spec.D
	e := &evaluator{m: m, n: n, positive: positive, nodes: make([]int, len(m.spec.Nodes)), latents: make([]int, len(m.spec.Latents))}
	var s slab[float32]
	lay := func() {
		e.in, e.acts = s.take(most.in*n), s.take(most.hidden*n)
		e.rows = skipRows[float32]{factor: s.take(most.terms * n), terms: s.take(most.terms * d * n), sums: s.take(d * n)}
	}
	lay()
	s.allocate()
	lay()
	return e
}

// node computes f_i into dst [D x n], standardised, for latents z and standardised
// latencies y, of which it reads the parents' alone.
func (e *evaluator) node(dst []float32, i int, x exogenous, z, y parentRows[float32]) {
	m, n, node := e.m, e.n, &e.m.spec.Nodes[i]
	at := 0
	next := func() []float32 {
		at++
		return row(e.in, at-1, n)
	}
	for _, l := range node.Latents {
		copy(next(), z.row(l, 0))
	}
	for _, p := range node.Parents {
		for d := range m.spec.D {
			nn.Clamp(next(), y.row(p, d), float32(m.arch.limit))
		}
	}
	for _, c := range node.X {
		nn.Fill(next(), x.x[c])
	}
	forward(m.arch.decoders[i], m.theta, dst, e.acts, e.in, n)
	if m.arch.skips[i].used() {
		e.skip(dst, i, x, y)
	}
}

// skip adds the skip path of node i to dst.
func (e *evaluator) skip(dst []float32, i int, x exogenous, y parentRows[float32]) {
	m, n, dims := e.m, e.n, e.m.spec.D
	s := &m.arch.skips[i]
	for t := range s.parents {
		nn.Fill(row(e.rows.factor, t, n), float32(m.arch.factor(i, t, x.raw, &m.xScale)))
	}
	for d := range dims {
		skipForward(s, e.positive, row(dst, d, n), i, d, &m.yScale, dims, y, e.rows)
	}
}

// prior returns mean and standard deviation of p(Z|X) of latent l.
func (m *Model) prior(l int, x exogenous) (mu, sigma float32) {
	net := m.arch.priors[l]
	in, acts, out := make([]float32, net.in), make([]float32, net.hidden()), make([]float32, net.out())
	for i, c := range m.spec.Latents[l].X {
		in[i] = x.x[c]
	}
	forward(net, m.theta, out, acts, in, 1)
	nn.SoftplusForward(out[1:2], out[1:2], leastSigma)
	return out[0], out[1]
}
