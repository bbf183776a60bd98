package nn

import "math"

// Add computes dst += src.
func Add[F Float](dst, src []F) {
	sameLength(len(dst), len(src))
	if vectorised[F](len(dst)) {
		fast.add(at(dst), at(src), len(dst))
		return
	}
	for i, v := range src {
		dst[i] += v
	}
}

// AddProduct computes dst += scale a b, elementwise.
func AddProduct[F Float](dst, a, b []F, scale F) {
	sameLength(len(dst), len(a), len(b))
	if vectorised[F](len(dst)) {
		fast.addProduct(at(dst), at(a), at(b), len(dst), float32(scale))
		return
	}
	for i, v := range a {
		dst[i] += scale * (v * b[i])
	}
}

// Dot returns Σ a b.
func Dot[F Float](a, b []F) F {
	sameLength(len(a), len(b))
	if vectorised[F](len(a)) {
		return F(fast.dot(at(a), at(b), len(a)))
	}
	var p, q, r, s F // four sums, since each addition waits for the one before
	for len(a) >= 4 && len(b) >= 4 {
		p += a[0] * b[0]
		q += a[1] * b[1]
		r += a[2] * b[2]
		s += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		p += v * b[i]
	}
	return p + q + (r + s)
}

// sum returns Σ v.
func sum[F Float](v []F) F {
	var p, q, r, s F
	for ; len(v) >= 4; v = v[4:] {
		p += v[0]
		q += v[1]
		r += v[2]
		s += v[3]
	}
	for _, x := range v {
		p += x
	}
	return p + q + (r + s)
}

// Ratio computes dst = a / b, elementwise, and returns its sum.
func Ratio[F Float](dst, a, b []F) F {
	sameLength(len(dst), len(a), len(b))
	if vectorised[F](len(dst)) {
		return F(fast.ratio(at(dst), at(a), at(b), len(dst)))
	}
	var sum F
	for i, v := range a {
		dst[i] = v / b[i]
		sum += dst[i]
	}
	return sum
}

// AbsSum returns Σ |v|, which is not finite where one of v is not.
func AbsSum[F Float](v []F) F {
	if vectorised[F](len(v)) {
		return F(fast.absSum(at(v), len(v)))
	}
	var sum F
	for _, x := range v {
		sum += F(math.Abs(float64(x)))
	}
	return sum
}

// Fill sets all of dst to v; without assembly by copies that double: memmove is vectorised,
// a loop is not.
func Fill[F Float](dst []F, v F) {
	if len(dst) == 0 {
		return
	}
	if vectorised[F](len(dst)) {
		fast.fill(at(dst), len(dst), float32(v))
		return
	}
	dst[0] = v
	for n := 1; n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
}
