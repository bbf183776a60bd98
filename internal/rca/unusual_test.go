package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
)

// An entry that is slower than usual, and often is, is not said to be no slower.
func TestDiagnose_withinItsRange(t *testing.T) {
	in, rec := incident(chain(), func(*world) {})
	for row := range rec {
		for d := range feature.D { // half of the windows are e^0.6 = 1.8 times as slow as the others
			rec[row][entryKey(op("front"), d)] += 0.6 * float64(row%2)
		}
	}
	slower := func(by float64) string {
		for d := range feature.D {
			rec[healthyRows][entryKey(op("front"), d)] = rec[0][entryKey(op("front"), d)] + by
		}
		return diagnose(in, Config{}.withDefaults(), rec, nil).Reason
	}
	assert.Equal(t, reasonNotSlower, slower(0))
	assert.Regexp(t, `^the entry is not clearly slower than it often is, up to [0-9.]+m?s$`, slower(math.Log(2.2)))
	assert.NotContains(t, slower(math.Log(20)), "slower")
}

// 59.6 ms e^(2 x 0.45) = 147 ms.
func TestWithin(t *testing.T) {
	d := &diagnosis{factual: 0.133, usual: 0.0596, spread: 0.45}
	assert.Equal(t, "the entry is not clearly slower than it often is, up to 147ms", d.within(reasonNotSlower))
	assert.Equal(t, reasonUnexplained, d.within(reasonUnexplained))
	d.factual = 0.07 // 1.17 times the usual
	assert.Equal(t, reasonNotSlower, d.within(reasonNotSlower))
}
