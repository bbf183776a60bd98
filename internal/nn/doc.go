// Package nn holds the numerical kernels of small neural networks: dense layers,
// elementwise functions, diagonal Gaussians, normal draws and the Adam step, each with
// its derivative written out by hand; and kernels that count and pick numbers of a row.
//
// Conventions. Matrices are flat slices, row-major. Activations are feature-major,
// [features x batch]: row f holds feature f of every window, so that each kernel runs
// over long contiguous rows. Destinations come first, as in gonum; sizes follow from the
// lengths of the slices. Gradients of parameters accumulate (+=), gradients of inputs are
// overwritten unless a comment says otherwise. Slices must not overlap unless a comment
// allows it. A number that is missing is NaN.
//
// No kernel allocates, and none starts a goroutine. All of them panic where lengths do not
// fit together: that is a mistake of the program, never of its input.
//
// Kernels of networks are generic. With float64 one is a plain loop, the reference. With
// float32 it is assembly (kernels_amd64.s, written by the program in gen) on processors with
// AVX2, FMA and POPCNT, and the same loop elsewhere and with the build tag noasm. Both agree up to
// rounding, not bit by bit; on one machine equal inputs give equal bits.
//
// Below, Between and Ranked, from which order statistics are found, are for float32 alone and
// exact either way.
package nn
