package nn

import "math"

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

// SoftplusSlope returns Softplus and Sigmoid at x, from one exponential.
func SoftplusSlope(x float64) (value, slope float64) {
	e := math.Exp(-math.Abs(x))
	slope = 1 / (1 + e)
	if x < 0 {
		slope = e / (1 + e)
	}
	return max(x, 0) + math.Log1p(e), slope
}

// Sigmoid returns 1 / (1 + e⁻ˣ).
func Sigmoid(x float64) float64 {
	if x < 0 {
		e := math.Exp(x)
		return e / (1 + e)
	}
	return 1 / (1 + math.Exp(-x))
}

// SoftplusForward computes dst = least + log(1 + exp(src)). In assembly it is off by
// about 2e-7 in all, not in proportion: below least, digits are lost. dst may be src.
func SoftplusForward[F Float](dst, src []F, least F) {
	sameLength(len(dst), len(src))
	if vectorised[F](len(dst)) {
		fast.softplus(at(dst), at(src), len(dst), float32(least))
		return
	}
	for i, v := range src {
		dst[i] = F(Softplus(float64(v))) + least
	}
}

// SoftplusBackward computes dst = dout / (1 + exp(-src)), the gradient of
// SoftplusForward by src. dst may be dout.
func SoftplusBackward[F Float](dst, src, dout []F) {
	sameLength(len(dst), len(src), len(dout))
	if vectorised[F](len(dst)) {
		fast.softplusBackward(at(dst), at(src), at(dout), len(dst))
		return
	}
	for i, v := range src {
		dst[i] = dout[i] * F(Sigmoid(float64(v)))
	}
}
