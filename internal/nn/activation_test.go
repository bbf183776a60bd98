package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/floats"

	"github.com/sage-rca/sage/internal/nn"
)

func TestReLU_byHand(t *testing.T) {
	out := make([]float64, 4)
	nn.ReLU(out, []float64{-1, 0, 2, math.Copysign(0, -1)})
	assert.Equal(t, []float64{0, 0, 2, 0}, out)
	d := make([]float64, 4)
	nn.ReLUBackward(d, out, []float64{5, 6, -7, 8})
	assert.Equal(t, []float64{0, 0, -7, 0}, d)
	assert.False(t, math.Signbit(out[3]), "a negative zero would read as on in ReLUBackward")
}

func TestActivations_gradient(t *testing.T) {
	for name, a := range map[string]struct {
		forward  func(dst, src []float64)
		backward func(dst, out, dout []float64)
	}{
		"relu": {nn.ReLU, nn.ReLUBackward},
		"tanh": {nn.Tanh, nn.TanhBackward},
	} {
		t.Run(name, func(t *testing.T) {
			x, dout := normals(40, 1), normals(40, 2)
			out, dx := make([]float64, 40), make([]float64, 40)
			a.forward(out, x)
			a.backward(dx, out, dout)
			checkGradient(t, name, dx, func(x []float64) float64 {
				out := make([]float64, len(x))
				a.forward(out, x)
				return floats.Dot(out, dout)
			}, x)
			a.backward(dout, out, dout)
			assert.Equal(t, dx, dout, "in place")
		})
	}
}

func TestSoftplus(t *testing.T) {
	assert.InDelta(t, math.Ln2, nn.Softplus(0), 1e-15)
	assert.InDelta(t, 800, nn.Softplus(800), 0, "does not overflow")
	assert.InDelta(t, 0, nn.Softplus(-800), 0)
	for _, x := range []float64{-30, -5, -0.1, 0, 0.1, 5, 30} {
		assert.InEpsilon(t, fd.Derivative(nn.Softplus, x, &fd.Settings{Formula: fd.Central}), nn.Sigmoid(x), 1e-3, "%v", x)
		assert.InDelta(t, x, nn.SoftplusInverse(nn.Softplus(x)), 1e-9, "%v", x)
	}
	assert.InDelta(t, 1, nn.Sigmoid(3)+nn.Sigmoid(-3), 1e-15)
	assert.Panics(t, func() { nn.SoftplusInverse(0) })
	assert.Panics(t, func() { nn.SoftplusInverse(math.NaN()) })
}

func TestActivations_panicOnShapes(t *testing.T) {
	one, two := make([]float64, 1), make([]float64, 2)
	for name, call := range map[string]func(){
		"relu":           func() { nn.ReLU(one, two) },
		"relu backward":  func() { nn.ReLUBackward(two, one, two) },
		"relu backward2": func() { nn.ReLUBackward(two, two, one) },
		"tanh":           func() { nn.Tanh(two, one) },
		"tanh backward":  func() { nn.TanhBackward(two, one, two) },
	} {
		assert.Panics(t, call, name)
	}
}

func TestActivations_doNotAllocate(t *testing.T) {
	x, out := normals(100, 1), make([]float64, 100)
	doesNotAllocate(t, func() {
		nn.ReLU(out, x)
		nn.ReLUBackward(out, out, x)
		nn.Tanh(out, x)
		nn.TanhBackward(out, out, x)
	})
}
