package rca

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// inSequence returns calls that do not overlap with others to the same callee.
func inSequence(n, each []float64) calls {
	return calls{n: n, each: each, self: slices.Repeat([]float64{1}, len(n))}
}

func TestCalls_union(t *testing.T) {
	for _, c := range []struct {
		name    string
		n, each []float64
		lambda  float64
		want    float64
	}{
		{"one call", []float64{1}, []float64{50}, 0.3, 50},
		{"three in sequence", []float64{1, 1, 1}, []float64{50, 50, 50}, 1, 150},
		{"three at once", []float64{1, 1, 1}, []float64{50, 50, 50}, 0, 50},
		{"one slow among three at once", []float64{1, 1, 1}, []float64{50, 350, 50}, 0, 350},
		{"a call of every tenth request", []float64{0.1}, []float64{50}, 0, 5},
		{"none", nil, nil, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := inSequence(c.n, c.each)
			assert.InDelta(t, c.want, s.union(c.lambda), 0.5)
		})
	}
}

// One slow call among parallel ones raises union/sum, though nothing changed in
// how the caller works: lambda must not move.
func TestCalls_lambdaIsOfTheCaller(t *testing.T) {
	before := inSequence([]float64{1, 1, 1}, []float64{50, 40, 30})
	after := before.with(0, 400)
	for _, lambda := range []float64{0, 0.2, 0.7, 1} {
		assert.InDelta(t, lambda, before.sequential(before.overlap(lambda)), 1e-9)
		assert.InDelta(t, lambda, after.sequential(after.overlap(lambda)), 1e-9)
	}
	assert.Greater(t, after.overlap(0), before.overlap(0)+0.5)
}

func TestCalls_sequentialWithoutData(t *testing.T) {
	assert.InDelta(t, 1, inSequence([]float64{1, 1}, []float64{1, 1}).sequential(math.NaN()), 0)
	assert.InDelta(t, 1, calls{}.sequential(0), 0)
	assert.InDelta(t, 0, inSequence([]float64{1, 1}, []float64{1, 1}).sequential(-5), 0, "clamped")
}

// The slopes of two calls share out what both together added: 320 -> 350 and
// 50 -> 350 at once add 300, whichever comes first.
func TestSlope_sharesParallelExcess(t *testing.T) {
	usual := inSequence([]float64{1, 1, 1}, []float64{50, 50, 40})
	now := inSequence(usual.n, []float64{350, 330, 40})
	a := slope(now, usual, 0, 50, 350, 0) * 300
	b := slope(now, usual, 1, 50, 330, 0) * 280
	assert.InDelta(t, 160, a, 0.5)
	assert.InDelta(t, 140, b, 0.5)
	assert.InDelta(t, 0, slope(now, usual, 2, 40, 40, 0), 1e-9, "off the critical path")

	// In sequence each counts fully, once per call.
	now.n, usual.n = []float64{4, 1, 1}, []float64{4, 1, 1}
	assert.InDelta(t, 4, slope(now, usual, 0, 50, 350, 1), 1e-9)
	assert.InDelta(t, 1, slopeOnce(now, usual, 0, 50, 350, 1), 1e-9, "a single slow call of four")
}

// From 1 call of 10 to 4 of 30: 110 more, of which the calls alone are 30 to 90
// and the latency alone 20 to 80.
func TestMore_sharesWithLatency(t *testing.T) {
	usual := inSequence([]float64{1}, []float64{10})
	now := inSequence([]float64{4}, []float64{30})
	assert.InDelta(t, 60, more(now, usual, 0, 1), 1e-9)
	assert.InDelta(t, 50, slope(now, usual, 0, 10, 30, 1)*20, 1e-9)
	usual.each[0] = 0
	assert.InDelta(t, 90, more(now, usual, 0, 1), 1e-9)
}

// A request asks customer (50), then driver (200), then route ten times (50 each),
// three at a time, as Jaeger's HotROD does. Whoever becomes slow, the others still
// follow each other, and the pool is to blame only where it is smaller.
func TestCalls_hotrod(t *testing.T) {
	usual := calls{n: []float64{1, 1, 10}, each: []float64{50, 200, 50}, self: []float64{1, 1, 0.35}}
	assert.InDelta(t, 50+200+175, usual.union(1), 1e-9)
	slow := usual.with(0, 500)
	assert.InDelta(t, 1, usual.sequential(0), 1e-9)
	assert.InDelta(t, 1, slow.sequential(0), 1e-9, "callees still follow each other")
	assert.InDelta(t, 1, slope(slow, usual, 0, 50, 500, 1), 1e-9)
	assert.InDelta(t, 0, closer(slow, usual.self[2], 2, 1), 1e-9)
	assert.InDelta(t, 3.5, slope(usual, usual, 2, 50, 60, 1), 1e-9, "ten calls, three at a time")

	serial := calls{n: usual.n, each: usual.each, self: []float64{1, 1, 1}}
	assert.InDelta(t, 325, closer(serial, usual.self[2], 2, 1), 1e-9, "one at a time")
}
