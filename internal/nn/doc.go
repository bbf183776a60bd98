// Package nn holds the numerical kernels of small neural networks: dense layers,
// activations, diagonal Gaussians and the Adam step, each with its derivative
// written out by hand.
//
// Conventions. Matrices are flat float64 slices, row-major. Activations are
// feature-major, [features x batch]: row f holds feature f of every window, so
// that each kernel runs over long contiguous rows. Destinations come first, as in
// gonum; sizes follow from the lengths of the slices. Gradients of parameters
// accumulate (+=), gradients of inputs are overwritten unless a comment says
// otherwise. Slices must not overlap unless a comment allows it.
//
// No kernel allocates. All of them panic where lengths do not fit together: that
// is a mistake of the program, never of its input.
//
// Products go through gonum's BLAS, always on the calling goroutine, so that equal
// inputs give equal bits.
package nn
