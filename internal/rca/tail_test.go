package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTail(t *testing.T) {
	// A log-normal of median 1 s and log deviation 0.5 is linear in the probit.
	logNormal := func(q float64) float64 { return 0.5 * probit(q) }
	logs := []float64{logNormal(0.50), logNormal(0.95), logNormal(0.99)}
	for _, c := range []struct {
		q, want float64
		near    int
	}{
		{0.50, 1, 0},
		{0.75, math.Exp(logNormal(0.75)), 0},
		{0.90, math.Exp(logNormal(0.90)), 1},
		{0.95, math.Exp(logNormal(0.95)), 1},
		{0.98, math.Exp(logNormal(0.98)), 2},
		{0.99, math.Exp(logNormal(0.99)), 2},
		{0.999, math.Exp(logNormal(0.99)), 2}, // clamped
		{0.10, 1, 0},                          // clamped
	} {
		tail := newTail(c.q)
		assert.InDelta(t, c.want, tail.seconds(logs), 1e-9, "q=%v", c.q)
		assert.Equal(t, c.near, tail.near, "q=%v", c.q)
	}
	above := newTail(0.999)
	above.offset = math.Log(2)
	assert.InDelta(t, 2*math.Exp(logNormal(0.99)), above.seconds(logs), 1e-9)
}
