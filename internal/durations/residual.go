package durations

import "math"

// residual is how what of a request is none of its parts is distributed, of which the mean is
// known: of shape, of spans, one of
//
//	scaled: all requests take longer by one factor,
//	late:   a share of them takes longer by the same time, and the others as usual,
//
// by which the sum of a part and a residual, drawn each by itself, is most likely to fill the
// buckets of whole as they are filled. A delay is late with a share of 1, lost messages with one
// of a few percent.
func residual(shape dist, mean float64, whole *hist, parts dist) dist {
	usual := shape.mean()
	if !(usual > 0) || !(mean > 0) {
		return shape
	}
	best := shape.stretched(mean / usual)
	whole = whole.bucketed()
	if mean <= noticeable*usual || len(whole.counts) == 0 || !(parts.total() > 0) {
		return best
	}
	below := parts.cumulated()
	most := whole.likelihood(best, below) + clearly
	for _, q := range shares {
		x := late(shape, q, (mean-usual)/q)
		if l := whole.likelihood(x, below); l > most {
			best, most = x, l
		}
	}
	return best
}

const (
	noticeable = 1.2 // times the usual mean up to which a scale will do
	clearly    = 2   // log-likelihood by which others must be better than a scale
)

// shares are those of late requests that are tried.
var shares = [...]float64{1, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005}

// late is shape, where a share q takes longer by a time in ns: where it is not all, from half to
// twice of that.
func late(shape dist, q, by float64) dist {
	out := dist{}
	out.addDist(shape, (1-q)/shape.total())
	each := q / shape.total()
	for i, w := range shape.w {
		if w == 0 {
			continue
		}
		at := middles[shape.low+i]
		if q == 1 {
			out.add(cellOf(at+by), w*each)
			continue
		}
		for _, f := range [...]float64{0.6, 1, 1.4} {
			out.add(cellOf(at+f*by), w*each/3)
		}
	}
	return out
}

// cumulated are the shares of a distribution up to each cell.
type cumulated struct {
	low int
	to  []float64
}

func (d dist) cumulated() cumulated {
	c := cumulated{d.low, make([]float64, len(d.w))}
	n, sum := d.total(), 0.0
	for i, w := range d.w {
		sum += w
		c.to[i] = sum / n
	}
	return c
}

// below is the share below ns.
func (c cumulated) below(ns float64) float64 {
	if ns <= 0 {
		return 0
	}
	at := perOctave*math.Log2(math.Max(1, ns)) - float64(c.low)
	i := int(math.Floor(at))
	switch {
	case i < 0:
		return 0
	case i >= len(c.to):
		return 1
	}
	before := 0.0
	if i > 0 {
		before = c.to[i-1]
	}
	return before + (at-float64(i))*(c.to[i]-before)
}

// grains are cells that are taken together where parts and residual are added.
const grains = 4

// likelihood is the logarithm of that of the counts of h, of sums of parts and residual.
func (h *hist) likelihood(residual dist, parts cumulated) float64 {
	const never = 1e-4 // nothing is ruled out
	type grain struct{ at, weight float64 }
	all := make([]grain, 0, len(residual.w)/grains+1)
	n := residual.total()
	for i := 0; i < len(residual.w); i += grains {
		if w, at := residual.grain(i); w/n > 1e-6 {
			all = append(all, grain{at, w / n})
		}
	}
	l, before := 0.0, 0.0
	for b, c := range h.counts {
		to := 1.0
		if b < len(h.bounds) {
			to = 0
			for _, g := range all {
				to += g.weight * parts.below(h.bounds[b]-g.at)
			}
		}
		if c > 0 {
			l += c * math.Log(math.Max(never, to-before))
		}
		before = to
	}
	return l
}
