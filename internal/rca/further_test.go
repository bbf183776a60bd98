package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What a further culprit must gain, and be blamed for, of an excess of a second over
// a usual tail of 100 ms.
func TestSearch_furtherCulprits(t *testing.T) {
	s := &search{usual: 0.1, total: 1, guide: map[int]float64{0: 0.80, 1: 0.12, 2: 0.05, 3: 0.03}}
	after := func(median float64, set ...int) found { return found{set: set, outcome: outcome{median: median}} }
	assert.InDelta(t, 0.05, s.need(after(1.1), 1), 1e-12, "the first")
	assert.InDelta(t, 0.10, s.need(after(0.5, 0), 1), 1e-12, "the second, of 400 ms that are left: a tenth of all")
	assert.InDelta(t, 0.03, s.need(after(0.16, 0), 1), 1e-12, "of 60 ms: half of them")
	assert.InDelta(t, 0.20, s.need(after(0.16, 0, 1), 1), 1e-12, "a third")

	assert.True(t, s.seconded([]int{0}, 1), "a tenth of all")
	assert.False(t, s.seconded([]int{0}, 2), "neither that nor most of the rest")
	s.guide = map[int]float64{0: 0.95, 2: 0.05}
	assert.True(t, s.seconded([]int{0}, 2), "all of the rest")
	assert.False(t, s.seconded([]int{0, 1}, 2), "which does not make a third")
	assert.False(t, s.seconded([]int{0}, 7), "whom the robust scorer does not know")
	s.cfg.Without = Guide
	assert.True(t, s.seconded([]int{0}, 7))
}
