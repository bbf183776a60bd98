package simulate

import (
	"math"
	"time"
)

// stream is a source of random numbers that keeps no state: the number for a
// purpose is a hash of the stream and the purpose. What a request draws depends
// only on its place in the call tree, so that two runs in which events come in
// different order draw the same (common random numbers).
//
// The hash is the output function of SplitMix64: Steele, Lea and Flood, Fast
// Splittable Pseudorandom Number Generators (OOPSLA 2014), variant 13 of Stafford.
type stream uint64

// What numbers are drawn for. Children have numbers from forChild on.
const (
	forTraceHigh = iota
	forTraceLow
	forSpan
	forReplica
	forCPU
	forDisk
	forFailure
	forMade
	forHit
	forRefusal
	forRequest // the message, and the reply
	forReply
	forGap
	forWander
	forPause
	forSurge
	forEntry
	forConsumer
	forLoss  // and the following: one per time that the message was sent
	forChild = 64
)

// child returns the stream of what is at a position below s.
func (s stream) child(i uint64) stream { return stream(s.bits(forChild + i)) }

// bits returns 64 random bits.
func (s stream) bits(purpose uint64) uint64 {
	z := uint64(s) + (purpose+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// uniform returns a number in (0, 1), never one of its ends.
func (s stream) uniform(purpose uint64) float64 {
	return (float64(s.bits(purpose)>>12) + 0.5) * 0x1p-52
}

// normal returns a standard normal number, by inversion: F⁻¹(u) = √2 erf⁻¹(2u−1).
func (s stream) normal(purpose uint64) float64 {
	return math.Sqrt2 * math.Erfinv(2*s.uniform(purpose)-1)
}

// exponential returns an exponential number of mean 1, by inversion.
func (s stream) exponential(purpose uint64) float64 {
	return -math.Log(s.uniform(purpose))
}

// id returns a span's ID, which is not zero.
func (s stream) id() uint64 { return max(s.bits(forSpan), 1) }

// law is a Dist made ready for drawing, in nanoseconds.
type law struct {
	mean      float64
	mu, sigma float64 // of the logarithm, where sigma > 0
	exp       bool
}

// newLaw takes a Dist of seconds. Of a log-normal variable of mean m and
// coefficient of variation c, the logarithm has variance σ² = ln(1+c²) and mean
// ln m − σ²/2.
func newLaw(d Dist) law {
	l := law{mean: d.Mean * float64(time.Second)}
	switch {
	case d.Mean == 0 || d.CV == 0:
	case d.CV == Exponential:
		l.exp = true
	default:
		v := math.Log1p(d.CV * d.CV)
		l.sigma = math.Sqrt(v)
		l.mu = math.Log(l.mean) - v/2
	}
	return l
}

func (l *law) draw(s stream, purpose uint64) float64 {
	switch {
	case l.sigma > 0:
		return math.Exp(l.mu + l.sigma*s.normal(purpose))
	case l.exp:
		return l.mean * s.exponential(purpose)
	}
	return l.mean
}
