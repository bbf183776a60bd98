package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// What a further culprit must gain, and be blamed for, of an excess of a second.
func TestSearch_furtherCulprits(t *testing.T) {
	s := &search{total: 1, guide: map[int]float64{0: 0.65, 1: 0.25, 2: 0.1}}
	assert.InDelta(t, 0.05, need(0, 1), 1e-12, "the first")
	assert.InDelta(t, 0.20, need(1, 1), 1e-12, "the second")
	assert.InDelta(t, 0.20, need(2, 1), 1e-12, "the third")
	assert.True(t, s.seconded(1), "a quarter of all")
	assert.False(t, s.seconded(2), "a tenth")
	assert.False(t, s.seconded(7), "whom the robust scorer does not know")
	s.cfg.Without = Guide
	assert.True(t, s.seconded(7))
}
