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
// where k runs over z~q chained, z~p chained, z~q forced, z~p forced, and SE_k is the squared
// error of standardised latencies, summed over nodes and quantiles that are known. KL is
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

// criterion is an objective as a pass computes it: the mean over windows and outputs, and
// the weights c_k of z~q and z~p in what is chained, what is forced, and what is both.
type criterion[F nn.Float] struct {
	chained, forced, both [2]float64
	kl, limit, mean       float64
}

// criterion returns that of a loss that is the mean over so many windows.
func (p *pass[F]) criterion(o *objective, of int) criterion[F] {
	k := o.columns
	c := criterion[F]{
		chained: [2]float64{k[0], k[1]}, forced: [2]float64{k[2], k[3]}, both: [2]float64{k[0] + k[2], k[1] + k[3]},
		kl: o.kl, limit: math.Inf(1), mean: 1 / float64(of*p.outputs),
	}
	if o.robust {
		c.limit = linearBeyond
	}
	return c
}

// loss returns what predictions of node i [D x 2n] add to the loss before it is divided, and
// sets grad to the gradient of the loss by them.
func (c *criterion[F]) loss(p *pass[F], i int, pred, grad []F, weights *[2]float64) (sum float64) {
	n := p.n
	for d := range p.spec.D {
		target, pred, grad := row(p.batch.target, i*p.spec.D+d, n), row(pred, d, 2*n), row(grad, d, 2*n)
		for k, weight := range weights {
			sum += weight * float64(nn.Huber(row(grad, k, n), row(pred, k, n), target, F(c.limit), F(c.mean*weight)))
		}
	}
	return sum
}

// divergence returns what the latents add to it.
func (c *criterion[F]) divergence(p *pass[F]) float64 {
	h := len(p.spec.Latents) * p.n
	if h == 0 || c.kl == 0 {
		return 0
	}
	return c.kl * float64(nn.KL(p.mu[:h], p.sigma[:h], p.mu[h:2*h], p.sigma[h:2*h]))
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
