package gvae

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/nn"
)

// world is a window and what it would have been, by draws of the latents that depend on
// nothing but the seed. It passes from one intervention to the next: what is the same under
// both is computed once. It has rows for what was asked for and for what that depends on,
// not for all of a model of thousands of nodes.
type world struct {
	e    *Evidence
	n    int // draws
	seed [2]uint64
	eval *evaluator
	now  exogenous

	columns   flags // X set
	latents   flags
	nodes     flags
	recompute []bool // nodes that differ from what was observed

	z, y         rows        // latents; latencies, standardised
	drawn, known []bool      // latents, nodes: their rows are those of this world
	rest         [][]float32 // by node, see unexplained
	leads        []bool      // memory of predict
	eps, out     []float32
}

// newWorld returns the window as it was.
func newWorld(e *Evidence, n int, seed [2]uint64) *world {
	spec := &e.model.spec
	return &world{
		e: e, n: n, seed: seed, eval: newEvaluator(e.model, e.positive, n),
		now:     exogenous{raw: slices.Clone(e.x.raw), x: slices.Clone(e.x.x)},
		columns: newFlags(spec.NX), latents: newFlags(len(spec.Latents)), nodes: newFlags(len(spec.Nodes)),
		recompute: make([]bool, len(spec.Nodes)),
		z:         newRows(len(spec.Latents), 1, n), y: newRows(len(spec.Nodes), spec.D, n),
		drawn: make([]bool, len(spec.Latents)), known: make([]bool, len(spec.Nodes)),
		rest: make([][]float32, len(spec.Nodes)), leads: make([]bool, len(spec.Nodes)),
		eps: make([]float32, n), out: make([]float32, spec.D*n),
	}
}

// flags say of each of many whether the intervention sets it, and whether that is
// another matter than it was before.
type flags struct{ set, changed []bool }

func newFlags(n int) flags { return flags{set: make([]bool, n), changed: make([]bool, n)} }

// become sets some, and no others, and reports whether any changed.
func (f flags) become(indices []int) bool {
	f.unset()
	for _, i := range indices {
		if !f.set[i] {
			f.changed[i], f.set[i] = !f.changed[i], true
		}
	}
	return slices.Contains(f.changed, true)
}

// unset leaves all out: those that were set have changed.
func (f flags) unset() {
	copy(f.changed, f.set)
	clear(f.set)
}

// become makes the intervention, instead of the one before.
func (w *world) become(do Intervention) {
	columns := w.setColumns(do.X)
	latents, nodes := w.latents.become(do.Latents), w.nodes.become(do.Nodes)
	if !columns && !latents && !nodes {
		return
	}
	spec := &w.e.model.spec
	for l := range spec.Latents {
		if w.latents.changed[l] || w.latents.set[l] && anyOf(w.columns.changed, spec.Latents[l].X) {
			w.latents.changed[l], w.drawn[l] = true, false
		}
	}
	for i := range spec.Nodes { // parents first
		parents := spec.Nodes[i].Parents
		w.recompute[i] = w.touches(i, w.nodes.set, w.columns.set, w.latents.set) || anyOf(w.recompute, parents)
		w.nodes.changed[i] = w.touches(i, w.nodes.changed, w.columns.changed, w.latents.changed) || anyOf(w.nodes.changed, parents)
		w.known[i] = w.known[i] && !w.nodes.changed[i]
	}
}

// setColumns sets columns, and all others to what they were in the window. It reports
// whether any changed.
func (w *world) setColumns(x map[int]float64) bool {
	f := w.columns
	f.unset()
	for c, v := range x { // each for itself: the order does not matter
		f.set[c], f.changed[c] = true, !f.changed[c] || math.Float64bits(v) != math.Float64bits(w.now.raw[c])
		if f.changed[c] {
			w.e.model.set(&w.now, c, v)
		}
	}
	some := false
	for c, changed := range f.changed {
		some = some || changed
		if changed && !f.set[c] {
			w.now.raw[c], w.now.x[c] = w.e.x.raw[c], w.e.x.x[c]
		}
	}
	return some
}

// touches reports whether something that a node depends on is among some nodes, columns and
// latents, its parents apart.
func (w *world) touches(i int, nodes, columns, latents []bool) bool {
	n := &w.e.model.spec.Nodes[i]
	if nodes[i] || anyOf(columns, n.X) || anyOf(latents, n.Latents) {
		return true
	}
	if !w.e.model.arch.skips[i].used() {
		return false
	}
	for _, t := range n.Terms { // the columns of the skip path, in n.X or not
		for _, c := range [...]int{n.Overlap, t.Calls, t.Overlap} {
			if c >= 0 && columns[c] {
				return true
			}
		}
	}
	return false
}

func anyOf(set []bool, indices []int) bool {
	for _, i := range indices {
		if set[i] {
			return true
		}
	}
	return false
}

// predict makes the latencies of a node known, and first those of what it depends on, in
// topological order.
func (w *world) predict(target int) {
	nodes := w.e.model.spec.Nodes
	leads := w.leads[:target+1]
	clear(leads)
	leads[target] = true
	for i := target; i >= 0; i-- {
		if !leads[i] || w.known[i] || !w.recompute[i] {
			continue
		}
		for _, p := range nodes[i].Parents {
			leads[p] = true
		}
	}
	for i, l := range leads {
		if l && !w.known[i] {
			w.y.add(i)
			if w.recompute[i] {
				w.compute(i)
			} else {
				w.observe(i)
			}
			w.known[i] = true
		}
	}
}

// observe sets the latencies of a node to what they were.
func (w *world) observe(i int) {
	dims := w.y.dims
	for d := range dims {
		nn.Fill(w.y.row(i, d), w.e.y[i*dims+d])
	}
}

// compute sets the latencies of a node to what they would have been.
func (w *world) compute(i int) {
	m, n, dims := w.e.model, w.n, w.e.model.spec.D
	w.draw(i)
	now := w.out
	var rest []float32
	if w.nodes.set[i] {
		noise := nn.NewNoise(w.seed[1], uint64(i))
		nn.Normals(w.eps, &noise)
	} else {
		rest = w.unexplained(i)
	}
	w.eval.node(now, i, w.now, w.z.parentRows, w.y.parentRows)
	for d := range dims {
		c := i*dims + d
		low := float32((-largestLog - m.yScale.Center[c]) / m.yScale.Spread[c])
		high := float32((largestLog - m.yScale.Center[c]) / m.yScale.Spread[c])
		out := w.y.row(i, d)
		copy(out, row(now, d, n))
		if rest != nil {
			nn.Add(out, row(rest, d, n))
		} else {
			mean, std := float32(m.noise.Center[c]), float32(m.noise.Spread[c])
			for s, v := range w.eps[:len(out)] {
				out[s] += mean + std*v
			}
		}
		for s, v := range out {
			if v < low {
				out[s] = low
			} else if v > high {
				out[s] = high
			}
		}
	}
}

// draw draws the latents of a node: from their prior where they are set, else from the
// posterior.
func (w *world) draw(i int) {
	for _, l := range w.e.model.spec.Nodes[i].Latents {
		if w.drawn[l] {
			continue
		}
		mu, sigma := w.e.mu[l], w.e.sigma[l]
		if w.latents.set[l] {
			mu, sigma = w.e.model.prior(l, w.now)
		}
		w.z.add(l)
		w.latent(w.z.row(l, 0), l, mu, sigma)
		w.drawn[l] = true
	}
}

// latent draws a latent. Each has a stream of its own.
func (w *world) latent(dst []float32, l int, mu, sigma float32) {
	noise := nn.NewNoise(w.seed[0], uint64(l))
	nn.Normals(dst, &noise)
	for s, v := range dst {
		dst[s] = mu + sigma*v
	}
}

// unexplained returns what the model does not explain of a node of the window as it was,
// y_i - f_i(y_parents, x, z) [D x n], which must not be changed.
func (w *world) unexplained(i int) []float32 {
	if w.rest[i] != nil {
		return w.rest[i]
	}
	e, dims := w.e, w.e.model.spec.D
	node := &e.model.spec.Nodes[i]
	z := rows{parentRows: parentRows[float32]{dims: 1, n: w.n, at: w.eval.latents}}
	z.renumber(node.Latents)
	for _, l := range node.Latents {
		w.latent(z.row(l, 0), l, e.mu[l], e.sigma[l])
	}
	y := rows{parentRows: parentRows[float32]{dims: dims, n: w.n, at: w.eval.nodes}}
	y.renumber(node.Parents)
	for _, p := range node.Parents {
		for d := range dims {
			nn.Fill(y.row(p, d), e.y[p*dims+d])
		}
	}
	out := make([]float32, dims*w.n)
	w.eval.node(out, i, e.x, z.parentRows, y.parentRows)
	for d := range dims {
		was := e.y[i*dims+d]
		for s, v := range row(out, d, w.n) {
			out[d*w.n+s] = was - v
		}
	}
	w.rest[i] = out
	return out
}

// rows are rows of some of many.
type rows struct{ parentRows[float32] }

func newRows(many, dims, n int) rows {
	return rows{parentRows[float32]{dims: dims, n: n, at: slices.Repeat([]int{-1}, many)}}
}

// add makes rows for one more, where it has none yet.
func (r *rows) add(i int) {
	if r.at[i] >= 0 {
		return
	}
	size := r.dims * r.n
	r.at[i] = len(r.data) / size
	r.data = slices.Grow(r.data, size)[:len(r.data)+size]
}

// renumber makes rows for some, which are the only ones that may then be asked for.
func (r *rows) renumber(indices []int) {
	for k, i := range indices {
		r.at[i] = k
	}
	r.data = make([]float32, len(indices)*r.dims*r.n)
}
