package rca

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/feature"
)

// grains is the number of equally likely values that stand for a distribution.
const grains = 32

// expected is how long a request now waits for its calls where callees are called one
// after the other as often as usual. Calls that run at once take as long as the slowest
// of them, which is a different one from request to request: longer than the one that
// is slowest on average (see calls.union) where one of them is slow in some requests.
//
//	U = M' + lambda (S - M'),  M' = max(M, E[max_i w_i] M_usual / E[max_i w_i]_usual)
//
// The ratio keeps what a lambda that was learned from usual calls knows already.
//
// Where the median lies near the edge of the slow requests, a mean by quantiles is
// far too low: the window's own mean counts where it is larger.
// See docs/math.md, 16.
func (s site) expected() float64 {
	c := s.measured()
	m, sum := c.least(), c.sum()
	now := func(i int) waitShape { return s.waiting(i, c.wait(i)) }
	usual := func(i int) (float64, [feature.D]float64) { return s.usual.wait(i), s.latency[i].usual }
	if u := slowest(len(s.latency), usual); u > 0 {
		m = math.Max(m, slowestOf(len(s.latency), now)*s.usual.least()/u)
	}
	return math.Max(m+s.lambda*math.Max(0, sum-m), s.longest(c))
}

// measured are the calls of the window with its own means, where they are known, and
// otherwise those that follow from the quantiles.
func (s site) measured() calls {
	c := calls{n: s.now.n, each: slices.Clone(s.now.each), self: s.now.self}
	for i, mean := range s.mean {
		if mean > 0 {
			c.each[i] = mean
		}
	}
	return c
}

// maxChain bounds the callees of which all sets are looked at.
const maxChain = 12

// chainSlack is by how much the times of a chain, each of a sketch with a relative
// error of one percent, may seem longer than what they add up to.
const chainSlack = 1.02

// longest is how long a request may now wait for calls of which some follow each
// other and others do not, whatever their order is. One lambda cannot say which: two
// callees that are slow at the same time add up where one is called after the other,
// and the slower one hides the other where they are called at once. Callees that
// together took no more time than a request used to wait for all may be such a chain:
//
//	max over sets Q of sum_Q w,  sum_Q w_usual <= U_usual
//
// Only the callees with the longest waits now are looked at.
func (s site) longest(now calls) float64 {
	type link struct{ usual, now float64 }
	var chain []link
	for i := range now.n {
		chain = append(chain, link{s.usual.wait(i), now.wait(i)})
	}
	slices.SortStableFunc(chain, func(a, b link) int { return -cmp.Compare(a.now, b.now) })
	chain = chain[:min(len(chain), maxChain)]
	most := chainSlack * s.usual.union(s.lambda)
	best := 0.0
	for set := range 1 << len(chain) {
		l := link{}
		for i := range chain {
			if set>>i&1 != 0 {
				l.usual += chain[i].usual
				l.now += chain[i].now
			}
		}
		if l.usual <= most {
			best = math.Max(best, l.now)
		}
	}
	return best
}

// waitShape is the distribution of a wait: its mean, and the shape, quantiles of what has a mean of its own.
type waitShape struct {
	mean, shape float64
	quantile    func(p float64) float64
}

// waiting is how requests wait for callee i, so long on average. Calls that are fast or slow, with
// nothing in between, have a shape that the feature quantiles do not know.
func (s site) waiting(i int, mean float64) waitShape {
	if i < len(s.shapes) && s.shapes[i] != nil {
		x := s.shapes[i]
		return waitShape{mean, x.Sum() / x.Count(), x.Quantile}
	}
	q := s.latency[i].now
	return waitShape{mean, meanOf(q), func(p float64) float64 { return between(q, p) }}
}

// slowest is slowestOf waits of which the feature quantiles are known.
func slowest(n int, of func(i int) (mean float64, quantiles [feature.D]float64)) float64 {
	return slowestOf(n, func(i int) waitShape {
		mean, q := of(i)
		return waitShape{mean, meanOf(q), func(p float64) float64 { return between(q, p) }}
	})
}

// slowestOf is E[max_i w_i] of n independent waits.
func slowestOf(n int, of func(i int) waitShape) float64 {
	type grain struct {
		wait  float64
		owner int
	}
	all := make([]grain, 0, n*grains)
	for i := range n {
		w := of(i)
		if !(w.mean > 0) || !(w.shape > 0) || math.IsInf(w.mean, 0) || math.IsInf(w.shape, 0) {
			continue
		}
		for k := range grains {
			all = append(all, grain{w.mean / w.shape * w.quantile((float64(k)+0.5)/grains), i})
		}
	}
	slices.SortFunc(all, func(a, b grain) int { return cmp.Compare(a.wait, b.wait) })
	// P(max <= w) is the product of the shares of each that are at most w.
	below := make([]float64, n)
	seen := make([]bool, n)
	missing := 0
	for _, g := range all {
		if !seen[g.owner] {
			seen[g.owner] = true
			missing++
		}
	}
	out, before, product := 0.0, 0.0, 1.0
	for _, g := range all {
		if below[g.owner] == 0 {
			missing--
			product /= grains
		} else {
			product *= (below[g.owner] + 1) / below[g.owner]
		}
		below[g.owner]++
		if missing == 0 {
			out += g.wait * (product - before)
			before = product
		}
	}
	return out
}

// between returns quantile p of a distribution of which the feature quantiles are
// known: constant below the first and above the last, linear between them.
func between(q [feature.D]float64, p float64) float64 {
	qs := feature.Quantiles
	for d := 1; d < len(qs); d++ {
		if p < qs[d] {
			if p <= qs[d-1] {
				return q[d-1]
			}
			f := (p - qs[d-1]) / (qs[d] - qs[d-1])
			return q[d-1]*(1-f) + q[d]*f
		}
	}
	return q[len(q)-1]
}
