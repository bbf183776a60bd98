package nn

// Clamp computes dst = min(max(src, -limit), limit). NaN stays NaN. dst may be src.
func Clamp[F Float](dst, src []F, limit F) {
	sameLength(len(dst), len(src))
	if vectorised[F](len(dst)) {
		fast.clamp(at(dst), at(src), len(dst), float32(limit))
		return
	}
	for i, v := range src {
		dst[i] = min(max(v, -limit), limit)
	}
}

// ClampRest computes dst = min(max(a - b, -limit), limit), and 0 where a is missing
// (NaN).
func ClampRest[F Float](dst, a, b []F, limit F) {
	sameLength(len(dst), len(a), len(b))
	if vectorised[F](len(dst)) {
		fast.clampRest(at(dst), at(a), at(b), len(dst), float32(limit))
		return
	}
	for i, v := range a {
		if dst[i] = 0; v == v {
			dst[i] = min(max(v-b[i], -limit), limit)
		}
	}
}

// Known computes dst = src, and 0 where that is missing (NaN).
func Known[F Float](dst, src []F) {
	sameLength(len(dst), len(src))
	if vectorised[F](len(dst)) {
		fast.known(at(dst), at(src), len(dst))
		return
	}
	for i, v := range src {
		if dst[i] = 0; v == v {
			dst[i] = v
		}
	}
}

// AddInside takes gradients back through a clamp to limit:
//
//	dst += scale src  where |in| < limit and known is not NaN
func AddInside[F Float](dst, src, in, known []F, scale, limit F) {
	sameLength(len(dst), len(src), len(in), len(known))
	if vectorised[F](len(dst)) {
		fast.addInside(at(dst), at(src), at(in), at(known), len(dst), float32(scale), float32(limit))
		return
	}
	for i, v := range src {
		if c := in[i]; c < limit && c > -limit && known[i] == known[i] {
			dst[i] += scale * v
		}
	}
}
