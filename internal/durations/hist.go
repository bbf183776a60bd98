package durations

import (
	"math"
	"slices"
)

// hist is a histogram of durations in ns, as it came: with buckets that end at bounds, or
// with cells.
type hist struct {
	bounds []float64
	counts []float64 // one more than bounds, or none
	cells  dist
	n, sum float64
}

// add adds o, times factor.
func (h *hist) add(o *hist, factor float64) {
	h.n += factor * o.n
	h.sum += factor * o.sum
	h.cells.addDist(o.cells, factor)
	if len(o.counts) == 0 {
		return
	}
	if len(h.counts) == 0 && len(h.cells.w) == 0 {
		h.bounds, h.counts = o.bounds, make([]float64, len(o.counts))
	}
	if !slices.Equal(h.bounds, o.bounds) || len(h.counts) == 0 {
		h.pour()
		p := hist{bounds: o.bounds, counts: slices.Clone(o.counts)}
		p.pour()
		h.cells.addDist(p.cells, factor)
		return
	}
	for i, c := range o.counts {
		h.counts[i] += factor * c
	}
}

// pour turns buckets into cells.
func (h *hist) pour() {
	if len(h.counts) > 0 {
		d := h.refine(dist{}, false)
		h.cells.addDist(d, 1)
		h.bounds, h.counts = nil, nil
	}
}

// bucketed returns h with buckets, which of an exponential histogram are a quarter of an octave wide.
func (h *hist) bucketed() *hist {
	if len(h.counts) > 0 || len(h.cells.w) == 0 {
		return h
	}
	const wide = perOctave / 4
	out := &hist{n: h.n, sum: h.sum, counts: []float64{0}}
	for i, w := range h.cells.w {
		if cell := h.cells.low + i; cell%wide == 0 && cell > 0 {
			out.bounds = append(out.bounds, math.Exp2(float64(cell)/perOctave))
			out.counts = append(out.counts, 0)
		}
		out.counts[len(out.counts)-1] += w
	}
	return out
}

// Buckets without an end, and those that begin at zero, are taken to be so wide.
const openOctaves = 2

// cellsOf returns the cells of bucket b.
func (h *hist) cellsOf(b int) (low, high int) {
	switch {
	case b == 0:
		high = cellOf(h.bounds[0])
		return max(0, high+1-openOctaves*perOctave), high
	case b == len(h.bounds):
		low = cellOf(h.bounds[b-1]) + 1
		return min(low, lastCell), min(lastCell, low-1+openOctaves*perOctave)
	}
	low, high = cellOf(h.bounds[b-1])+1, cellOf(h.bounds[b])
	return min(low, high), high
}

// Knowing nothing of where in a bucket durations lie weighs as much as prior spans, or as that share
// of the spans that lie there.
const prior, priorShare = 1, 0.02

// refine returns how the durations are distributed: over buckets as h says, within each as
// in shape, of spans, all tilted by one exponent so that the mean is that of h.
func (h *hist) refine(shape dist, tilt bool) dist {
	switch {
	case len(h.bounds) == 0 && len(h.cells.w) > 0:
		return h.cells
	case len(h.bounds) == 0: // nothing but a mean
		if m := shape.mean(); m > 0 && h.sum > 0 {
			return shape.stretched(h.sum / h.n / m)
		}
		return shape
	}
	var d dist
	var blocks []block
	for b, c := range h.counts {
		if !(c > 0) {
			continue
		}
		low, high := h.cellsOf(b)
		d.cover(low, high)
		blocks = append(blocks, block{low, high, c})
	}
	for _, b := range blocks {
		spans := 0.0
		for i := b.low; i <= b.high; i++ {
			w := shape.at(i)
			spans += w
			d.w[i-d.low] = w
		}
		for i := b.low; i <= b.high; i++ {
			d.w[i-d.low] += math.Max(prior, priorShare*spans) / float64(b.high-b.low+1)
		}
	}
	if !tilt || !(h.sum > 0) {
		return tilted(d, blocks, 0)
	}
	low, high := -steepest, steepest
	for range 24 {
		mid := (low + high) / 2
		if tilted(d, blocks, mid).mean() < h.sum/h.n {
			low = mid
		} else {
			high = mid
		}
	}
	return tilted(d, blocks, (low+high)/2)
}

// steepest bounds the exponent of a tilt, per cell.
const steepest = 0.5

// block is a bucket with its count.
type block struct {
	low, high int
	count     float64
}

// tilted returns d with weights times exp(theta i) in cell i, and in each block its count.
func tilted(d dist, blocks []block, theta float64) dist {
	out := dist{d.low, make([]float64, len(d.w))}
	step := math.Exp(theta)
	for _, b := range blocks {
		sum, f := 0.0, 1.0
		for i := b.low - d.low; i <= b.high-d.low; i++ {
			out.w[i] = d.w[i] * f
			sum += out.w[i]
			f *= step
		}
		for i := b.low - d.low; i <= b.high-d.low; i++ {
			out.w[i] *= b.count / sum
		}
	}
	return out
}
