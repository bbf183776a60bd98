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

// loss returns the part of the loaded windows in L, the mean over so many, and writes its
// gradient by predictions into dpred [nodes*D x 4n].
func (p *pass[F]) loss(o *objective, dpred []F, of int) float64 {
	n, latents := p.n, len(p.spec.Latents)
	mean := 1 / float64(of*p.outputs)
	limit := math.Inf(1)
	if o.robust {
		limit = linearBeyond
	}
	sum := 0.0
	for c := range len(p.spec.Nodes) * p.spec.D {
		target, pred, grad := row(p.batch.target, c, n), row(p.pred, c, 4*n), row(dpred, c, 4*n)
		if p.given.node(c / p.spec.D) {
			clear(grad)
			continue
		}
		for k, weight := range o.columns {
			sum += weight * float64(nn.Huber(row(grad, k, n), row(pred, k, n), target, F(limit), F(mean*weight)))
		}
	}
	if latents > 0 && o.kl > 0 {
		h := latents * n
		sum += o.kl * float64(nn.KL(p.mu[:h], p.sigma[:h], p.mu[h:2*h], p.sigma[h:2*h]))
	}
	return mean * sum
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
type penalty[F nn.Float] struct {
	start []F   // θ₀, all parameters
	index []int // of skip parameters
	last  []int // of weights
	scale float64
}

func newPenalty[F nn.Float](a *architecture, start []F) *penalty[F] {
	p := &penalty[F]{start: start, scale: 1 / float64(a.outputs)}
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
func (p *penalty[F]) loss(theta, grad []F) float64 {
	sum, scale := 0.0, F(p.scale)
	for _, i := range p.index {
		d := theta[i] - p.start[i]
		sum += float64(skipPull * d * d)
		grad[i] += 2 * skipPull * scale * d
	}
	for _, i := range p.last {
		sum += float64(networkPull * theta[i] * theta[i])
		grad[i] += 2 * networkPull * scale * theta[i]
	}
	return p.scale * sum
}
