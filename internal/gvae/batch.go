package gvae

import "github.com/sage-rca/sage/internal/nn"

// prepared is a data set as the networks see it, feature-major, with n windows.
type prepared[F nn.Float] struct {
	n       int
	x       []F // standardised X, [NX x n]
	y       []F // standardised latencies, NaN where missing, [nodes*D x n]
	target  []F // those of them to be learned from, see Data.Since; y itself where all are
	factors []F // m_c of every term, [terms x n]
	// Means of q and p, then their standard deviations, of given latents; nil where
	// none is given, [4*latents x n].
	latents []F
}

// prepare standardises raw x and y.
func prepare[F nn.Float](a *architecture, x, y []float64, n int, xs, ys *Scale) prepared[F] {
	p := prepared[F]{n: n, x: make([]F, a.spec.NX*n), y: make([]F, len(a.spec.Nodes)*a.spec.D*n), factors: make([]F, a.terms*n)}
	if a.given.latents != nil {
		p.latents = make([]F, 4*len(a.spec.Latents)*n)
	}
	standardiseX(a, p.x, x, n, xs)
	standardiseY(p.y, y, n, ys)
	factors(a, p.factors, x, n, xs)
	p.target = p.y
	return p
}

// gather copies the windows of indices, row by row.
func gather[F nn.Float](to, from []F, n int, indices []int) {
	for i, r := 0, 0; i < len(from); i, r = i+n, r+1 {
		in, out := from[i:i+n], row(to, r, len(indices))
		for j, w := range indices {
			out[j] = in[w]
		}
	}
}

// chunk is how many windows of a batch are computed together: few enough that what one
// network needs of them stays in the caches, enough that a row is worth a call and that
// the sums over a row are worth their ends.
const chunk = 64

// pass is the memory of one forward pass over at most size windows, and what the
// backward pass needs of it. With n windows, matrices of decoders have 4n columns,
// the four terms of the hybrid loss beside each other:
//
//	[z~q chained | z~p chained | z~q forced | z~p forced]
//
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

	batch prepared[F]
	own   []F // memory of its targets
	known []F // batch.y with the center where missing, [nodes*D x n]
	eps   []F // noise of z~q, then of z~p, [2*latents x n]

	mu, sigma []F // of q, then of p, [2*latents x n]
	raw       []F // sigma before the softplus
	z         []F // draws of q, then of p, [2*latents x n]

	forced  []skipRows[F] // per node, n columns
	chained []skipRows[F] // per node, 2n columns
	fixed   []F           // skip paths at observed parents, [nodes*D x n]
	pred    []F           // predicted latencies, [nodes*D x 4n]

	// Input, hidden activations and output of the network at hand. They are not kept for
	// the backward pass, which computes them again: that costs a sixth more products, and
	// saves three quarters of the memory, which in a large model no cache holds.
	in, acts, out []F
}

// newPass allocates the memory for size windows.
func newPass[F nn.Float](a *architecture, scale *Scale, size int) *pass[F] {
	p := &pass[F]{architecture: a, scale: scale, size: size}
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
	p.batch = prepared[F]{x: s.take(a.spec.NX * size), y: s.take(outputs * size), factors: s.take(a.terms * size)}
	if a.given.latents != nil {
		p.batch.latents = s.take(4 * latents * size)
	}
	p.own, p.known, p.fixed, p.pred = s.take(outputs*size), s.take(outputs*size), s.take(outputs*size), s.take(4*outputs*size)
	p.eps, p.mu, p.sigma = s.take(2*latents*size), s.take(2*latents*size), s.take(2*latents*size)
	p.raw, p.z = s.take(2*latents*size), s.take(2*latents*size)
	p.in, p.acts, p.out = s.take(4*a.most.in*size), s.take(4*a.most.hidden*size), s.take(2*max(2, dims)*size)
	p.forced, p.chained = make([]skipRows[F], len(a.skips)), make([]skipRows[F], len(a.skips))
	for i, k := range a.skips {
		if t := len(k.parents); t > 0 {
			p.forced[i] = skipRows[F]{terms: s.take(t * dims * size), sums: s.take(dims * size), ratio: s.take(2 * size)}
			p.chained[i] = skipRows[F]{factor: s.take(2 * t * size), terms: s.take(2 * t * dims * size), sums: s.take(2 * dims * size), ratio: p.forced[i].ratio}
		}
	}
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

// blocks is how many blocks of n columns the decoder of node i computes: without
// parents those of z~q and z~p, with them both chained and forced.
func (a *architecture) blocks(i int) int {
	if len(a.spec.Nodes[i].Parents) == 0 {
		return 2
	}
	return 4
}

// set makes theta the parameters of the passes that follow, until it changes. They are
// not copied.
func (p *pass[F]) set(theta []F) {
	p.theta = theta
	for i, v := range theta[:p.links] {
		w := nn.Softplus(float64(v))
		p.positive[i], p.relative[i] = F(w), F(nn.Sigmoid(float64(v))/w)
	}
}

// load takes windows of a data set; noise is drawn by the caller into p.noise().
func (p *pass[F]) load(data *prepared[F], indices []int) {
	if len(indices) > p.size {
		panic("gvae: batch larger than its memory")
	}
	n := len(indices)
	p.n, p.batch.n = n, n
	gather(p.batch.x, data.x, data.n, indices)
	gather(p.batch.factors, data.factors, data.n, indices)
	gather(p.batch.latents, data.latents, data.n, indices)
	for i, r := 0, 0; i < len(data.y); i, r = i+data.n, r+1 {
		in, y, known := data.y[i:i+data.n], row(p.batch.y, r, n), row(p.known, r, n)
		for j, w := range indices {
			v := in[w]
			if y[j] = v; v != v {
				v = 0
			}
			known[j] = v
		}
	}
	if p.batch.target = p.batch.y; &data.target[0] != &data.y[0] {
		p.batch.target = p.own
		gather(p.own, data.target, data.n, indices)
	}
	for i, k := range p.skips {
		if !k.used() {
			continue
		}
		p.forced[i].factor = p.batch.factors[p.firstTerm[i]*n : (p.firstTerm[i]+len(k.parents))*n]
		for t := range k.parents {
			from, to := row(p.forced[i].factor, t, n), row(p.chained[i].factor, t, 2*n)
			copy(to, from)
			copy(to[n:], from)
		}
	}
}

// noise is the memory of the loaded windows' ε, to be filled before forward.
func (p *pass[F]) noise() []F { return p.eps[:2*len(p.spec.Latents)*p.n] }
