package gvae

import "github.com/sage-rca/sage/internal/nn"

// form is where the parts of a record begin: what networks are to know of a window.
type form struct {
	x       int // standardised X, NX
	y       int // standardised latencies, NaN where missing, nodes*D
	factors int // m_c of every term
	latents int // of given latents: means of q and p, then their standard deviations, 4*latents; none where none is given
	target  int // what of y is to be learned from, see Data.Since; y itself where all is
	size    int // of a record, a multiple of eight
}

// form returns it for windows of which some latencies are not to be learned from, or
// all are.
func (a *architecture) form(some bool) form {
	outputs := len(a.spec.Nodes) * a.spec.D
	p := form{y: a.spec.NX}
	p.factors = p.y + outputs
	p.latents = p.factors + a.terms
	p.target, p.size = p.y, p.latents
	if a.given.latents != nil {
		p.size += 4 * len(a.spec.Latents)
	}
	if some {
		p.target = p.size
		p.size += outputs
	}
	const square = 8 // of nn.Gather
	p.size = (p.size + square - 1) / square * square
	return p
}

// prepared is a data set as the networks see it, a record for each window: batches are of
// windows at random, and a record is read by whole lines of the caches.
type prepared[F nn.Float] struct {
	n int
	form
	records []F // [n x size]
}

// prepare standardises windows.
func prepare[F nn.Float](a *architecture, d *Data, xs, ys *Scale) prepared[F] {
	p := prepared[F]{n: d.N, form: a.form(d.Since != nil)}
	p.records = make([]F, p.n*p.size)
	memory, out := make([]float64, d.N), make([]float64, d.N)
	for c := range a.spec.NX {
		for w, v := range d.x(c, memory) {
			out[w] = a.standardX(v, xs, c)
		}
		p.set(p.x+c, out)
	}
	for c := range len(a.spec.Nodes) * a.spec.D {
		for w, v := range d.y(c, memory) {
			out[w] = standardY(v, ys, c)
		}
		p.set(p.y+c, out)
		if d.Since != nil {
			forget(out, d.Since[c/a.spec.D])
			p.set(p.target+c, out)
		}
	}
	for i, node := range a.spec.Nodes {
		for t := range node.Terms {
			a.factors(out, i, t, d, xs, memory)
			p.set(p.factors+a.firstTerm[i]+t, out)
		}
	}
	return p
}

// set sets number k of all records.
func (p *prepared[F]) set(k int, column []float64) {
	for _, v := range column {
		p.records[k] = F(v)
		k += p.size
	}
}

// record returns that of a window.
func (p *prepared[F]) record(w int) []F { return row(p.records, w, p.size) }

// gathered are some windows of a data set, feature-major: a row for each number of a record.
type gathered[F nn.Float] struct {
	rows                           []F
	x, y, target, factors, latents []F // of rows
}

// gather brings windows together.
func (g *gathered[F]) gather(data *prepared[F], windows []int) {
	n := len(windows)
	rows := g.rows[:n*data.size]
	nn.Gather(rows, data.records, data.size, windows)
	g.x, g.y, g.target = rows[data.x*n:], rows[data.y*n:], rows[data.target*n:]
	g.factors, g.latents = rows[data.factors*n:], rows[data.latents*n:]
}
