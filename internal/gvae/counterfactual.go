package gvae

import (
	"math/rand/v2"
	"sync"
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
// concurrent use with different sources, though one call waits for the other.
// See docs/math.md, 9.
func (e *Evidence) Counterfactual(do Intervention, target, samples int, src rand.Source) []float64 {
	spec := &e.model.spec
	if target < 0 || target >= len(spec.Nodes) || samples < 0 {
		panic("gvae: no such target or number of samples")
	}
	do.check(spec)
	out := make([]float64, samples*spec.D)
	if samples == 0 {
		return out
	}
	e.replay.mu.Lock()
	defer e.replay.mu.Unlock()
	w := e.replay.world(e, samples, [2]uint64{src.Uint64(), src.Uint64()})
	w.become(do)
	if !w.recompute[target] {
		for s := range samples {
			copy(out[s*spec.D:], e.raw[target*spec.D:(target+1)*spec.D])
		}
		return out
	}
	w.predict(target)
	m := e.model
	for d := range spec.D {
		c := target*spec.D + d
		for s, v := range w.y.row(target, d) {
			out[s*spec.D+d] = boundLog(m.yScale.Center[c] + m.yScale.Spread[c]*float64(v))
		}
	}
	return out
}

// check panics where an index is out of range.
func (do Intervention) check(spec *Spec) {
	for c := range do.X {
		if c < 0 || c >= spec.NX {
			panic("gvae: no such column of X")
		}
	}
	for _, l := range do.Latents {
		if l < 0 || l >= len(spec.Latents) {
			panic("gvae: no such latent")
		}
	}
	for _, n := range do.Nodes {
		if n < 0 || n >= len(spec.Nodes) {
			panic("gvae: no such node")
		}
	}
}

// replay remembers the worlds of the draws asked for last: the questions of one
// verdict have most of the answer in common.
type replay struct {
	mu     sync.Mutex // guards all below, the worlds too
	seed   [2]uint64
	worlds map[int]*world // by number of samples
}

// mostReplays is how many numbers of samples a replay remembers.
const mostReplays = 4

// world returns the world of n draws, as the last question left it.
func (r *replay) world(e *Evidence, n int, seed [2]uint64) *world {
	w := r.worlds[n]
	if r.seed != seed || w == nil && len(r.worlds) >= mostReplays {
		r.seed, r.worlds, w = seed, nil, nil
	}
	if w == nil {
		if r.worlds == nil {
			r.worlds = make(map[int]*world)
		}
		w = newWorld(e, n, seed)
		r.worlds[n] = w
	}
	return w
}
