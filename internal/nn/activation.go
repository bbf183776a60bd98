package nn

import "math"

// ReLU computes dst = max(0, src). dst may be src. NaN stays NaN.
func ReLU(dst, src []float64) {
	sameLength(len(dst), len(src))
	for i, v := range src {
		dst[i] = max(v, 0)
	}
}

// ReLUBackward computes dst = dout where out > 0, else 0, from the output of
// ReLU. dst may be dout.
func ReLUBackward(dst, out, dout []float64) {
	sameLength(len(dst), len(out))
	sameLength(len(dst), len(dout))
	out, dout = out[:len(dst)], dout[:len(dst)]
	for i := range dst {
		// The sign is a coin toss, which a branch would pay for: out is never
		// negative, so its bits are a positive integer or zero.
		mask := uint64(-int64(math.Float64bits(out[i])) >> 63)
		dst[i] = math.Float64frombits(math.Float64bits(dout[i]) & mask)
	}
}

// Tanh computes dst = tanh(src). dst may be src.
func Tanh(dst, src []float64) {
	sameLength(len(dst), len(src))
	for i, v := range src {
		dst[i] = math.Tanh(v)
	}
}

// TanhBackward computes dst = dout (1 - out²) from the output of Tanh. dst may be
// dout.
func TanhBackward(dst, out, dout []float64) {
	sameLength(len(dst), len(out))
	sameLength(len(dst), len(dout))
	for i, v := range out {
		dst[i] = dout[i] * (1 - v*v)
	}
}

// Softplus returns log(1 + eˣ), which is positive and smooth; its derivative is
// Sigmoid.
func Softplus(x float64) float64 {
	if x > 0 {
		return x + math.Log1p(math.Exp(-x))
	}
	return math.Log1p(math.Exp(x))
}

// SoftplusInverse returns the x with Softplus(x) = y. It panics unless y is
// positive.
func SoftplusInverse(y float64) float64 {
	if !(y > 0) {
		panic("nn: softplus has no value that is not positive")
	}
	return y + math.Log(-math.Expm1(-y))
}

// Sigmoid returns 1 / (1 + e⁻ˣ).
func Sigmoid(x float64) float64 {
	if x < 0 {
		e := math.Exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-x))
}

func sameLength(a, b int) {
	if a != b {
		panic("nn: slices of different length")
	}
}
