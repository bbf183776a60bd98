package gvae

import "math/rand/v2"

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
		for s, v := range row(w.y, c, samples) {
			out[s*spec.D+d] = boundLog(m.yScale.Center[c] + m.yScale.Spread[c]*v)
		}
	}
	return out
}

// world is a window and what it would have been.
type world struct {
	e         *Evidence
	was, is   exogenous
	columns   []bool // X set
	latents   []bool
	nodes     []bool
	recompute []bool // nodes

	n        int
	zWas, z  []float64 // [latents x n]
	eps      []float64 // deviations of do.Nodes, [nodes x n]
	yWas, y  []float64 // standardised, [nodes*D x n]
	priorMu  []float64 // of do.Latents, at the new X
	priorStd []float64
}

// action sets what the intervention sets.
func (e *Evidence) action(do Intervention) *world {
	m, spec := e.model, &e.model.spec
	w := &world{
		e: e, columns: make([]bool, spec.NX), latents: make([]bool, len(spec.Latents)), nodes: make([]bool, len(spec.Nodes)),
		priorMu: make([]float64, len(spec.Latents)), priorStd: make([]float64, len(spec.Latents)),
	}
	x := append([]float64(nil), e.x...)
	for c, v := range do.X {
		if c < 0 || c >= len(x) {
			panic("gvae: no such column of X")
		}
		x[c], w.columns[c] = v, true
	}
	w.was, w.is = m.exogenous(e.x), m.exogenous(x)
	for _, l := range do.Latents {
		if l < 0 || l >= len(w.latents) {
			panic("gvae: no such latent")
		}
		w.latents[l] = true
		w.priorMu[l], w.priorStd[l] = m.prior(l, w.is)
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
	descends, leads := make([]bool, len(nodes)), make([]bool, len(nodes))
	anyOf := func(set []bool, indices []int) bool {
		for _, i := range indices {
			if set[i] {
				return true
			}
		}
		return false
	}
	for i, n := range nodes {
		descends[i] = w.nodes[i] || anyOf(w.columns, n.X) || anyOf(w.latents, n.Latents) || anyOf(descends, n.Parents)
		if !w.e.model.arch.skips[i].used() {
			continue
		}
		for _, t := range n.Terms { // the columns of the skip path, in n.X or not
			for _, c := range []int{n.Overlap, t.Calls, t.Overlap} {
				descends[i] = descends[i] || (c >= 0 && w.columns[c])
			}
		}
	}
	leads[target] = true
	for i := target; i >= 0; i-- {
		for _, p := range nodes[i].Parents {
			leads[p] = leads[p] || leads[i]
		}
		leads[i] = leads[i] && descends[i]
	}
	return leads
}

// draw fills in latents and deviations, sample by sample, all of them whether or
// not they are needed.
func (w *world) draw(n int, src rand.Source) {
	e := w.e
	latents, outputs := len(e.mu), len(e.y)
	w.n = n
	w.zWas, w.z, w.eps = make([]float64, latents*n), make([]float64, latents*n), make([]float64, len(w.nodes)*n)
	rng := rand.New(src)
	for s := range n {
		for l := range latents {
			v := rng.NormFloat64()
			w.zWas[l*n+s] = e.mu[l] + e.sigma[l]*v
			w.z[l*n+s] = w.zWas[l*n+s]
			if w.latents[l] {
				w.z[l*n+s] = w.priorMu[l] + w.priorStd[l]*v
			}
		}
		for i := range w.nodes {
			w.eps[i*n+s] = rng.NormFloat64()
		}
	}
	w.yWas = make([]float64, outputs*n)
	for c, v := range e.y {
		fill(row(w.yWas, c, n), v)
	}
	w.y = append([]float64(nil), w.yWas...)
}

// predict recomputes the affected nodes in topological order.
func (w *world) predict() {
	m, n, dims := w.e.model, w.n, w.e.model.spec.D
	eval := newEvaluator(m, n)
	before := make([]float64, dims*n)
	for i := range m.spec.Nodes {
		if !w.recompute[i] {
			continue
		}
		now := w.y[i*dims*n : (i+1)*dims*n]
		was := w.yWas[i*dims*n : (i+1)*dims*n]
		eval.node(now, i, w.is, w.z, w.y)
		if !w.nodes[i] {
			eval.node(before, i, w.was, w.zWas, w.yWas)
		}
		for d := range dims {
			c := i*dims + d
			mean, std := m.noise.Center[c], m.noise.Spread[c]
			low, high := (-largestLog-m.yScale.Center[c])/m.yScale.Spread[c], (largestLog-m.yScale.Center[c])/m.yScale.Spread[c]
			for s := range n {
				k := d*n + s
				v := now[k] + mean + std*w.eps[i*n+s]
				if !w.nodes[i] {
					v = now[k] + (was[k] - before[k])
				}
				now[k] = min(max(v, low), high)
			}
		}
	}
}
