package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSeconds(t *testing.T) {
	for v, want := range map[float64]string{
		1.9: "1.9s", 2.3149: "2.31s", 0.11: "110ms", 0.0301: "30.1ms", 0.0009996: "1ms", 12e-6: "12µs",
		0: "0µs", 61.23: "61.2s", 0.99999: "1s", math.Inf(1): "?",
	} {
		assert.Equal(t, want, seconds(v))
	}
	assert.Equal(t, "?", seconds(math.NaN()))
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0.97: "0.97", 0.40512: "0.405", 412: "412", 123456: "123000", 8.5e8: "850000000", 3.2e12: "3.2e+12", 1e-5: "1e-05", -2.5: "-2.5",
	} {
		assert.Equal(t, want, number(v))
	}
}

func TestVersus(t *testing.T) {
	assert.Equal(t, "SQL SELECT p50 1.9s vs 110ms usual", versus("SQL SELECT", 0, 1.9, 0.11))
	assert.Equal(t, "SQL SELECT p99 1.9s, not seen before", versus("SQL SELECT", 2, 1.9, 0))
}
