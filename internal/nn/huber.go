package nn

import "math"

// Huber returns the sum of Huber's loss of predictions,
//
//	ρ(e) = e² up to |e| = limit, limit (2|e| - limit) beyond,  e = pred - target
//
// over the targets that are known (not NaN), and sets grad to slope ρ'(e), zero for the
// others. A limit of infinity makes squared errors. See Huber, "Robust Estimation of a
// Location Parameter" (1964); this is twice his function, so that it joins e².
func Huber[F Float](grad, pred, target []F, limit, slope F) F {
	sameLength(len(grad), len(pred), len(target))
	if vectorised[F](len(grad)) {
		return F(fast.huber(at(grad), at(pred), at(target), len(grad), float32(limit), float32(slope)))
	}
	var sum F
	for i, t := range target {
		if grad[i] = 0; t != t {
			continue
		}
		e := pred[i] - t
		size := F(math.Abs(float64(e)))
		inner := min(size, limit)
		sum += inner * (2*size - inner)
		grad[i] = 2 * slope * min(max(e, -limit), limit)
	}
	return sum
}
