package gvae

import (
	"math/rand/v2"

	"github.com/sage-rca/sage/internal/nn"
)

// layer is a dense layer: where its weights [out x in] and biases [out] begin
// among the parameters.
type layer struct{ in, out, w, b int }

func (l layer) params(theta []float64) (w, b []float64) {
	return theta[l.w : l.w+l.out*l.in], theta[l.b : l.b+l.out]
}

// mlp is a perceptron: dense layers with a ReLU after each but the last.
type mlp struct {
	in     int
	layers []layer
}

// rows is the number of rows of activations, the outputs of all layers.
func (m mlp) rows() int {
	n := 0
	for _, l := range m.layers {
		n += l.out
	}
	return n
}

// draw draws the weights; those of the last layer are scaled, biases are zero.
func (m mlp) draw(theta []float64, last float64, src rand.Source) {
	for i, l := range m.layers {
		w, b := l.params(theta)
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

// forward computes the activations of all layers, [rows x n], for in [m.in x n],
// and returns the last layer's, which are the output.
func (m mlp) forward(theta, acts, in []float64, n int) []float64 {
	x := in[:m.in*n]
	at := 0
	for i, l := range m.layers {
		w, b := l.params(theta)
		out := acts[at : at+l.out*n]
		nn.DenseForward(out, x, w, b)
		if i < len(m.layers)-1 {
			nn.ReLU(out, out)
		}
		x, at = out, at+l.out*n
	}
	return x
}

// output returns what forward returned.
func (m mlp) output(acts []float64, n int) []float64 {
	return acts[(m.rows()-m.layers[len(m.layers)-1].out)*n : m.rows()*n]
}

// backward accumulates in grad the gradients of the parameters, given the
// gradient dout of the output, and overwrites din with those of the first
// len(din)/n inputs. The scratch slices hold the widest layer.
func (m mlp) backward(theta, grad, din, dout, acts, in []float64, n int, scratch *[2][]float64) {
	at := m.rows() * n
	d := dout
	for i := len(m.layers) - 1; i >= 0; i-- {
		l := m.layers[i]
		w, _ := l.params(theta)
		dw, db := l.params(grad)
		at -= l.out * n
		if i == 0 {
			nn.DenseBackward(din, dw, db, d, in[:m.in*n], w)
			return
		}
		x := acts[at-l.in*n : at]
		dx := scratch[i%2][:l.in*n]
		nn.DenseBackward(dx, dw, db, d, x, w)
		nn.ReLUBackward(dx, x, dx)
		d = dx
	}
}
