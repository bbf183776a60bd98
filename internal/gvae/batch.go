package gvae

import "math"

// prepared is a data set as the networks see it, feature-major, with n windows.
type prepared struct {
	n       int
	x       []float64 // standardised X, [NX x n]
	y       []float64 // standardised latencies, NaN where missing, [nodes*D x n]
	target  []float64 // those of them to be learned from, see Data.Since
	factors []float64 // m_c of every term, [terms x n]
	// Means of q and p, then their standard deviations, of given latents; nil where
	// none is given, [4*latents x n].
	latents []float64
}

// prepare standardises raw x and y.
func (a *architecture) prepare(x, y []float64, n int, xs, ys *Scale) prepared {
	p := a.allocate(n)
	a.standardiseX(p.x, x, n, xs)
	standardiseY(p.y, y, n, ys)
	copy(p.target, p.y)
	a.factors(p.factors, x, n, xs)
	return p
}

func (a *architecture) allocate(n int) prepared {
	p := prepared{
		n:       n,
		x:       make([]float64, a.spec.NX*n),
		y:       make([]float64, len(a.spec.Nodes)*a.spec.D*n),
		target:  make([]float64, len(a.spec.Nodes)*a.spec.D*n),
		factors: make([]float64, a.terms*n),
	}
	if a.given.latents != nil {
		p.latents = make([]float64, 4*len(a.spec.Latents)*n)
	}
	return p
}

// gather copies the windows of indices into dst, which must be large enough, and
// makes it that long.
func (p *prepared) gather(dst *prepared, indices []int) {
	dst.n = len(indices)
	pick := func(to, from []float64) {
		for i, r := 0, 0; i < len(from); i, r = i+p.n, r+1 {
			in, out := from[i:i+p.n], row(to, r, len(indices))
			for j, w := range indices {
				out[j] = in[w]
			}
		}
	}
	pick(dst.x, p.x)
	pick(dst.y, p.y)
	pick(dst.target, p.target)
	pick(dst.factors, p.factors)
	pick(dst.latents, p.latents)
}

// pass is the memory of one forward pass over at most size windows, and what the
// backward pass needs of it. With n windows, matrices of decoders have 4n columns,
// the four terms of the hybrid loss beside each other:
//
//	[z~q chained | z~p chained | z~q forced | z~p forced]
type pass struct {
	*architecture
	scale *Scale // of latencies
	size  int
	n     int

	batch prepared
	known []float64 // batch.y with the center where missing, [nodes*D x n]
	eps   []float64 // noise of z~q, then of z~p, [2*latents x n]

	mu, sigma []float64 // of q, then of p, [2*latents x n]
	z         []float64 // draws of q, then of p, [2*latents x n]

	forced  []skipRows  // per node, n columns
	chained []skipRows  // per node, 2n columns
	fixed   []float64   // skip paths at observed parents, [nodes*D x n]
	pred    []float64   // predicted latencies, [nodes*D x 4n]
	enc     []netMemory // n columns
	pri     []netMemory // n columns
	dec     []netMemory // 4n columns
}

// netMemory is the input and the activations of one network.
type netMemory struct{ in, acts []float64 }

// slab cuts slices off one allocation.
type slab []float64

func (s *slab) take(n int) []float64 {
	out := (*s)[:n:n]
	*s = (*s)[n:]
	return out
}

// newPass allocates the memory for size windows.
func newPass(a *architecture, scale *Scale, size int) *pass {
	outputs, latents := len(a.spec.Nodes)*a.spec.D, len(a.spec.Latents)
	p := &pass{architecture: a, scale: scale, size: size, batch: a.allocate(size)}
	total := 6*outputs + 8*latents
	for _, m := range append(append([]mlp{}, a.encoders...), a.priors...) {
		total += m.in + m.rows()
	}
	for _, m := range a.decoders {
		total += 4 * (m.in + m.rows())
	}
	for _, s := range a.skips {
		if s.used() {
			total += 3 * a.spec.D * (len(s.parents) + 1)
			total += 2 * len(s.parents)
		}
	}
	s := make(slab, total*size)
	p.known, p.fixed, p.pred = s.take(outputs*size), s.take(outputs*size), s.take(4*outputs*size)
	p.eps, p.mu, p.sigma, p.z = s.take(2*latents*size), s.take(2*latents*size), s.take(2*latents*size), s.take(2*latents*size)
	networks := func(nets []mlp, columns int) (out []netMemory) {
		for _, m := range nets {
			out = append(out, netMemory{in: s.take(m.in * columns), acts: s.take(m.rows() * columns)})
		}
		return out
	}
	p.enc, p.pri, p.dec = networks(a.encoders, size), networks(a.priors, size), networks(a.decoders, 4*size)
	p.forced, p.chained = make([]skipRows, len(a.skips)), make([]skipRows, len(a.skips))
	for i, k := range a.skips {
		if !k.used() {
			continue
		}
		t := len(k.parents)
		p.forced[i] = skipRows{terms: s.take(t * a.spec.D * size), sums: s.take(a.spec.D * size)}
		p.chained[i] = skipRows{factor: s.take(2 * t * size), terms: s.take(2 * t * a.spec.D * size), sums: s.take(2 * a.spec.D * size)}
	}
	return p
}

// load takes windows of a data set; noise is drawn by the caller into p.noise().
func (p *pass) load(data *prepared, indices []int) {
	if len(indices) > p.size {
		panic("gvae: batch larger than its memory")
	}
	data.gather(&p.batch, indices)
	p.n = len(indices)
	n := p.n
	for i, v := range p.batch.y[:len(p.spec.Nodes)*p.spec.D*n] {
		if math.IsNaN(v) {
			v = 0
		}
		p.known[i] = v
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
func (p *pass) noise() []float64 { return p.eps[:2*len(p.spec.Latents)*p.n] }
