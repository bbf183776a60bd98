package gvae

import (
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/sage-rca/sage/internal/nn"
)

// Intervention says what a counterfactual sets. Everything else keeps what
// abduction found for it, residuals included.
type Intervention struct {
	// X holds raw values for columns; NaN means normal (the center).
	X map[int]float64
	// Latents are drawn from their prior at the new X.
	Latents []int
	// Nodes behave as the model expects: their residual is drawn from that of
	// healthy windows, one deviation for all quantiles of a node.
	Nodes []int
}

// Counterfactual returns samples draws of the D quantiles of node target, raw
// log seconds, at s*D+d, had the intervention been made: only what descends from
// what was set is recomputed, in topological order, the rest is as observed (or
// expected, where it was not observed).
//
//	z' = prior draw for do.Latents, else z ~ q(z|x,y)        abduction, action
//	y'_n = f_n(y'_parents, x', z') + e_n                     prediction
//	e_n = y_n - f_n(y_parents, x, z), for do.Nodes a healthy draw
//
// with the same z in both lines, so that without intervention every draw is the
// observation.
//
// The same src state gives the same draws, and draw s uses the same numbers
// whatever the intervention and the number of samples (common random numbers).
// It panics where an index is out of range or samples is negative. It is safe for
// concurrent use with different sources.
// See docs/math.md, 9.
func (e *Evidence) Counterfactual(do Intervention, target, samples int, src rand.Source) []float64 {
	spec := &e.model.spec
	if target < 0 || target >= len(spec.Nodes) || samples < 0 {
		panic("gvae: no such target or number of samples")
	}
	out := make([]float64, samples*spec.D)
	w := e.action(do)
	if w.recompute = w.affected(target); !w.recompute[target] || samples == 0 {
		for s := range samples {
			copy(out[s*spec.D:], e.raw[target*spec.D:(target+1)*spec.D])
		}
		return out
	}
	w.draw(samples, src)
	w.predict()
	m := e.model
	for d := range spec.D {
		c := target*spec.D + d
		for s, v := range w.y.row(target, d) {
			out[s*spec.D+d] = boundLog(m.yScale.Center[c] + m.yScale.Spread[c]*float64(v))
		}
	}
	return out
}

// world is a window and what it would have been. It has rows for what is recomputed and
// for what that depends on, not for all of a model of thousands of nodes.
type world struct {
	e         *Evidence
	is        exogenous
	columns   []bool // X set
	latents   []bool
	nodes     []bool
	recompute []bool // nodes

	seed [2]uint64 // of all draws
	n    int
	z    parentRows[float32] // latents of what is recomputed
	y    parentRows[float32] // standardised, of what is recomputed and its parents
}

// action sets what the intervention sets.
func (e *Evidence) action(do Intervention) *world {
	m, spec := e.model, &e.model.spec
	w := &world{
		e: e, columns: make([]bool, spec.NX), latents: make([]bool, len(spec.Latents)), nodes: make([]bool, len(spec.Nodes)),
		is: exogenous{raw: slices.Clone(e.x.raw), x: slices.Clone(e.x.x)},
	}
	for c, v := range do.X {
		if c < 0 || c >= spec.NX {
			panic("gvae: no such column of X")
		}
		w.columns[c] = true
		m.set(&w.is, c, v)
	}
	for _, l := range do.Latents {
		if l < 0 || l >= len(w.latents) {
			panic("gvae: no such latent")
		}
		w.latents[l] = true
	}
	for _, n := range do.Nodes {
		if n < 0 || n >= len(w.nodes) {
			panic("gvae: no such node")
		}
		w.nodes[n] = true
	}
	return w
}

// affected returns the nodes that descend from what was set and that target
// descends from, itself included.
func (w *world) affected(target int) []bool {
	nodes := w.e.model.spec.Nodes
	leads := make([]bool, target+1)
	leads[target] = true
	for i := target; i >= 0; i-- {
		for _, p := range nodes[i].Parents {
			leads[p] = leads[p] || leads[i]
		}
	}
	for i, l := range leads { // of what leads there, all parents do
		leads[i] = l && (w.touches(i) || anyOf(leads, nodes[i].Parents))
	}
	return leads
}

// touches reports whether what a node depends on was set, its parents apart.
func (w *world) touches(i int) bool {
	n := &w.e.model.spec.Nodes[i]
	if w.nodes[i] || anyOf(w.columns, n.X) || anyOf(w.latents, n.Latents) {
		return true
	}
	if !w.e.model.arch.skips[i].used() {
		return false
	}
	for _, t := range n.Terms { // the columns of the skip path, in n.X or not
		for _, c := range [...]int{n.Overlap, t.Calls, t.Overlap} {
			if c >= 0 && w.columns[c] {
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

// draw fills in the rows of latents and latencies. What is drawn of a latent or a node
// depends on nothing but the seed: each has a stream of its own.
func (w *world) draw(n int, src rand.Source) {
	spec := &w.e.model.spec
	w.n, w.seed = n, [2]uint64{src.Uint64(), src.Uint64()}
	var latents, nodes numbering
	for i, needed := range w.recompute {
		if !needed {
			continue
		}
		nodes.add(i, len(spec.Nodes))
		for _, p := range spec.Nodes[i].Parents {
			nodes.add(p, len(spec.Nodes))
		}
		for _, l := range spec.Nodes[i].Latents {
			latents.add(l, len(spec.Latents))
		}
	}
	w.z = parentRows[float32]{data: make([]float32, len(latents.of)*n), dims: 1, n: n, at: latents.at}
	for _, l := range latents.of {
		mu, sigma := w.e.mu[l], w.e.sigma[l]
		if w.latents[l] {
			mu, sigma = w.e.model.prior(l, w.is)
		}
		w.e.latent(w.z.row(l, 0), l, mu, sigma, w.seed)
	}
	w.y = w.e.constant(nodes, n)
}

// latent draws a latent.
func (e *Evidence) latent(dst []float32, l int, mu, sigma float32, seed [2]uint64) {
	noise := nn.NewNoise(seed[0], uint64(l))
	nn.Normals(dst, &noise)
	for s, v := range dst {
		dst[s] = mu + sigma*v
	}
}

// constant returns rows of the latencies as they were, for some nodes.
func (e *Evidence) constant(nodes numbering, n int) parentRows[float32] {
	dims := e.model.spec.D
	y := parentRows[float32]{data: make([]float32, len(nodes.of)*dims*n), dims: dims, n: n, at: nodes.at}
	for _, i := range nodes.of {
		for d := range dims {
			nn.Fill(y.row(i, d), e.y[i*dims+d])
		}
	}
	return y
}

// numbering numbers some of many.
type numbering struct {
	at []int // of each its number; only those of which there is one are right
	of []int
}

func (p *numbering) add(i, many int) {
	if p.at == nil {
		p.at = make([]int, many)
	}
	if k := p.at[i]; k < len(p.of) && p.of[k] == i {
		return
	}
	p.at[i] = len(p.of)
	p.of = append(p.of, i)
}

// predict recomputes the affected nodes in topological order.
func (w *world) predict() {
	m, n, dims := w.e.model, w.n, w.e.model.spec.D
	eval := newEvaluator(m, w.e.positive, n)
	eps := make([]float32, n)
	now := make([]float32, dims*n)
	for i, needed := range w.recompute {
		if !needed {
			continue
		}
		eval.node(now, i, w.is, w.z, w.y)
		var before []float32
		if w.nodes[i] {
			noise := nn.NewNoise(w.seed[1], uint64(i))
			nn.Normals(eps, &noise)
		} else {
			before = w.e.replay.before(w, i, eval)
		}
		for d := range dims {
			c := i*dims + d
			low := float32((-largestLog - m.yScale.Center[c]) / m.yScale.Spread[c])
			high := float32((largestLog - m.yScale.Center[c]) / m.yScale.Spread[c])
			mean, std := float32(m.noise.Center[c]), float32(m.noise.Spread[c])
			out, is := w.y.row(i, d), row(now, d, n) // as it was, as the model says
			for s, v := range is {
				if before != nil {
					v += out[s] - before[d*n+s]
				} else {
					v += mean + std*eps[s]
				}
				out[s] = v
				if v < low {
					out[s] = low
				} else if v > high {
					out[s] = high
				}
			}
		}
	}
}

// replay remembers what the model says of a window as it was, for the draws asked for
// last: the questions of one verdict have them in common.
type replay struct {
	mu    sync.Mutex // guards all below
	seed  [2]uint64
	known map[int][][]float32 // by number of samples, per node, nil: not asked for yet
}

// mostReplays is how many numbers of samples a replay remembers.
const mostReplays = 4

// before returns f_i(y_parents, x, z) [D x n], which must not be changed.
func (r *replay) before(w *world, i int, eval *evaluator) []float32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	spec, e := &w.e.model.spec, w.e
	known, ok := r.known[w.n]
	if r.seed != w.seed || !ok && len(r.known) >= mostReplays {
		r.seed, r.known, ok = w.seed, nil, false
	}
	if !ok {
		if r.known == nil {
			r.known = make(map[int][][]float32)
		}
		known = make([][]float32, len(spec.Nodes))
		r.known[w.n] = known
	}
	if known[i] != nil {
		return known[i]
	}
	latents, parents := numbering{at: eval.latents}, numbering{at: eval.nodes}
	for _, l := range spec.Nodes[i].Latents {
		latents.add(l, len(spec.Latents))
	}
	for _, p := range spec.Nodes[i].Parents {
		parents.add(p, len(spec.Nodes))
	}
	z := parentRows[float32]{data: make([]float32, len(latents.of)*w.n), dims: 1, n: w.n, at: latents.at}
	for _, l := range latents.of {
		e.latent(z.row(l, 0), l, e.mu[l], e.sigma[l], w.seed)
	}
	out := make([]float32, spec.D*w.n)
	eval.node(out, i, e.x, z, e.constant(parents, w.n))
	known[i] = out
	return out
}
