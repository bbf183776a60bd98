package rca

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/sketch"
)

// waiting is one independent wait: its mean, and the shape of its quantiles.
type waiting struct {
	mean float64
	q    [feature.D]float64
}

func slowestOfAll(ws []waiting) float64 {
	return slowest(len(ws), func(i int) (float64, [feature.D]float64) { return ws[i].mean, ws[i].q })
}

func flat(v float64) waiting { return waiting{v, [feature.D]float64{v, v, v}} }

// rare takes half a second, and a hundredth of the times 10 s: its mean by quantiles is
//
//	0.725 x 0.5 + 0.245 x 0.5 + 0.03 x 10 = 0.785
//
// Of its 32 grains, at quantiles 1/64, 3/64 and so on, 30 lie below 0.95 and are 0.5.
// The two last, at 0.953125 and 0.984375, lie 0.078125 and 0.859375 of the way from
// 0.95 to 0.99:
//
//	0.5 + 0.078125 x 9.5 = 1.2421875,  0.5 + 0.859375 x 9.5 = 8.6640625
var (
	rare       = waiting{0.785, [feature.D]float64{0.5, 0.5, 10}}
	rareGrains = [...]float64{1.2421875, 8.6640625}
)

func TestSlowest(t *testing.T) {
	twice := waiting{2 * rare.mean, rare.q} // the same shape, twice as long
	for name, c := range map[string]struct {
		of   []waiting
		want float64
	}{
		"none":               {nil, 0},
		"one":                {[]waiting{flat(3)}, 3},
		"two constants":      {[]waiting{flat(1), flat(2)}, 2},
		"a mean of no shape": {[]waiting{{1, [feature.D]float64{}}, flat(2)}, 2},
		"no mean":            {[]waiting{{0, rare.q}, {math.NaN(), rare.q}, flat(2)}, 2},
		"no bounds": {
			[]waiting{{math.Inf(1), rare.q}, {1, [feature.D]float64{1, 1, math.Inf(1)}}, flat(2)}, 2,
		},
		"no mean alone":     {[]waiting{{math.NaN(), rare.q}}, 0},
		"less than no mean": {[]waiting{{-1, rare.q}}, 0},
		"no shape alone":    {[]waiting{{1, [feature.D]float64{}}}, 0},
		"no bounds alone":   {[]waiting{{1, [feature.D]float64{1, 1, math.Inf(1)}}}, 0},
		"one with a tail":   {[]waiting{rare}, (30*0.5 + rareGrains[0] + rareGrains[1]) / 32},
		"a tail above a constant": {
			[]waiting{flat(1), rare}, (30*1 + rareGrains[0] + rareGrains[1]) / 32,
		},
		"scaled by the mean": {
			[]waiting{flat(1.5), twice}, (30*1.5 + 2*rareGrains[0] + 2*rareGrains[1]) / 32,
		},
		// P(max <= w) of two: (30/32)^2 at 0.5, (31/32)^2 at 1.24, 1 at 8.66.
		"two tails": {
			[]waiting{rare, rare},
			(900*0.5 + (961-900)*rareGrains[0] + (1024-961)*rareGrains[1]) / 1024,
		},
	} {
		t.Run(name, func(t *testing.T) { assert.InDelta(t, c.want, slowestOfAll(c.of), 1e-12) })
	}
}

func TestBetween(t *testing.T) {
	q := [feature.D]float64{1, 2, 4}
	for p, want := range map[float64]float64{
		0: 1, 0.25: 1, 0.5: 1, 0.725: 1.5, 0.95: 2, 0.97: 3, 0.99: 4, 0.999: 4, 1: 4,
	} {
		assert.InDelta(t, want, between(q, p), 1e-12, "%v", p)
	}
}

// randomWaits draws one to three waits, some nearly constant and some with a tail of
// up to a hundred times the median.
func randomWaits(rng *rand.Rand) []waiting {
	ws := make([]waiting, 1+rng.IntN(3))
	for i := range ws {
		m := 0.01 + rng.Float64()
		q95 := m * math.Exp(2*rng.Float64())
		q := [feature.D]float64{m, q95, q95 * math.Exp(3*rng.Float64())}
		ws[i] = waiting{meanOf(q) * (0.5 + rng.Float64()), q}
	}
	return ws
}

// byPairs is E[max_i w_i] by looking at every combination of the grains.
func byPairs(ws []waiting) float64 {
	sum, n := 0.0, 0
	var next func(i int, most float64)
	next = func(i int, most float64) {
		if i == len(ws) {
			sum += most
			n++
			return
		}
		for k := range grains {
			next(i+1, max(most, ws[i].mean/meanOf(ws[i].q)*between(ws[i].q, (float64(k)+0.5)/grains)))
		}
	}
	next(0, 0)
	return sum / float64(n)
}

// The grains of one wait do not have quite the mean that its quantiles have. Where q95
// to q99 is steep they lie lower by 7.0e-4 of the step, which is at least 1/0.03 of
// the mean away from counting 2.4 %; where q50 to q95 is, they lie higher by 1.8e-4 of
// that step, which is 0.07 % of a mean of at least 0.275 of it.
const (
	grainsLow  = 1 - 0.024
	grainsHigh = 1 + 0.0007
)

func TestLaw_slowest(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 11))
		ws := randomWaits(rng)
		got := slowestOfAll(ws)
		most, sum := 0.0, 0.0
		for _, w := range ws {
			most, sum = max(most, w.mean), sum+w.mean
		}
		require.GreaterOrEqual(t, got, grainsLow*most, "seed %d: at least the longest", seed)
		require.LessOrEqual(t, got, grainsHigh*sum, "seed %d: at most one after the other", seed)
		require.InEpsilon(t, byPairs(ws), got, 1e-11, "seed %d: by all combinations", seed)

		turned := slices.Clone(ws)
		slices.Reverse(turned)
		require.InEpsilon(t, got, slowestOfAll(turned), 1e-11, "seed %d: in any order", seed)

		i := rng.IntN(len(ws))
		longer, scaled := slices.Clone(ws), slices.Clone(ws)
		longer[i].mean *= 1 + rng.Float64()
		for j := range scaled {
			scaled[j].mean *= 3
		}
		require.GreaterOrEqual(t, slowestOfAll(longer), got*(1-1e-11), "seed %d: a longer wait shortens nothing", seed)
		require.InEpsilon(t, 3*got, slowestOfAll(scaled), 1e-11, "seed %d: in any unit", seed)
		require.GreaterOrEqual(t, slowestOfAll(append(slices.Clone(ws), randomWaits(rng)...)), got*(1-1e-11), "seed %d: nor does one more", seed)
	}
}

func FuzzSlowest(f *testing.F) {
	f.Add(1.0, 1.0, 2.0, 3.0, 2.0, 0.5, 0.5, 10.0)
	f.Add(0.0, 0.0, 0.0, 0.0, 1e-300, 1e-300, 1.0, 1e300)
	f.Add(math.NaN(), 1.0, 1.0, 1.0, math.Inf(1), 1.0, math.Inf(1), 1.0)
	f.Fuzz(func(t *testing.T, m, a, b, c, n, x, y, z float64) {
		got := slowestOfAll([]waiting{{m, [feature.D]float64{a, b, c}}, {n, [feature.D]float64{x, y, z}}})
		usable := func(vs ...float64) bool {
			return !slices.ContainsFunc(vs, func(v float64) bool { return !(v >= 1e-9 && v <= 1e9) })
		}
		if usable(m, a, b, c, n, x, y, z) && a <= b && b <= c && x <= y && y <= z {
			require.GreaterOrEqual(t, got, grainsLow*max(m, n))
			require.LessOrEqual(t, got, grainsHigh*(m+n))
		}
	})
}

// twoCalls is a request that makes a call of 1 s and one of 0.5 s, each without any
// scatter, with everything now as it usually is.
func twoCalls(lambda float64) site {
	usual := calls{n: []float64{1, 1}, each: []float64{1, 0.5}, self: []float64{1, 1}}
	same := func(w waiting) shift { return shift{now: w.q, usual: w.q} }
	return site{
		now: usual, usual: usual, lambda: lambda, lambdaNow: lambda,
		latency: []shift{same(flat(1)), same(flat(0.5))}, mean: []float64{0, 0},
		perRequest: make([]level, 2), self: make([]level, 2),
	}
}

// sometimes makes the second call rare in the present window.
func (s site) sometimes() site {
	s.now.each = []float64{1, rare.mean}
	s.latency[1].now = rare.q
	return s
}

func TestSite_expected(t *testing.T) {
	tail := rareGrains[0] + rareGrains[1]
	m := (30*1 + tail) / 32 // slowest of 1 s and of rare: 1.247 s, where the longest mean is 1 s
	for name, c := range map[string]struct {
		site site
		want float64
	}{
		"as usual, at once":         {twoCalls(0), 1},
		"as usual, one by one":      {twoCalls(1), 1.5},
		"slow in some, at once":     {twoCalls(0).sometimes(), m},
		"slow in some, one by one":  {twoCalls(1).sometimes(), 1 + rare.mean},
		"slow in some, half-half":   {twoCalls(0.5).sometimes(), m + 0.5*(1+rare.mean-m)},
		"the mean of the window":    {withMean(twoCalls(1).sometimes(), 0.9), 1 + 0.9},
		"a mean below the quantile": {withMean(twoCalls(1).sometimes(), 0.7), 1 + 0.7},
		// The same shape with a mean of 1.5 s: its grains are 1.5/0.785 times as long, and
		// 30 of them shorter than 1 s (0.955 s).
		"the mean of the window, at once": {
			withMean(twoCalls(0).sometimes(), 1.5), max(1.5, (30*1+1.5/rare.mean*tail)/32),
		},
	} {
		t.Run(name, func(t *testing.T) { assert.InDelta(t, c.want, c.site.expected(), 1e-12) })
	}
	// What was usual already is in the lambda that was learned from it: U is as ever.
	same := twoCalls(0.2).sometimes()
	same.usual, same.latency[1].usual = same.now, rare.q
	got := same.expected()
	assert.InDelta(t, same.now.union(0.2), got, 1e-12)
}

// A request calls a and b at once, 40 ms each, and then c, 20 ms: U = 60 of 100 ms, so
// lambda = (60-40)/(100-40) = 1/3.
func TestSite_longest(t *testing.T) {
	stages := func(a, b, c float64) calls {
		return calls{n: []float64{1, 1, 1}, each: []float64{a, b, c}, self: []float64{1, 1, 1}}
	}
	s := site{usual: stages(0.040, 0.040, 0.020), lambda: 1.0 / 3}
	for name, c := range map[string]struct {
		now  calls
		want float64
	}{
		"as usual: a and c":              {s.usual, 0.060},
		"a slow":                         {stages(0.500, 0.040, 0.020), 0.520},
		"c slow":                         {stages(0.040, 0.040, 0.500), 0.540},
		"a and c slow: they add up":      {stages(0.500, 0.040, 0.500), 1.000},
		"a and b slow: they cannot both": {stages(0.500, 0.400, 0.020), 0.520},
		"all slow: a and c, or b and c":  {stages(0.500, 0.400, 0.500), 1.000},
		"no time at all":                 {stages(0, 0, 0), 0},
	} {
		t.Run(name, func(t *testing.T) { assert.InDelta(t, c.want, s.longest(c.now), 1e-12) })
	}
	// All at once: U is the longest, and no two of them ever follow each other.
	s.lambda = 0
	assert.InDelta(t, 0.500, s.longest(stages(0.500, 0.400, 0.300)), 1e-12)
}

// withMean tells the second call's mean in the window.
func withMean(s site, mean float64) site {
	s.mean = []float64{0, mean}
	return s
}

// A request that waits longer since one of its parallel calls is slow in some
// requests lost nothing of its parallelism; one that waits longer than that did.
func TestSite_dispersedCallsStayParallel(t *testing.T) {
	pool := func(s site, union float64) (out []part) {
		s.lambdaNow = s.now.sequential(math.Log(union / s.now.sum()))
		usual := s.usual.overlap(0)
		s.overlap = level{now: math.Log(union / s.now.sum()), usual: usual - 1, spread: 0.01, n: healthyRows} // it left its range
		for _, p := range s.parts(rpc{calls: make([]call, 2)}, newView(table{{}}, 0, 3.5), 1) {
			if p.mechanism == Pool {
				out = append(out, p)
			}
		}
		return out
	}
	s := twoCalls(0).sometimes()
	expected := s.expected() // 1.247 s
	assert.Empty(t, pool(s, expected), "as long as the slowest")
	assert.Empty(t, pool(s, 1.19*expected), "hardly longer")
	require.Len(t, pool(s, 1.25*expected), 1)
	assert.InDelta(t, 0.25*expected, pool(s, 1.25*expected)[0].excess, 1e-9)
}

// Of 100 calls 10 take 230 ms and the others 4 ms, beside calls of 35 ms each: the slowest takes
//
//	0.9 x 35 + 0.1 x 230 = 54.5 ms
//
// The feature quantiles (p50 4, p95 and p99 230 ms) know nothing of the 10, and put too much in between.
func TestSite_waiting(t *testing.T) {
	both, even := new(sketch.Sketch), new(sketch.Sketch)
	both.Add(4e6, 90)
	both.Add(230e6, 10)
	even.Add(35e6, 100)
	s := site{latency: []shift{{now: [feature.D]float64{0.004, 0.230, 0.230}}, {now: [feature.D]float64{0.035, 0.035, 0.035}}}, shapes: []*sketch.Sketch{both, even}}
	mean := []float64{0.9*0.004 + 0.1*0.230, 0.035}
	most := func() float64 { return slowestOf(2, func(i int) waitShape { return s.waiting(i, mean[i]) }) }
	assert.InDelta(t, 0.0545, most(), 0.003)
	s.shapes = nil
	assert.Less(t, most(), 0.048)
	s.shapes = []*sketch.Sketch{both, nil}
	assert.InDelta(t, 0.0545, most(), 0.003)
}
