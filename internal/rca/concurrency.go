package rca

import "math"

// calls are the calls of one RPC, by callee.
type calls struct {
	n    []float64 // calls per request
	each []float64 // how long one takes, in seconds
	// self is the share of their time that the calls of a request to one callee
	// make it wait: 1 where they follow each other, less where they overlap.
	self []float64
}

// wait is how long a request waits for its calls to callee i alone, w_i = n_i
// self_i l_i; a request that makes a call waits at least for that one.
func (c calls) wait(i int) float64 {
	return c.each[i] * math.Max(c.n[i]*c.self[i], math.Min(1, c.n[i]))
}

// least is the shortest time in which a request can have made its calls, M: that
// of the callee that it waits for longest.
func (c calls) least() float64 {
	m := 0.0
	for i := range c.each {
		m = math.Max(m, c.wait(i))
	}
	return m
}

// sum is the time of the calls to all callees one after the other, S.
func (c calls) sum() float64 {
	s := 0.0
	for i := range c.each {
		s += c.wait(i)
	}
	return s
}

// union is the time that a request waits for its calls when callees are called
// one after the other for a share lambda of the time:
//
//	U = M + lambda (S - M)
//
// lambda is 1 when callees follow each other and 0 when all are called at once.
// Unlike the overlap U/S it belongs to how the caller works and not to how slow a
// callee is: one slow callee among parallel ones raises U/S, but not lambda.
// See docs/math.md, 13.
func (c calls) union(lambda float64) float64 {
	m := c.least()
	return m + lambda*(c.sum()-m)
}

// sequential returns the lambda that gives the observed overlap log(U/S), in
// [0, 1]; 1 where the calls do not tell.
func (c calls) sequential(overlap float64) float64 {
	s, m := c.sum(), c.least()
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

// with returns the calls with those to callee i taking l seconds.
func (c calls) with(i int, l float64) calls {
	return calls{n: c.n, each: replaced(c.each, i, l), self: c.self}
}

// replaced returns a copy of v with element i set to x.
func replaced(v []float64, i int, x float64) []float64 {
	out := append([]float64(nil), v...)
	out[i] = x
	return out
}

// slope is by how much U rises per second by which each call to callee i rises from
// lo to hi, averaged over the calls a and b that the others may be (before and
// after the fault: the Shapley value of i against the rest).
func slope(a, b calls, i int, lo, hi, lambda float64) float64 {
	lo, hi = apart(lo, hi)
	rise := func(c calls) float64 { return c.with(i, hi).union(lambda) - c.with(i, lo).union(lambda) }
	return (rise(a) + rise(b)) / 2 / (hi - lo)
}

// slopeOnce is the same where a single call to callee i takes hi instead of lo and
// the others stay.
func slopeOnce(a, b calls, i int, lo, hi, lambda float64) float64 {
	lo, hi = apart(lo, hi)
	union := func(c calls, l float64) float64 {
		w := c.wait(i) - math.Min(1, c.n[i])*c.each[i] + l
		m := math.Max(c.with(i, 0).least(), w)
		return m + lambda*(c.sum()-c.wait(i)+w-m)
	}
	rise := func(c calls) float64 { return union(c, hi) - union(c, lo) }
	return (rise(a) + rise(b)) / 2 / (hi - lo)
}

// more is by how much U rises with the calls to callee i that there are more of
// now than usual, averaged over the latencies that calls have now and usually:
// what extra calls and slower calls do together they share. A callee that was
// never called before has no usual latency and counts with the present one.
func more(now, usual calls, i int, lambda float64) float64 {
	rise := func(each []float64) float64 {
		before := calls{n: replaced(now.n, i, usual.n[i]), each: each, self: now.self}
		return calls{n: now.n, each: each, self: now.self}.union(lambda) - before.union(lambda)
	}
	if usual.each[i] <= 0 {
		return rise(now.each)
	}
	return (rise(now.each) + rise(usual.each)) / 2
}

// closer is by how much U rises because the calls to callee i overlap less now
// than as usual, when a request would wait for a share self of their time.
func closer(now calls, self float64, i int, lambda float64) float64 {
	before := calls{n: now.n, each: now.each, self: replaced(now.self, i, self)}
	return now.union(lambda) - before.union(lambda)
}

// apart orders lo and hi and keeps them at least a percent and a microsecond apart.
func apart(lo, hi float64) (float64, float64) {
	if lo > hi {
		lo, hi = hi, lo
	}
	return lo, math.Max(hi, lo*1.01+1e-6)
}
