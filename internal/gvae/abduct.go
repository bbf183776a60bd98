package gvae

import "slices"

// furthestPosterior bounds the mean of a structured model's posterior, in standard
// deviations of the prior from its mean. Decoders have hardly seen draws further
// out; what a window shows beyond goes into residuals, which are exact.
const furthestPosterior = 3

// Evidence is what one window says of the latents: the result of abduction. Its answers
// do not change, though it remembers parts of them, and it is safe for concurrent use.
type Evidence struct {
	model *Model

	x        exogenous // NaN where missing
	raw      []float64 // latencies as given, bounded, predicted where missing
	y        []float32 // the same, standardised
	mu       []float32 // of the posterior, per latent
	sigma    []float32
	positive []float32 // a and w of skip paths
	anomaly  []float64 // Residual
	replay   *replay
}

// Abduct infers the latents of one window from raw x (NX) and y (len(Nodes)*D),
// NaN where missing: the encoder's posterior, its inputs clamped to the range
// of the training data (structured models only), and for each node the residual
// that neither its parents nor the posterior explain,
//
//	e_n = y_n - f_n(y_parents, x, z)   in standardised log seconds,
//
// which Counterfactual computes per draw of z. A missing latency is taken to be what
// the model expects, f_n(y_parents, x, E[z|x,y]). Abduct panics where x or y has
// the wrong length; it keeps neither.
func (m *Model) Abduct(x, y []float64) *Evidence {
	outputs, latents, dims := len(m.spec.Nodes)*m.spec.D, len(m.spec.Latents), m.spec.D
	if len(x) != m.spec.NX || len(y) != outputs {
		panic("gvae: window does not fit the model")
	}
	e := &Evidence{
		model: m, x: m.exogenous(x), raw: make([]float64, outputs), y: make([]float32, outputs),
		mu: make([]float32, latents), sigma: make([]float32, latents), anomaly: make([]float64, outputs),
		replay: &replay{},
	}
	data := prepare[float32](m.arch, &Data{N: 1, X: x, Y: y}, &m.xScale, &m.yScale)
	observed := data.records[data.y:]
	p := newPass[float32](m.arch, &m.yScale, 1, false)
	p.set(m.theta)
	p.load(&data, []int{0})
	for i := range p.skips {
		p.skipForced(i)
	}
	// Two columns: latents at the mean of the posterior, and at that of the prior.
	z := parentRows[float32]{data: make([]float32, 2*latents), dims: 1, n: 2}
	for l := range latents {
		p.encode(l)
		e.mu[l], e.sigma[l] = p.mu[l], p.sigma[l]
		prior := p.mu[latents+l]
		if m.cfg.Structured {
			reach := furthestPosterior * p.sigma[latents+l]
			e.mu[l] = min(max(e.mu[l], prior-reach), prior+reach)
		}
		z.data[2*l], z.data[2*l+1] = e.mu[l], prior
	}

	e.positive = slices.Clone(p.positive)
	eval := newEvaluator(m, e.positive, 2)
	given, predicted := parentRows[float32]{data: make([]float32, 2*outputs), dims: dims, n: 2}, make([]float32, 2*dims)
	for n := range m.spec.Nodes {
		eval.node(predicted, n, e.x, z, given)
		for d := range dims {
			c := n*dims + d
			e.y[c] = observed[c]
			e.anomaly[c] = (float64(observed[c]-predicted[2*d+1]) - m.screen.Center[c]) / m.screen.Spread[c]
			e.raw[c] = boundLog(y[c])
			if e.y[c] != e.y[c] {
				e.raw[c] = boundLog(m.yScale.Center[c] + m.yScale.Spread[c]*float64(predicted[2*d]))
				e.y[c] = float32((e.raw[c] - m.yScale.Center[c]) / m.yScale.Spread[c])
			}
			given.data[2*c], given.data[2*c+1] = e.y[c], e.y[c]
		}
	}
	return e
}

// Residual returns e_n of quantile d, less its median, divided by its robust
// standard deviation over the healthy training windows given parents and the PRIOR
// at x: how abnormal the node is given its causes (CIRCA's criterion). NaN where y
// is missing.
func (e *Evidence) Residual(node, d int) float64 {
	spec := &e.model.spec
	if node < 0 || node >= len(spec.Nodes) || d < 0 || d >= spec.D {
		panic("gvae: no such node or quantile")
	}
	return e.anomaly[node*spec.D+d]
}
