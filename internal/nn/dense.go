package nn

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"
)

// DenseForward computes the affine layer
//
//	out = W x + b
//
// for x [I x B], W [O x I], b [O], out [O x B]. O is len(b), which must be
// positive; the rest follows. I may be zero: then out is b in every column.
func DenseForward(out, x, w, b []float64) {
	o, i, n := denseShape(len(out), len(w), len(b))
	if len(x) != i*n {
		panic("nn: input of dense layer does not fit its weights")
	}
	for r, v := range b {
		fill(out[r*n:(r+1)*n], v)
	}
	if i > 0 && n > 0 {
		gemm(blas.NoTrans, blas.NoTrans, o, n, i, w, i, x, n, 1, out, n)
	}
}

// DenseBackward computes, of the layer of DenseForward and the gradient dout
// [O x B] of its output,
//
//	dx = Wᵀ dout,  dW += dout xᵀ,  db += Σ_B dout
//
// dx is overwritten. It may be shorter than x, a whole number of rows: then only
// the gradients of the first inputs are computed; nil is none at all.
func DenseBackward(dx, dw, db, dout, x, w []float64) {
	o, i, n := denseShape(len(dout), len(w), len(db))
	if len(x) != i*n || len(dw) != len(w) || len(dx) > len(x) || (n > 0 && len(dx)%n != 0) {
		panic("nn: gradients of dense layer do not fit")
	}
	for r := range db {
		db[r] += floats.Sum(dout[r*n : (r+1)*n])
	}
	if i == 0 || n == 0 {
		return
	}
	gemm(blas.NoTrans, blas.Trans, o, i, n, dout, n, x, n, 1, dw, i)
	if len(dx) > 0 {
		gemm(blas.Trans, blas.NoTrans, len(dx)/n, n, o, w, i, dout, n, 0, dx, n)
	}
}

// denseShape returns outputs, inputs and batch size of a layer.
func denseShape(lenOut, lenW, lenB int) (o, i, n int) {
	if lenB == 0 || lenOut%lenB != 0 || lenW%lenB != 0 {
		panic("nn: dense layer whose outputs, weights and biases do not fit")
	}
	return lenB, lenW / lenB, lenOut / lenB
}

// fill sets all of dst to v, by copies that double: memmove is vectorised, a loop
// is not.
func fill(dst []float64, v float64) {
	if len(dst) == 0 {
		return
	}
	dst[0] = v
	for n := 1; n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
}
