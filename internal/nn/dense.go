package nn

import "math"

// DenseForward computes the affine layer
//
//	out = W x + b
//
// for x [I x B], W [O x I], b [O], out [O x B]. O is len(b), which must be
// positive; the rest follows. I may be zero: then out is b in every column.
func DenseForward[F Float](out, x, w, b []F) { denseForward(out, x, w, b, F(math.Inf(-1))) }

// DenseReLU is DenseForward with a rectifier behind it: out = max(W x + b, 0). NaN
// stays NaN.
func DenseReLU[F Float](out, x, w, b []F) { denseForward(out, x, w, b, 0) }

func denseForward[F Float](out, x, w, b []F, floor F) {
	o, i, n := denseShape(len(out), len(w), len(b))
	if len(x) != i*n {
		panic("nn: input of dense layer does not fit its weights")
	}
	if i > 0 && vectorised[F](n) {
		fast.dense(at(out), at(x), at(w), at(b), nil, o, i, n, i, 1, float32(floor))
		return
	}
	product(out, x, w, b, nil, o, i, n, i, 1, floor)
}

// DenseBackward computes, of the layer of DenseForward and the gradient dout
// [O x B] of its output,
//
//	dx = Wᵀ dout,  dW += dout xᵀ,  db += Σ_B dout
//
// dx is overwritten. It may be shorter than x, a whole number of rows: then only
// the gradients of the first inputs are computed; nil is none at all.
func DenseBackward[F Float](dx, dw, db, dout, x, w []F) { denseBackward(dx, dw, db, dout, x, w, nil) }

// DenseReLUBackward is DenseBackward of a layer whose input x is the output of a
// rectifier: dx is the gradient of what went into that, zero where x is.
func DenseReLUBackward[F Float](dx, dw, db, dout, x, w []F) { denseBackward(dx, dw, db, dout, x, w, x) }

func denseBackward[F Float](dx, dw, db, dout, x, w, mask []F) {
	o, i, n := denseShape(len(dout), len(w), len(db))
	if len(x) != i*n || len(dw) != len(w) || len(dx) > len(x) || (n > 0 && len(dx)%n != 0) {
		panic("nn: gradients of dense layer do not fit")
	}
	if n == 0 {
		return
	}
	if !vectorised[F](n) {
		for r := range db {
			db[r] += sum(dout[r*n : (r+1)*n])
		}
		outerProduct(dw, dout, x, o, i, n)
		product(dx, dout, w, nil, mask, len(dx)/n, o, n, 1, i, F(math.Inf(-1)))
		return
	}
	fast.rowSums(at(db), at(dout), o, n)
	if i > 0 {
		fast.weights(at(dw), at(dout), at(x), o, i, n)
	}
	if len(dx) > 0 {
		fast.dense(at(dx), at(dout), at(w), nil, at(mask), len(dx)/n, o, n, 1, i, float32(math.Inf(-1)))
	}
}

// denseShape returns outputs, inputs and batch size of a layer.
func denseShape(lenOut, lenW, lenB int) (o, i, n int) {
	if lenB == 0 || lenOut%lenB != 0 || lenW%lenB != 0 {
		panic("nn: dense layer whose outputs, weights and biases do not fit")
	}
	return lenB, lenW / lenB, lenOut / lenB
}
