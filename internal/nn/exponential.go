package nn

import "math"

// ExpTerm computes an addend of a sum of exponentials, and adds it:
//
//	term = weight exp(min(a + shift + slope y, most)),  sum += term
//
// most must be at most 88, beyond which float32 ends.
func ExpTerm[F Float](term, sum, a, y []F, weight, shift, slope, most F) {
	sameLength(len(term), len(sum), len(a), len(y))
	if vectorised[F](len(term)) {
		fast.expTerm(at(term), at(sum), at(a), at(y), len(term), float32(weight), float32(shift), float32(slope), float32(most))
		return
	}
	for i, v := range y {
		e := weight * F(math.Exp(float64(min(a[i]+shift+slope*v, most))))
		term[i] = e
		sum[i] += e
	}
}

// AddLog computes dst += scale log(src). src must be positive, and not denormal.
func AddLog[F Float](dst, src []F, scale F) {
	sameLength(len(dst), len(src))
	if vectorised[F](len(dst)) {
		fast.addLog(at(dst), at(src), len(dst), float32(scale))
		return
	}
	for i, v := range src {
		dst[i] += scale * F(math.Log(float64(v)))
	}
}
