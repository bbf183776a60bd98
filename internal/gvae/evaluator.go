package gvae

// exogenous is one window's X as networks and skip paths see it.
type exogenous struct {
	x       []float64 // standardised, [NX]
	factors []float64 // m_c of every term
}

func (m *Model) exogenous(x []float64) exogenous {
	e := exogenous{x: make([]float64, m.spec.NX), factors: make([]float64, m.arch.terms)}
	m.arch.standardiseX(e.x, x, 1, &m.xScale)
	m.arch.factors(e.factors, x, 1, &m.xScale)
	return e
}

// evaluator computes single decoders for n draws of the latents of one window. It is
// not safe for concurrent use; the model that it reads is.
type evaluator struct {
	m        *Model
	n        int
	in, acts []float64
	rows     skipRows
}

func newEvaluator(m *Model, n int) *evaluator {
	inputs, _, all := m.arch.widest()
	terms := 0
	for i := range m.arch.skips {
		terms = max(terms, len(m.arch.skips[i].parents))
	}
	d := m.spec.D
	s := make(slab, (inputs+all+terms+terms*d+d)*n)
	return &evaluator{
		m: m, n: n, in: s.take(inputs * n), acts: s.take(all * n),
		rows: skipRows{factor: s.take(terms * n), terms: s.take(terms * d * n), sums: s.take(d * n)},
	}
}

// node computes f_i into dst [D x n], standardised, for latents z [latents x n] and
// standardised latencies y [nodes*D x n], of which it reads the parents' alone.
func (e *evaluator) node(dst []float64, i int, x exogenous, z, y []float64) {
	m, n, node := e.m, e.n, &e.m.spec.Nodes[i]
	at := 0
	next := func() []float64 {
		at++
		return row(e.in, at-1, n)
	}
	for _, l := range node.Latents {
		copy(next(), row(z, l, n))
	}
	for _, p := range node.Parents {
		for d := range m.spec.D {
			out := next()
			for j, v := range row(y, p*m.spec.D+d, n) {
				out[j] = m.arch.squash(v)
			}
		}
	}
	for _, c := range node.X {
		fill(next(), x.x[c])
	}
	copy(dst, m.arch.decoders[i].forward(m.theta, e.acts, e.in, n))

	s := &m.arch.skips[i]
	if !s.used() {
		return
	}
	for t := range s.parents {
		fill(row(e.rows.factor, t, n), x.factors[m.arch.firstTerm[i]+t])
	}
	for d := range m.spec.D {
		s.forward(m.theta, row(dst, d, n), i, d, &m.yScale, m.spec.D, parentRows{data: y, stride: n}, e.rows)
	}
}

// prior returns mean and standard deviation of p(Z|X) of latent l.
func (m *Model) prior(l int, x exogenous) (mu, sigma float64) {
	net := m.arch.priors[l]
	in, acts := make([]float64, net.in), make([]float64, net.rows())
	for i, c := range m.spec.Latents[l].X {
		in[i] = x.x[c]
	}
	out := net.forward(m.theta, acts, in, 1)
	s := out[1:2]
	positive(s, s)
	return out[0], s[0]
}

func fill(dst []float64, v float64) {
	for i := range dst {
		dst[i] = v
	}
}
