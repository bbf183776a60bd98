package rca

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
)

// most is by how many seconds the entry's tail can rise at most where nothing else is slow:
// as if the share p of its requests that comes by a suspect were the fastest ones usually,
// and took forever now. The others are the slowest ones then, and
//
//	F*(q) - F(q) <= F(q + p) - F(q)
//
// F being the usual quantiles of the entry. There is no bound where q + p lies beyond the
// highest quantile that is known, as it does for the tail of nearly everything: a median is not moved
// by who serves a few requests, however slow.
func (d *diagnosis) most(u suspect) float64 {
	visits := 0.0
	for _, p := range u.parts {
		visits += d.d.visits[p.node]
	}
	q := d.in.Quantile + visits
	if q >= feature.Quantiles[feature.D-1] {
		return math.Inf(1)
	}
	t := newTail(q)
	t.offset = d.tail.offset
	return t.seconds(d.levels[:]) - d.usual
}
