package gvae

import (
	"math"

	"github.com/sage-rca/sage/internal/nn"
)

// linearBeyond is the error, in spreads, beyond which a structured model's loss
// grows linearly (Huber's function, joined with its first derivative). An incident
// moves latencies by a hundred spreads; squared, a few of them outweigh all that is
// normal.
const linearBeyond = 4

// objective is the hybrid loss of Config:
//
//	L = Σ_k c_k SE_k + a b KL(q || p)
//
// where k runs over the columns of pass and SE_k is the squared error of
// standardised latencies, summed over nodes and quantiles that are known. KL is
// summed over latents, of which given ones add a constant. Both are means over
// windows, and divided by the number of outputs, nodes x D, so that models of
// different size compare.
// See docs/math.md, 5.
type objective struct {
	columns [4]float64 // c_k
	kl      float64    // a b
	robust  bool
}

func newObjective(c *Config) objective {
	a, g := c.Mix, c.Chained
	return objective{
		columns: [4]float64{a * g, (1 - a) * g, a * (1 - g), (1 - a) * (1 - g)},
		kl:      a * c.KLWeight,
		robust:  c.Structured,
	}
}

// loss returns L of the pass, and writes its gradient by predictions into dpred
// [nodes*D x 4n] unless that is nil.
func (p *pass) loss(o *objective, dpred []float64) float64 {
	n, latents := p.n, len(p.spec.Latents)
	mean := 1 / float64(n*p.outputs)
	sum := 0.0
	for c := range len(p.spec.Nodes) * p.spec.D {
		target, pred := row(p.batch.target, c, n), row(p.pred, c, 4*n)
		var grad []float64
		if dpred != nil {
			grad = row(dpred, c, 4*n)
			clear(grad)
		}
		if p.given.node(c / p.spec.D) {
			continue
		}
		for k, weight := range o.columns {
			for i, t := range target {
				if t != t {
					continue
				}
				v, g := o.error(pred[k*n+i] - t)
				sum += weight * v
				if grad != nil {
					grad[k*n+i] = mean * weight * g
				}
			}
		}
	}
	if latents > 0 && o.kl > 0 {
		h := latents * n
		sum += o.kl * nn.KL(p.mu[:h], p.sigma[:h], p.mu[h:2*h], p.sigma[h:2*h])
	}
	return mean * sum
}

// error returns the loss of an error of e spreads and its derivative.
func (o *objective) error(e float64) (v, g float64) {
	if o.robust && math.Abs(e) > linearBeyond {
		return linearBeyond * (2*math.Abs(e) - linearBeyond), math.Copysign(2*linearBeyond, e)
	}
	return e * e, 2 * e
}

// Strengths of the prior over a structured model's parameters, in the unit of SE:
// healthy windows move little and with noise, from which least squares would learn
// slopes that are too small (attenuation); physics says that they are near one.
const (
	skipPull    = 1    // times (α - α₀)² and (ω - ω₀)²
	networkPull = 1e-3 // times the squared weights of the last layer beside a skip path
)

// penalty is
//
//	(skipPull Σ (θ - θ₀)² + networkPull Σ w²) / outputs
//
// over the parameters of skip paths and the last layers beside them.
// See docs/math.md, 7.
type penalty struct {
	start []float64 // θ₀, all parameters
	index []int     // of skip parameters
	last  []int     // of weights
	scale float64
}

func newPenalty(a *architecture, start []float64) *penalty {
	p := &penalty{start: start, scale: 1 / float64(a.outputs)}
	for i, s := range a.skips {
		if !s.used() {
			continue
		}
		for k := range a.spec.D * (1 + len(s.parents)) { // weights follow own
			p.index = append(p.index, s.own+k)
		}
		l := a.decoders[i].layers[len(a.decoders[i].layers)-1]
		for k := range l.in * l.out {
			p.last = append(p.last, l.w+k)
		}
	}
	return p
}

// loss returns the penalty and adds its gradient to grad.
func (p *penalty) loss(theta, grad []float64) float64 {
	sum := 0.0
	for _, i := range p.index {
		d := theta[i] - p.start[i]
		sum += skipPull * d * d
		grad[i] += 2 * skipPull * p.scale * d
	}
	for _, i := range p.last {
		sum += networkPull * theta[i] * theta[i]
		grad[i] += 2 * networkPull * p.scale * theta[i]
	}
	return p.scale * sum
}
