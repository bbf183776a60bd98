package gvae

import (
	"math"

	"github.com/sage-rca/sage/internal/nn"
)

// furthestMove is how far, in spreads, what is usual may have moved away from the
// center of a column that is kept: within it networks still see about what they were
// trained on, and beyond, inputs would come to lie where they are clamped.
const furthestMove = 1

// rescale sets the scales of the new model. Columns that are new have those of the
// data. The others keep theirs, so that networks that read them stay the functions
// that they are, with two exceptions where the usual value has moved by more than
// furthestMove:
//
//   - a column of X that only networks to be learned read, and the latencies of a
//     node to be learned, have that of the data;
//   - a node that descends from one to be learned gets a new center. Weights mean
//     movements relative to what is normal, as at a warm start; the skip path is
//     given in relation to the center and is moved with it, so that it stays the
//     same function of latencies.
func (r *retraining) rescale() {
	m := r.full
	kept, k := r.reads(false), newYardstick(&r.cfg, r.use)
	for c := range m.spec.NX {
		was := r.origin.X[c]
		if was >= 0 && kept[c] {
			m.xScale.put(c, &r.prev.xScale, was)
			continue
		}
		column := r.data.x(c, k.column)
		center, spread := k.x(column)
		if was >= 0 && (r.unknown(column) || !moved(&r.prev.xScale, was, center)) {
			m.xScale.put(c, &r.prev.xScale, was)
			continue
		}
		m.xScale.Center[c], m.xScale.Spread[c] = center, spread
	}
	below := r.descendants()
	for i := range m.spec.Nodes {
		r.rescaleNode(i, below[i], k)
	}
}

// put sets column c to column k of another scale.
func (s *Scale) put(c int, o *Scale, k int) {
	s.Center[c], s.Spread[c] = o.Center[k], o.Spread[k]
}

func moved(was *Scale, k int, center float64) bool {
	return math.Abs(center-was.Center[k]) > furthestMove*was.Spread[k]
}

// unknown reports whether a column has too few values to say what is usual.
func (r *retraining) unknown(column []float64) bool {
	known := 0
	for w, v := range column {
		if r.use[w] && finite(v) {
			known++
		}
	}
	return known < minWindows
}

func (r *retraining) rescaleNode(i int, below bool, k *yardstick) {
	m, dims := r.full, r.full.spec.D
	was := r.origin.Nodes[i]
	if was >= 0 {
		for d := range dims {
			m.yScale.put(i*dims+d, &r.prev.yScale, was*dims+d)
		}
	}
	if was >= 0 && !r.nodes[i] && (!below || !m.arch.skips[i].used()) {
		return
	}
	fresh := newScale(dims)
	far := was < 0
	for d := range dims {
		c := i*dims + d
		column := r.data.own(c, dims, k.column)
		fresh.Center[d], fresh.Spread[d] = k.y(column)
		if was >= 0 && r.unknown(column) {
			return
		}
		far = far || moved(&r.prev.yScale, was*dims+d, fresh.Center[d])
	}
	if !far {
		return
	}
	for d := range dims {
		c := i*dims + d
		if r.nodes[i] {
			m.yScale.put(c, &fresh, d)
			continue
		}
		s := &m.arch.skips[i]
		own := (nn.Softplus(float64(m.theta[s.own+d])) + leastOwn) * math.Exp(m.yScale.Center[c]-fresh.Center[d])
		m.theta[s.own+d] = float32(nn.SoftplusInverse(max(own-leastOwn, leastOwn)))
		m.yScale.Center[c] = fresh.Center[d]
	}
}

// descendants reports which nodes descend from one to be learned.
func (r *retraining) descendants() []bool {
	out := make([]bool, len(r.nodes))
	for i, n := range r.full.spec.Nodes {
		for _, p := range n.Parents {
			out[i] = out[i] || out[p] || r.nodes[p]
		}
	}
	return out
}

// reads returns the columns of X that networks and skip paths read: of those that
// are to be learned, or of those that are not.
func (r *retraining) reads(learned bool) []bool {
	spec := &r.full.spec
	out := make([]bool, spec.NX)
	mark := func(columns ...int) {
		for _, c := range columns {
			if c >= 0 {
				out[c] = true
			}
		}
	}
	for l := range spec.Latents {
		if r.latents[l] == learned {
			mark(spec.Latents[l].X...)
		}
	}
	for i := range spec.Nodes {
		if r.nodes[i] != learned {
			continue
		}
		n := &spec.Nodes[i]
		mark(n.X...)
		mark(n.Overlap)
		for _, t := range n.Terms {
			mark(t.Calls, t.Overlap)
		}
	}
	return out
}
