package rca

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// Four calls at once of which each takes 10 ms, and in a fifth of all cases 100 ms:
//
//	E[one] = 0.8 x 10 + 0.2 x 100 = 28,  E[max] = 0.8^4 x 10 + (1 - 0.8^4) x 100 = 63.1
//	e = 63.1 / (4 x 28) = 0.564
func TestUnequalCalls(t *testing.T) {
	client := new(sketch.Sketch)
	client.Add(int64(10*time.Millisecond), 80)
	client.Add(int64(100*time.Millisecond), 20)
	e := &window.Edge{Client: client}
	assert.InDelta(t, 0.564, unequalCalls(4, e), 0.02, "64 grains of a sketch")
	assert.InDelta(t, 1, unequalCalls(1, e), 0.05, "one alone")
	assert.Zero(t, unequalCalls(4, &window.Edge{}))
	assert.Zero(t, unequalCalls(4, nil))

	same := [feature.D]float64{0.01, 0.01, 0.01}
	assert.InDelta(t, 0.25, unequal(4, same), 1e-9, "four alike")
	assert.InDelta(t, 1, unequal(1, same), 0)
	assert.InDelta(t, 1, unequal(4, [feature.D]float64{}), 0, "not known")
}

func TestSiblings(t *testing.T) {
	for n, want := range map[float64]int{0.2: 1, 1: 1, 1.4: 1, 3.6: 4, 500: maxSiblings} {
		assert.Equal(t, want, siblings(n))
	}
}

// Four calls that are alike wait a quarter of their time, and those of which one is slow 0.56 of
// it, though they run at once as before: that is no lost parallelism. One after the other they
// wait for all of it, whatever they are.
func TestOverlapping(t *testing.T) {
	alike := shift{usual: [feature.D]float64{0.01, 0.01, 0.01}, now: [feature.D]float64{0.01, 0.1, 0.1}, known: true}
	client := new(sketch.Sketch)
	client.Add(int64(10*time.Millisecond), 80)
	client.Add(int64(100*time.Millisecond), 20)
	e := &window.Edge{Client: client}

	o := newOverlapping(4, alike, e, 0.56, 0.25)
	assert.InDelta(t, 0.73, o.asUsual, 0.02, "as they may be dealt out")
	assert.InDelta(t, 0.25, o.alike, 0.02, "with all of them fast again")
	o = newOverlapping(4, alike, e, 1, 0.25)
	assert.InDelta(t, 0.73, o.asUsual, 0.02, "less than one after the other")
	assert.InDelta(t, 1, o.alike, 0.02, "still one after the other")
	o = newOverlapping(4, alike, e, 1, 1)
	assert.InDelta(t, 1, o.asUsual, 0.02, "they always followed each other")
	o = newOverlapping(1, alike, e, 1, 1)
	assert.Equal(t, overlapping{1, 1}, o)
}

// Two calls at once are dealt out to three replicas in turn, of which one takes 400 ms and the
// others take 10 ms: two of three requests wait 400 ms for one of them, the third one 10 ms,
//
//	e = (2/3 x 400 + 1/3 x 10) / (2 x (1/3 x 400 + 2/3 x 10)) = 270 / 280 = 0.964
//
// more than the 0.82 of two that know nothing of each other. Calls that all take twice as long
// are as alike as before.
func TestDealtOut(t *testing.T) {
	client := new(sketch.Sketch)
	client.Add(int64(10*time.Millisecond), 200)
	client.Add(int64(400*time.Millisecond), 100)
	e := &window.Edge{Client: client}
	assert.InDelta(t, 0.82, unequalCalls(2, e), 0.02, "(5/9 x 400 + 4/9 x 10) / 280")
	assert.InDelta(t, 0.964, dealtOut(2, [feature.D]float64{}, e), 0.02)
	assert.InDelta(t, 1, dealtOut(1, [feature.D]float64{}, e), 0)
	assert.InDelta(t, 1, dealtOut(2, [feature.D]float64{}, nil), 0, "not known")

	usual := [feature.D]float64{0.01, 0.01, 0.01}
	o := newOverlapping(2, shift{usual: usual, now: [feature.D]float64{0.01, 0.4, 0.4}, known: true}, e, 0.964, 0.5)
	assert.InDelta(t, 0.964, o.asUsual, 0.02, "nothing follows another")
	assert.InDelta(t, 0.5, o.alike, 0.02, "and all of it is undone with the slow replica")

	slow := new(sketch.Sketch)
	slow.Add(int64(20*time.Millisecond), 300)
	o = newOverlapping(2, shift{usual: usual, now: [feature.D]float64{0.02, 0.02, 0.02}, known: true}, &window.Edge{Client: slow}, 1, 0.5)
	assert.InDelta(t, 0.5, o.asUsual, 0.02, "one after the other now")
}
