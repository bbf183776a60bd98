package foreign

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Two threads of 10 ms on one core: they take turns by slices of 4 ms. The first ends
// after 4+4+4+4+2 = 18 ms, the second after 20 ms.
func TestHost_sharesACoreBySlices(t *testing.T) {
	c := &clock{}
	h := &host{clock: c, cores: 1}
	var ends []int64
	for range 2 {
		h.add(0, 0).run(10e6, func() { ends = append(ends, c.now) })
	}
	c.until(1e9)
	assert.Equal(t, []int64{18e6, 20e6}, ends)
	assert.Equal(t, int64(20e6), h.cpuTime)
}

// A quota of half a core gives 50 ms in each period of 100 ms: 120 ms of work end in the
// third period, 20 ms after it began.
func TestGroup_isThrottledByItsQuota(t *testing.T) {
	c := &clock{}
	h := &host{clock: c, cores: 4}
	g := h.add(0.5, 0)
	var end int64
	g.run(120e6, func() { end = c.now })
	c.until(1e9)
	assert.Equal(t, int64(220e6), end)
	assert.Equal(t, int64(100e6), g.throttled, "50 ms twice")
}

// Who slept, or is new, does not make up for it: the two take turns from now on.
func TestHost_whoWakesHasNoCredit(t *testing.T) {
	c := &clock{}
	h := &host{clock: c, cores: 1}
	old := h.add(0, 0)
	old.run(1e9, func() {})
	c.until(2e9)
	var end int64
	old.run(4e6, func() { end = c.now })
	h.add(0, 0).run(1e9, func() {})
	old.run(4e6, func() { end = c.now })
	c.until(4e9)
	assert.LessOrEqual(t, end, int64(2e9+16e6))
}

// A frozen group finishes the slice that runs and waits for the rest.
func TestGroup_freezesAtTheEndOfASlice(t *testing.T) {
	c := &clock{}
	h := &host{clock: c, cores: 1}
	g := h.add(0, 0)
	var end int64
	g.run(8e6, func() { end = c.now })
	g.freeze(50e6)
	c.until(1e9)
	assert.Equal(t, int64(54e6), end, "4 ms ran, until 50 ms it was frozen, 4 ms were left")
}

func TestGate_letsInAsManyAsThereIsRoom(t *testing.T) {
	g := &gate{room: 2}
	in := 0
	for range 5 {
		g.enter(func() { in++ })
	}
	assert.Equal(t, 2, in)
	g.leave()
	assert.Equal(t, 3, in, "the next takes the place")
	g.widen(1)
	g.leave()
	assert.Equal(t, 3, in, "one too many is in")
	g.leave()
	assert.Equal(t, 4, in)
	g.widen(3)
	assert.Equal(t, 5, in)
}
