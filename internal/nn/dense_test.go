package nn_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"gonum.org/v1/gonum/floats"

	"github.com/sage-rca/sage/internal/nn"
)

func TestDenseForward_byHand(t *testing.T) {
	//                 window 0  1  2
	x := []float64{ //
		1, 2, 3, // feature 0
		0, 1, -1, // feature 1
	}
	w := []float64{
		2, 1, // output 0
		0, -3, // output 1
	}
	out := make([]float64, 6)
	nn.DenseForward(out, x, w, []float64{10, 20})
	assert.Equal(t, []float64{12, 15, 15, 20, 17, 23}, out)
}

func TestDenseReLU_byHand(t *testing.T) {
	x := []float64{1, 2, 3} // one feature, three windows
	out := make([]float64, 6)
	nn.DenseReLU(out, x, []float64{1, -1}, []float64{-2, 2})
	assert.Equal(t, []float64{0, 0, 1, 1, 0, 0}, out)

	// Behind it a layer 3 a - b, whose gradient stops where the rectifier did.
	dx, dw, db := make([]float64, 6), make([]float64, 2), make([]float64, 1)
	nn.DenseReLUBackward(dx, dw, db, []float64{1, 1, 2}, out, []float64{3, -1})
	assert.Equal(t, []float64{0, 0, 6, -1, 0, 0}, dx)
	assert.Equal(t, []float64{2, 1}, dw)
	assert.Equal(t, []float64{4}, db)
}

func TestDense_withoutInputsIsItsBias(t *testing.T) {
	out, db := make([]float64, 4), make([]float64, 2)
	nn.DenseForward(out, nil, nil, []float64{1, 2})
	assert.Equal(t, []float64{1, 1, 2, 2}, out)
	nn.DenseBackward(nil, nil, db, []float64{1, 2, 3, 4}, nil, nil)
	assert.Equal(t, []float64{3, 7}, db)
}

// Sizes on both sides of the tiles of the products.
var shapes = []struct{ o, i, n int }{{1, 1, 1}, {3, 2, 5}, {10, 7, 64}, {2, 3, 193}, {65, 4, 200}, {5, 130, 9}}

func TestDenseForward_equalsTheSum(t *testing.T) {
	for _, s := range shapes {
		x, w, b := normals(s.i*s.n, 1), normals(s.o*s.i, 2), normals(s.o, 3)
		out := make([]float64, s.o*s.n)
		nn.DenseForward(out, x, w, b)
		want := make([]float64, len(out))
		for o := range s.o {
			for n := range s.n {
				want[o*s.n+n] = b[o]
				for i := range s.i {
					want[o*s.n+n] += w[o*s.i+i] * x[i*s.n+n]
				}
			}
		}
		assert.InDeltaSlice(t, want, out, 1e-12, "%v", s)
	}
}

func TestDenseBackward_gradient(t *testing.T) {
	for _, s := range shapes {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			x, w, b := normals(s.i*s.n, 1), normals(s.o*s.i, 2), normals(s.o, 3)
			dout := normals(s.o*s.n, 4)
			loss := func(x, w, b []float64) float64 { // L = <dout, out>, so dL/dout = dout
				out := make([]float64, len(dout))
				nn.DenseForward(out, x, w, b)
				return floats.Dot(dout, out)
			}
			dx, dw, db := normals(len(x), 5), make([]float64, len(w)), make([]float64, len(b))
			nn.DenseBackward(dx, dw, db, dout, x, w)
			if len(w)*len(dout) > 20_000 { // the differences take too long; the law below covers them
				return
			}
			checkGradient(t, "dx", dx, func(x []float64) float64 { return loss(x, w, b) }, x)
			checkGradient(t, "dw", dw, func(w []float64) float64 { return loss(x, w, b) }, w)
			checkGradient(t, "db", db, func(b []float64) float64 { return loss(x, w, b) }, b)

			first := make([]float64, s.n)
			nn.DenseBackward(first, dw, db, dout, x, w)
			assert.InDeltaSlice(t, dx[:s.n], first, 1e-12, "the first input alone")
		})
	}
}

// The layer is linear in x: <dout, W u> = <Wᵀ dout, u> for every u, and
// <dout, U x> = <dout xᵀ, U> for every U.
func TestDenseBackward_isTheAdjoint(t *testing.T) {
	for _, s := range shapes {
		x, w, zero := normals(s.i*s.n, 1), normals(s.o*s.i, 2), make([]float64, s.o)
		dout, out := normals(s.o*s.n, 4), make([]float64, s.o*s.n)
		dx, dw, db := make([]float64, len(x)), make([]float64, len(w)), make([]float64, s.o)
		nn.DenseBackward(dx, dw, db, dout, x, w)
		u := normals(len(x), 6)
		nn.DenseForward(out, u, w, zero)
		assert.InDelta(t, floats.Dot(dout, out), floats.Dot(dx, u), 1e-8, "%v", s)
		v := normals(len(w), 7)
		nn.DenseForward(out, x, v, zero)
		assert.InDelta(t, floats.Dot(dout, out), floats.Dot(dw, v), 1e-8, "%v", s)
	}
}

func TestDenseBackward_accumulatesParameters(t *testing.T) {
	x, w, dout := normals(6, 1), normals(4, 2), normals(6, 3)
	dw, db := make([]float64, 4), make([]float64, 2)
	nn.DenseBackward(nil, dw, db, dout, x, w)
	onceW, onceB := slices.Clone(dw), slices.Clone(db)
	nn.DenseBackward(nil, dw, db, dout, x, w)
	floats.Scale(2, onceW)
	floats.Scale(2, onceB)
	assert.InDeltaSlice(t, onceW, dw, 1e-12)
	assert.InDeltaSlice(t, onceB, db, 1e-12)
}

func TestDense_panicsOnShapes(t *testing.T) {
	f := func(n int) []float64 { return make([]float64, n) }
	for name, call := range map[string]func(){
		"no outputs":       func() { nn.DenseForward[float64](nil, nil, nil, nil) },
		"outputs":          func() { nn.DenseForward(f(5), f(2), f(2), f(2)) },
		"weights":          func() { nn.DenseForward(f(4), f(2), f(3), f(2)) },
		"input":            func() { nn.DenseForward(f(4), f(3), f(2), f(2)) },
		"dw":               func() { nn.DenseBackward(nil, f(3), f(2), f(4), f(2), f(2)) },
		"dx of half a row": func() { nn.DenseBackward(f(1), f(2), f(2), f(4), f(2), f(2)) },
		"dx too long":      func() { nn.DenseBackward(f(4), f(2), f(2), f(4), f(2), f(2)) },
	} {
		assert.Panics(t, call, name)
	}
}

func TestDense_doesNotAllocate(t *testing.T) {
	denseDoesNotAllocate[float32](t)
	denseDoesNotAllocate[float64](t)
}

func denseDoesNotAllocate[F nn.Float](t *testing.T) {
	const o, i, n = 10, 12, 100
	x, w, b, out := make([]F, i*n), make([]F, o*i), make([]F, o), make([]F, o*n)
	dx, dw, db := make([]F, i*n), make([]F, o*i), make([]F, o)
	doesNotAllocate(t, func() {
		nn.DenseForward(out, x, w, b)
		nn.DenseReLU(out, x, w, b)
		nn.DenseBackward(dx, dw, db, out, x, w)
		nn.DenseReLUBackward(dx, dw, db, out, x, w)
	})
}
