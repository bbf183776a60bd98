package emit

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Thresholds of the specification's examples, and of shares with leading ones.
func TestSampler(t *testing.T) {
	for ratio, want := range map[float64]string{
		0: "", 1: "", 0.5: "ot=th:8", 0.25: "ot=th:c", 0.1: "ot=th:e666", 0.01: "ot=th:fd70a", 1.0 / 256: "ot=th:ff",
	} {
		assert.Equal(t, want, newSamplerText(ratio), "%g", ratio)
	}
	half := newSampler(0.5)
	trace := [16]byte{0: 1, 9: 0x80}
	assert.True(t, half.keeps(&trace), "at the threshold")
	trace[9] = 0x7f
	assert.False(t, half.keeps(&trace))
	trace[8] = 0xff
	assert.False(t, half.keeps(&trace), "the first nine bytes do not matter")
	all := newSampler(1)
	assert.True(t, all.keeps(&[16]byte{}))
}

func newSamplerText(ratio float64) string {
	s := newSampler(ratio)
	return s.tracestate
}

func TestMeter(t *testing.T) {
	m := newMeter(&Options{MetricNoise: 0.02, Seed: 1}, 1)
	exact := newMeter(&Options{MetricNoise: 0}, 1)
	last := 0.0
	for i := range 100 {
		m.begin()
		exact.begin()
		got := m.total(float64(i), 0)
		assert.GreaterOrEqual(t, got, last, "a counter never falls")
		last = got
		assert.Equal(t, float64(i), exact.total(float64(i), 0))
	}
	// 99 increases of 1, each with an error of 2 %: 0.2 in all; four times that.
	assert.InDelta(t, 99, last, 0.8)
	assert.NotEqual(t, 99.0, last)
	m.begin()
	assert.InDelta(t, 3, m.total(3, 5), 0.3, "anew after a restart")
}

func TestRate(t *testing.T) {
	var r rate
	_, ok := r.of(5, 10e9, 0)
	assert.False(t, ok, "the first")
	v, ok := r.of(7, 14e9, 0)
	assert.True(t, ok)
	assert.InDelta(t, 0.5, v, 1e-12)
	_, ok = r.of(1, 18e9, 16e9)
	assert.False(t, ok, "after a restart")
}
