package engine

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// From level 0 to level 1 with s = 0.1: a value in between that is nearer to 1 belongs to
// it. Each z of a plain value is 0 for its own level and 10 for the other one, which costs
// 3 (10 - 1.5) = 25.5: one such window makes the other k 1e-11 times as likely.
func TestChangePoint(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name          string
		x             []float64
		from, to      int
		at, low, high int
	}{
		{"a step at the first violated window", []float64{0, 0, 0, 0, 1, 1}, 2, 4, 4, 4, 4},
		{"a step before it", []float64{0, 0, 0, 1, 1, 1}, 2, 5, 3, 3, 3},
		{"a creep that is nearer to the new level", []float64{0, 0, 0, 0.7, 0.8, 1}, 2, 5, 3, 3, 3},
		{"a creep that is nearer to the old one", []float64{0, 0, 0, 0.2, 0.3, 1}, 2, 5, 5, 5, 5},
		// The value lies in the middle: z is 5 for both, and either k is as likely.
		{"in the middle it may be either", []float64{0, 0, 0, 0.5, 1, 1}, 2, 4, 4, 3, 4},
		{"what is missing says nothing", []float64{0, 0, 0, nan, 1, 1}, 2, 4, 4, 3, 4},
		{"one outlier before is none", []float64{0, 0, 1, 0, 0, 1, 1}, 1, 5, 5, 5, 5},
	} {
		at, low, high := changePoint(c.x, 0, 1, 0.1, c.from, c.to)
		assert.Equal(t, [3]int{c.at, c.low, c.high}, [3]int{at, low, high}, c.name)
	}
}

func TestCenter(t *testing.T) {
	m, s := center([]float64{4, 1, 3, 2, 100})
	assert.InDelta(t, 3, m, 0)
	assert.InDelta(t, 1.4826, s, 1e-12, "deviations are 0, 1, 1, 2, 97")
}
