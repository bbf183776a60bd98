package nn

import "unsafe"

// Float is what numbers the kernels compute with: float32 is fast, float64 is the
// reference.
type Float interface{ float32 | float64 }

// vectors are the kernels in assembly, nil where the processor has none.
type vectors struct {
	dense            func(out, x, w, b, mask *float32, rows, inner, n, rowStep, innerStep int, floor float32)
	weights          func(dw, dout, x *float32, outs, ins, n int)
	rowSums          func(sums, rows *float32, count, n int)
	clamp            func(dst, src *float32, n int, limit float32)
	clampRest        func(dst, a, b *float32, n int, limit float32)
	addInside        func(dst, src, in, known *float32, n int, scale, limit float32)
	add              func(dst, src *float32, n int)
	fill             func(dst *float32, n int, v float32)
	absSum           func(v *float32, n int) float32
	huber            func(grad, pred, target *float32, n int, limit, slope float32) float32
	softplus         func(dst, src *float32, n int, least float32)
	softplusBackward func(dst, src, dout *float32, n int)
	sample           func(z, mu, sigma, eps *float32, n int)
	sampleBackward   func(dmu, dsigma, dz, eps *float32, n int)
	kl               func(muQ, sigmaQ, muP, sigmaP *float32, n int) float32
	klBackward       func(dmuQ, dsigmaQ, dmuP, dsigmaP, muQ, sigmaQ, muP, sigmaP *float32, n int, scale float32)
	expTerm          func(term, sum, a, y *float32, n int, weight, shift, slope, most float32)
	addLog           func(dst, src *float32, n int, scale float32)
	ratio            func(dst, a, b *float32, n int) float32
	dot              func(a, b *float32, n int) float32
	addProduct       func(dst, a, b *float32, n int, scale float32)
	adam             func(params, m, v, grads *float32, n int, first, second, step, epsilon float32)
	noise            func(dst *float32, blocks int, state *[4][8]uint32)
	below            func(v *float32, n int, pivots *[6]float32, counts *[6]int32) int
	known            func(dst, src *float32, n int)
	gather           func(dst, src *float32, records *int, n, size int)
	ranked           func(v *float32, vectors, rank int) (value, next float32)
	between          func(dst, v *float32, n int, low, high float32) int
}

// fast is set once, by what the processor can do.
var fast = detect()

// vectorised reports whether n numbers are computed in assembly.
func vectorised[F Float](n int) bool {
	return fast != nil && n > 0 && unsafe.Sizeof(F(0)) == 4
}

// at is where numbers of a vectorised kernel lie.
func at[F Float](s []F) *float32 { return (*float32)(unsafe.Pointer(unsafe.SliceData(s))) }

// sameLength panics unless all lengths are n.
func sameLength(n int, lengths ...int) {
	for _, l := range lengths {
		if l != n {
			panic("nn: slices of different length")
		}
	}
}
