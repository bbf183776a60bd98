package rca

import "math"

// calls are the calls of one RPC: how many of each kind per request, and how long
// one takes, in seconds.
type calls struct {
	n, each []float64
	// stages says that calls of one kind may run at once while kinds follow each
	// other, as where a request asks for something first and then fans out;
	// otherwise all calls may run at once.
	stages bool
}

// least is the shortest time in which a request can have made its calls, M: that
// of the longest single call or, in stages, of the longest of each kind. A call
// that few requests make counts by its share.
func (c calls) least() float64 {
	m := 0.0
	for i, l := range c.each {
		l *= math.Min(1, c.n[i])
		if c.stages {
			m += l
		} else {
			m = math.Max(m, l)
		}
	}
	return m
}

// inStages reports whether an overlap of log(U/S) that is usual fits kinds of
// calls that follow each other: the request waits at least for the longest of
// each, and yet less than for all.
func (c calls) inStages(overlap float64) bool {
	c.stages = true
	s, m := c.sum(), c.least()
	return m < stageTolerance*s && math.Exp(overlap)*s >= stageTolerance*m
}

// stageTolerance is how exactly means and medians of windows add up.
const stageTolerance = 0.95

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
// where M is the least that they take. lambda is 1 when calls follow each other and 0 when all run at once. Unlike
// the overlap U/S it belongs to how the caller works and not to how slow a callee
// is: one slow call of many parallel ones raises U/S, but not lambda.
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

// with returns the calls with call i taking l seconds.
func (c calls) with(i int, l float64) calls {
	each := append([]float64(nil), c.each...)
	each[i] = l
	return calls{n: c.n, each: each, stages: c.stages}
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
		m := math.Max(c.least(), l)
		if c.stages {
			m = c.least() + math.Min(1, c.n[i])*(math.Max(l, c.others(i))-c.each[i])
		}
		return m + lambda*(c.sum()-math.Min(1, c.n[i])*c.each[i]+l-m)
	}
	rise := func(c calls) float64 { return union(c, hi) - union(c, lo) }
	return (rise(a) + rise(b)) / 2 / (hi - lo)
}

// others is how long another call of kind i takes, 0 where a request makes but one.
func (c calls) others(i int) float64 {
	if c.n[i] <= 1 {
		return 0
	}
	return c.each[i]
}

// more is by how much U rises with the calls of kind i that there are more of
// now than usual, averaged over the latencies that calls have now and usually:
// what extra calls and slower calls do together they share. A kind of call that
// was never seen before has no usual latency and counts with the present one.
func more(now, usual calls, i int, lambda float64) float64 {
	rise := func(each []float64) float64 {
		n := append([]float64(nil), now.n...)
		n[i] = usual.n[i]
		return calls{n: now.n, each: each, stages: now.stages}.union(lambda) - calls{n: n, each: each, stages: now.stages}.union(lambda)
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
