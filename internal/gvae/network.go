package gvae

import (
	"math/rand/v2"

	"github.com/sage-rca/sage/internal/nn"
)

// layer is a dense layer: where its weights [out x in] and biases [out] begin
// among the parameters.
type layer struct{ in, out, w, b int }

// params returns the weights and biases of a layer.
func params[F nn.Float](l layer, theta []F) (w, b []F) {
	return theta[l.w : l.w+l.out*l.in], theta[l.b : l.b+l.out]
}

// mlp is a perceptron: dense layers with a ReLU after each but the last.
type mlp struct {
	in     int
	layers []layer
}

// hidden is the number of rows of activations, the outputs of all layers but the
// last.
func (m mlp) hidden() int {
	n := 0
	for i := range len(m.layers) - 1 {
		n += m.layers[i].out
	}
	return n
}

// out is the number of rows of the output.
func (m mlp) out() int {
	if len(m.layers) == 0 {
		return 0
	}
	return m.layers[len(m.layers)-1].out
}

// draw draws the weights; those of the last layer are scaled, biases are zero.
func (m mlp) draw(theta []float32, last float32, src rand.Source) {
	for i, l := range m.layers {
		w, b := params(l, theta)
		clear(b)
		if i < len(m.layers)-1 {
			nn.He(w, l.in, src)
			continue
		}
		nn.Xavier(w, l.in, l.out, src)
		for j := range w {
			w[j] *= last
		}
	}
}

// activate computes the activations of the hidden layers, [hidden x n], for in
// [m.in x n], and returns those that the last layer sees.
func activate[F nn.Float](m mlp, theta, acts, in []F, n int) []F {
	x := in[:m.in*n]
	at := 0
	for _, l := range m.layers[:len(m.layers)-1] {
		w, b := params(l, theta)
		next := acts[at : at+l.out*n]
		nn.DenseReLU(next, x, w, b)
		x, at = next, at+l.out*n
	}
	return x
}

// forward computes the output out [m.out x n] for in [m.in x n]; acts is scratch, see
// activate.
func forward[F nn.Float](m mlp, theta, out, acts, in []F, n int) {
	w, b := params(m.layers[len(m.layers)-1], theta)
	nn.DenseForward(out[:m.out()*n], activate(m, theta, acts, in, n), w, b)
}

// backward accumulates in grad the gradients of the parameters, given the
// gradient dout of the output and what activate has left in acts, and overwrites din
// with those of the first len(din)/n inputs. The scratch slices hold the widest layer.
func backward[F nn.Float](m mlp, theta, grad, din, dout, acts, in []F, n int, scratch *[2][]F) {
	at := m.hidden() * n
	d := dout
	for i := len(m.layers) - 1; i >= 0; i-- {
		l := m.layers[i]
		w, _ := params(l, theta)
		dw, db := params(l, grad)
		if i == 0 {
			nn.DenseBackward(din, dw, db, d, in[:m.in*n], w)
			return
		}
		x := acts[at-l.in*n : at]
		at -= l.in * n
		dx := scratch[i%2][:l.in*n]
		nn.DenseReLUBackward(dx, dw, db, d, x, w)
		d = dx
	}
}
