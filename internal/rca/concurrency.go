package rca

import "math"

// calls are the calls of one RPC: how many of each kind per request, and how long
// one takes, in seconds.
type calls struct {
	n, each []float64
}

// longest is the longest single call, M; a call that few requests make counts by
// its share.
func (c calls) longest() float64 {
	m := 0.0
	for i, l := range c.each {
		m = math.Max(m, l*math.Min(1, c.n[i]))
	}
	return m
}

// sum is the time of all calls of a request, S.
func (c calls) sum() float64 {
	s := 0.0
	for i, l := range c.each {
		s += c.n[i] * l
	}
	return s
}

// union is the time that a request waits for its calls when a share lambda of
// them is sequential:
//
//	U = M + lambda (S - M)
//
// lambda is 1 when calls follow each other and 0 when all run at once. Unlike
// the overlap U/S it belongs to how the caller works and not to how slow a callee
// is: one slow call of many parallel ones raises U/S, but not lambda.
func (c calls) union(lambda float64) float64 {
	m := c.longest()
	return m + lambda*(c.sum()-m)
}

// sequential returns the lambda that gives the observed overlap log(U/S), in
// [0, 1]; 1 where the calls do not tell.
func (c calls) sequential(overlap float64) float64 {
	s, m := c.sum(), c.longest()
	if math.IsNaN(overlap) || s-m <= 1e-3*s {
		return 1
	}
	return math.Min(1, math.Max(0, (math.Exp(overlap)*s-m)/(s-m)))
}

// overlap is log(U/S) of the calls at lambda.
func (c calls) overlap(lambda float64) float64 {
	s := c.sum()
	if s <= 0 {
		return 0
	}
	return math.Log(c.union(lambda) / s)
}

// with returns the calls with call i taking l seconds.
func (c calls) with(i int, l float64) calls {
	each := append([]float64(nil), c.each...)
	each[i] = l
	return calls{n: c.n, each: each}
}

// slope is by how much U rises per second by which each call of kind i rises from
// lo to hi, averaged over the calls a and b that the others may be (before and
// after the fault: the Shapley value of i against the rest).
func slope(a, b calls, i int, lo, hi, lambda float64) float64 {
	lo, hi = apart(lo, hi)
	rise := func(c calls) float64 { return c.with(i, hi).union(lambda) - c.with(i, lo).union(lambda) }
	return (rise(a) + rise(b)) / 2 / (hi - lo)
}

// slopeOnce is the same where a single call of kind i takes hi instead of lo and
// the others of its kind stay.
func slopeOnce(a, b calls, i int, lo, hi, lambda float64) float64 {
	lo, hi = apart(lo, hi)
	union := func(c calls, l float64) float64 {
		m := math.Max(c.longest(), l)
		return m + lambda*(c.sum()-math.Min(1, c.n[i])*c.each[i]+l-m)
	}
	rise := func(c calls) float64 { return union(c, hi) - union(c, lo) }
	return (rise(a) + rise(b)) / 2 / (hi - lo)
}

// more is by how much U rises with the calls of kind i that there are more of
// now than usual, averaged over the latencies that calls have now and usually:
// what extra calls and slower calls do together they share. A kind of call that
// was never seen before has no usual latency and counts with the present one.
func more(now, usual calls, i int, lambda float64) float64 {
	rise := func(each []float64) float64 {
		n := append([]float64(nil), now.n...)
		n[i] = usual.n[i]
		return calls{n: now.n, each: each}.union(lambda) - calls{n: n, each: each}.union(lambda)
	}
	if usual.each[i] <= 0 {
		return rise(now.each)
	}
	return (rise(now.each) + rise(usual.each)) / 2
}

// apart orders lo and hi and keeps them at least a percent and a microsecond apart.
func apart(lo, hi float64) (float64, float64) {
	if lo > hi {
		lo, hi = hi, lo
	}
	return lo, math.Max(hi, lo*1.01+1e-6)
}
