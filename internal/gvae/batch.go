package gvae

import (
	"slices"

	"github.com/sage-rca/sage/internal/nn"
)

// chunk is how many windows of a batch are computed together: few enough that what one
// network needs of them stays in the caches, enough that a row is worth a call and that
// the sums over a row are worth their ends.
const chunk = 64

// pass is the memory of one forward pass over at most size windows, and what the
// backward pass needs of it. With n windows, matrices of decoders have 2n columns,
// two terms of the hybrid loss beside each other:
//
//	[z~q | z~p]
//
// Of its four terms the forced ones, whose parents are as observed, have nothing to do
// with any other node: they are computed, compared and differentiated one node at a time,
// and nothing of them is kept. Chained predictions are kept until they are differentiated.
// What has no parents is the same chained and forced, and is computed once.
type pass[F nn.Float] struct {
	*architecture
	scale *Scale // of latencies
	size  int
	n     int

	theta []F // parameters, see set
	// Of every parameter of skip paths, a or w and its derivative by the parameter
	// relative to it.
	positive, relative []F

	batch gathered[F]
	known []F // batch.y with the center where missing, [nodes*D x n]
	eps   []F // noise of z~q, then of z~p, [2*latents x n]

	mu, sigma []F // of q, then of p, [2*latents x n]
	raw       []F // sigma before the softplus
	z         []F // draws of q, then of p, [2*latents x n]

	forced  []skipRows[F] // per node, n columns
	chained []skipRows[F] // per node, 2n columns, without factors
	fixed   []F           // skip paths at observed parents, [nodes*D x n]
	pred    []F           // chained predictions of latencies, [nodes*D x 2n]

	// What networks have at work, by latent and node, and of the one at hand that is not
	// kept. In small models all is kept for the backward pass but what is forced. In larger
	// ones, nothing: computing it again costs a fifth more products, and saves three
	// quarters of the memory, which no cache would hold.
	encoding, presuming, chaining []work[F]
	once                          work[F]
	kept                          bool

	out    []F // of the network at hand
	factor []F // m_c of the terms of the node at hand, [terms x 2n]
}

// work is the input and the hidden activations of a network.
type work[F nn.Float] struct{ in, acts []F }

// How many numbers networks may have at work for all of them to be kept: about what the
// second cache of a core holds. Without kernels in assembly products take so long that
// whatever comes from the third, or from memory, comes in time.
const (
	mostKept     = 3 << 17
	mostKeptSlow = 1 << 23
)

// newPass allocates the memory for size windows. What networks have at work is kept for a
// backward pass or not.
func newPass[F nn.Float](a *architecture, scale *Scale, size int, keep bool) *pass[F] {
	p := &pass[F]{architecture: a, scale: scale, size: size, kept: keep}
	var s slab[F]
	p.lay(&s)
	s.allocate()
	p.lay(&s)
	return p
}

// lay cuts the memory off a slab.
func (p *pass[F]) lay(s *slab[F]) {
	a, size := p.architecture, p.size
	outputs, latents, dims := len(a.spec.Nodes)*a.spec.D, len(a.spec.Latents), a.spec.D
	p.positive, p.relative = s.take(a.links), s.take(a.links)
	p.batch.rows = s.take(a.form(true).size * size)
	p.known, p.fixed, p.pred = s.take(outputs*size), s.take(outputs*size), s.take(2*outputs*size)
	p.eps, p.mu, p.sigma = s.take(2*latents*size), s.take(2*latents*size), s.take(2*latents*size)
	p.raw, p.z = s.take(2*latents*size), s.take(2*latents*size)
	p.once, p.out = work[F]{s.take(2 * a.most.in * size), s.take(2 * a.most.hidden * size)}, s.take(2*max(2, dims)*size)
	p.encoding, p.presuming, p.chaining = p.works(s, a.encoders, size), p.works(s, a.priors, size), p.works(s, a.decoders, 2*size)
	p.factor = s.take(2 * a.most.terms * size)
	p.forced, p.chained = make([]skipRows[F], len(a.skips)), make([]skipRows[F], len(a.skips))
	for i, k := range a.skips {
		if t := len(k.parents); t > 0 {
			p.forced[i] = skipRows[F]{terms: s.take(t * dims * size), sums: s.take(dims * size), ratio: s.take(2 * size)}
			p.chained[i] = skipRows[F]{terms: s.take(2 * t * dims * size), sums: s.take(2 * dims * size), ratio: p.forced[i].ratio}
		}
	}
}

// keeps reports whether what networks have at work for so many windows is worth keeping.
func (a *architecture) keeps(windows int) bool {
	if !nn.Vectorised() {
		return a.atWork()*windows <= mostKeptSlow
	}
	return a.atWork()*windows <= mostKept
}

// atWork is how many numbers all networks together have at work for a window.
func (a *architecture) atWork() (n int) {
	for columns, nets := range [][]mlp{1: slices.Concat(a.encoders, a.priors), 2: a.decoders} {
		for _, m := range nets {
			n += columns * (m.in + m.hidden())
		}
	}
	return n
}

// works cuts off what networks of so many columns have at work.
func (p *pass[F]) works(s *slab[F], nets []mlp, columns int) []work[F] {
	out := make([]work[F], len(nets))
	for i, m := range nets {
		if out[i] = p.once; p.kept {
			out[i] = work[F]{s.take(m.in * columns), s.take(m.hidden() * columns)}
		}
	}
	return out
}

// slab cuts slices off one allocation: what is laid out is gone through once to
// measure it, and once more after allocate. Each begins a cache line, so that vector
// loads do not straddle two.
type slab[F nn.Float] struct {
	memory []F
	taken  int
}

const lineOfCache = 16 // float32

func (s *slab[F]) take(n int) []F {
	from := s.taken
	s.taken += (n + lineOfCache - 1) / lineOfCache * lineOfCache
	if s.memory == nil {
		return nil
	}
	return s.memory[from : from+n : from+n]
}

func (s *slab[F]) allocate() { s.memory, s.taken = make([]F, s.taken), 0 }

// set makes theta the parameters of the passes that follow, until it changes. They are
// not copied.
func (p *pass[F]) set(theta []F) {
	p.theta = theta
	for i, v := range theta[:p.links] {
		w, slope := nn.SoftplusSlope(float64(v))
		p.positive[i], p.relative[i] = F(w), F(slope/w)
	}
}

// load takes windows of a data set; noise is drawn by the caller into p.noise().
func (p *pass[F]) load(data *prepared[F], indices []int) {
	if len(indices) > p.size {
		panic("gvae: batch larger than its memory")
	}
	n := len(indices)
	p.n = n
	p.batch.gather(data, indices)
	known := p.known[:len(p.spec.Nodes)*p.spec.D*n]
	nn.Known(known, p.batch.y[:len(known)])
	for i, k := range p.skips {
		if k.used() {
			p.forced[i].factor = p.batch.factors[p.firstTerm[i]*n : (p.firstTerm[i]+len(k.parents))*n]
		}
	}
}

// noise is the memory of the loaded windows' ε, to be filled before forward.
func (p *pass[F]) noise() []F { return p.eps[:2*len(p.spec.Latents)*p.n] }
