package durations

import "math"

// level is where a mean usually is. It follows a lasting change, and no short one.
type level struct{ log float64 }

const (
	follows = 0.1  // share of the distance by which it follows
	atMost  = 0.02 // and at most that much a window
	near    = 0.4  // as logarithm
)

// near reports whether a mean is about where it usually is, and takes it in.
func (l *level) near(mean float64) bool {
	v := math.Log(mean)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return true
	}
	if l.log == 0 {
		l.log = v
		return true
	}
	d := v - l.log
	l.log += math.Max(-atMost, math.Min(atMost, follows*d))
	return math.Abs(d) < near
}
