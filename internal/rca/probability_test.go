package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRobustProbability(t *testing.T) {
	assert.InDelta(t, 0.889, robustProbability(1, 1, 4), 1e-3, "three quantiles and a metric")
	assert.InDelta(t, 0.667, robustProbability(1, 1, 1), 1e-3, "a single sign")
	assert.InDelta(t, 0.5, robustProbability(0.75, 1, 1), 1e-9)
	assert.InDelta(t, 0.5, robustProbability(1, 0.5, 1), 1e-9)
	assert.InDelta(t, 0.01, robustProbability(0, 1, 4), 1e-9)
	assert.InDelta(t, 0.667, robustProbability(1, 7, 1), 1e-3, "more than all is all")
}

func TestCulpritProbability(t *testing.T) {
	with, without := []float64{1, 1, 3, 1}, []float64{5, 5, 5, 1} // threshold 2
	// Needed in two of four draws; removes 0.8 of the excess: (0.5 + 0.8) / 2.
	assert.InDelta(t, 0.65, culpritProbability(with, without, 2, 0.8, true), 1e-9)
	assert.InDelta(t, 0.52, culpritProbability(with, without, 2, 0.8, false), 1e-9)
	assert.InDelta(t, 0.99, culpritProbability([]float64{1}, []float64{5}, 2, 1, true), 1e-9)
	assert.InDelta(t, 0.01, culpritProbability(nil, nil, 2, 0, true), 1e-9)
}
