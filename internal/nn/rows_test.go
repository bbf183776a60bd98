package nn_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/floats"

	"github.com/sage-rca/sage/internal/nn"
)

func TestSoftplus(t *testing.T) {
	assert.InDelta(t, math.Ln2, nn.Softplus(0), 1e-15)
	assert.InDelta(t, 800, nn.Softplus(800), 0, "does not overflow")
	assert.InDelta(t, 0, nn.Softplus(-800), 0)
	for _, x := range []float64{-30, -5, -0.1, 0, 0.1, 5, 30} {
		assert.InEpsilon(t, fd.Derivative(nn.Softplus, x, &fd.Settings{Formula: fd.Central}), nn.Sigmoid(x), 1e-3, "%v", x)
		assert.InDelta(t, x, nn.SoftplusInverse(nn.Softplus(x)), 1e-9, "%v", x)
	}
	for _, x := range []float64{-800, -3, 0, 0.1, 5, 800} {
		value, slope := nn.SoftplusSlope(x)
		assert.Equal(t, nn.Softplus(x), value, "%v", x)
		assert.Equal(t, nn.Sigmoid(x), slope, "%v", x)
	}
	assert.InDelta(t, 1, nn.Sigmoid(3)+nn.Sigmoid(-3), 1e-15)
	assert.Panics(t, func() { nn.SoftplusInverse(0) })
	assert.Panics(t, func() { nn.SoftplusInverse(math.NaN()) })
}

func TestSoftplusBackward_gradient(t *testing.T) {
	x, dout := normals(20, 1), normals(20, 2)
	got := make([]float64, 20)
	nn.SoftplusBackward(got, x, dout)
	checkGradient(t, "softplus", got, func(x []float64) float64 {
		out := make([]float64, 20)
		nn.SoftplusForward(out, x, 0.1)
		return floats.Dot(out, dout)
	}, x)
}

// By hand: inside the limit, at it, beyond it on both sides, missing.
func TestClamp_byHand(t *testing.T) {
	in := []float64{1, 2, 5, -5, math.NaN()}
	out := make([]float64, 5)
	nn.Clamp(out[:4], in[:4], 2)
	assert.Equal(t, []float64{1, 2, 2, -2}, out[:4])
	nn.ClampRest(out, in, []float64{0.5, -2, 0, -4, 1}, 2)
	assert.Equal(t, []float64{0.5, 2, 2, -1, 0}, out)
	d := []float64{10, 10, 10, 10, 10}
	nn.AddInside(d, []float64{1, 1, 1, 1, 1}, out, in, -1, 2)
	assert.Equal(t, []float64{9, 10, 10, 9, 10}, d)
}

func TestHuber_byHand(t *testing.T) {
	pred, target := []float64{3, -1, 10, -9, 7}, []float64{2, -1, 3, 1, math.NaN()}
	grad := make([]float64, 5)
	// Errors 1, 0, 7, -10; beyond 4 linear: 4 (14-4) and 4 (20-4).
	assert.Equal(t, 1.0+0+40+64, nn.Huber(grad, pred, target, 4, 0.5))
	assert.Equal(t, []float64{1, 0, 4, -4, 0}, grad)
	assert.Equal(t, 1.0+0+49+100, nn.Huber(grad, pred, target, math.Inf(1), 0.5))
	assert.Equal(t, []float64{1, 0, 7, -10, 0}, grad)
}

func TestHuber_gradient(t *testing.T) {
	target := normals(40, 1)
	pred := normals(40, 2)
	for i := range pred {
		pred[i] *= 3
	}
	got, scrap := make([]float64, 40), make([]float64, 40)
	nn.Huber(got, pred, target, 4, 1)
	checkGradient(t, "huber", got, func(p []float64) float64 { return nn.Huber(scrap, p, target, 4, 1) }, pred)
}

func TestExponentials_byHand(t *testing.T) {
	term, sum := make([]float64, 3), []float64{1, 1, 1}
	nn.ExpTerm(term, sum, []float64{0, 1, 90}, []float64{0, 2, 3}, 2, 0, -0.5, 3)
	assert.InDeltaSlice(t, []float64{2, 2, 2 * math.Exp(3)}, term, 1e-12)
	assert.InDeltaSlice(t, []float64{3, 3, 1 + 2*math.Exp(3)}, sum, 1e-12)
	dst := []float64{1, 1, 1}
	nn.AddLog(dst, []float64{1, math.E, math.E * math.E}, 10)
	assert.InDeltaSlice(t, []float64{1, 11, 21}, dst, 1e-12)
}

func TestRows_byHand(t *testing.T) {
	a, b := []float64{1, 2, -4}, []float64{2, 4, 8}
	assert.Equal(t, 2.0+8-32, nn.Dot(a, b))
	assert.Equal(t, 7.0, nn.AbsSum(a))
	dst := make([]float64, 3)
	assert.Equal(t, 0.5, nn.Ratio(dst, a, b))
	assert.Equal(t, []float64{0.5, 0.5, -0.5}, dst)
	nn.Add(dst, b)
	assert.Equal(t, []float64{2.5, 4.5, 7.5}, dst)
	nn.AddProduct(dst, a, b, 0.5)
	assert.Equal(t, []float64{3.5, 8.5, -8.5}, dst)
	nn.Fill(dst, 3)
	assert.Equal(t, []float64{3, 3, 3}, dst)
}

func TestRows_panicOnShapes(t *testing.T) {
	one, two := make([]float64, 1), make([]float64, 2)
	for name, call := range map[string]func(){
		"add":               func() { nn.Add(two, one) },
		"add product":       func() { nn.AddProduct(two, one, two, 1) },
		"dot":               func() { nn.Dot(two, one) },
		"ratio":             func() { nn.Ratio(two, two, one) },
		"clamp":             func() { nn.Clamp(two, one, 1) },
		"clamp rest":        func() { nn.ClampRest(two, two, one, 1) },
		"add inside":        func() { nn.AddInside(two, two, two, one, 1, 1) },
		"huber":             func() { nn.Huber(two, one, two, 1, 1) },
		"exp":               func() { nn.ExpTerm(two, two, one, two, 1, 1, 1, 1) },
		"log":               func() { nn.AddLog(two, one, 1) },
		"softplus":          func() { nn.SoftplusForward(two, one, 1) },
		"softplus backward": func() { nn.SoftplusBackward(two, two, one) },
	} {
		assert.Panics(t, call, name)
	}
}

func TestRows_doNotAllocate(t *testing.T) {
	const n = 37
	var v [4][]float32
	for i := range v {
		v[i] = make([]float32, n)
		nn.Fill(v[i], 1)
	}
	noise := new(nn.Noise)
	*noise = nn.NewNoise(1, 1)
	adam := nn.NewAdam[float32](n, 0.1)
	doesNotAllocate(t, func() {
		nn.Normals(v[0], noise)
		nn.Add(v[0], v[1])
		nn.AddProduct(v[0], v[1], v[2], 1)
		nn.Ratio(v[3], v[0], v[1])
		nn.Fill(v[3], nn.Dot(v[0], v[1])+nn.AbsSum(v[2]))
		nn.Clamp(v[0], v[1], 2)
		nn.ClampRest(v[0], v[1], v[2], 2)
		nn.AddInside(v[0], v[1], v[2], v[2], 1, 4)
		nn.Huber(v[0], v[1], v[2], 4, 1)
		nn.ExpTerm(v[0], v[1], v[2], v[2], 1, 1, 1, 1)
		nn.AddLog(v[0], v[1], 1)
		nn.SoftplusForward(v[0], v[2], 1)
		nn.SoftplusBackward(v[0], v[1], v[2])
		nn.Sample(v[0], v[1], v[2], v[3])
		nn.SampleBackward(v[0], v[1], v[2], v[3])
		nn.Fill(v[0], nn.KL(v[2], v[2], v[2], v[2]))
		nn.KLBackward(v[0], v[0], v[1], v[1], v[2], v[2], v[2], v[2], 1)
		adam.Step(v[0], v[2])
	})
}
