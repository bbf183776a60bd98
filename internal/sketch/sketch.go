// Package sketch summarises durations in mergeable histograms of bounded
// relative error.
//
// Bucket boundaries are those of the OTLP exponential histogram at scale 5:
// bucket i holds values in (b^i, b^(i+1)] with b = 2^(1/32), so that a quantile
// is off by at most (b-1)/(b+1), about 1.1 %, and a sketch converts to an OTLP
// data point without loss. Merging adds counts, so the order of merging does
// not matter.
package sketch

// Scale is the OTLP exponential histogram scale of every sketch.
const Scale = 5

// Sketch is a weighted histogram of durations in nanoseconds. The zero value is
// empty and ready to use. A Sketch is not safe for concurrent use.
type Sketch struct {
	offset int       // index of counts[0]
	counts []float64 // weight per bucket
	zero   float64   // weight of values <= 0
	total  float64
	sum    float64
	max    float64
}

// Add counts a duration of ns nanoseconds with a weight, which must be
// positive and finite.
func (s *Sketch) Add(ns int64, weight float64) { panic("not implemented") }

// Merge adds all of o to s. A nil o adds nothing.
func (s *Sketch) Merge(o *Sketch) { panic("not implemented") }

// Count returns the weight of all values.
func (s *Sketch) Count() float64 { panic("not implemented") }

// Sum returns the weighted sum of all values, in nanoseconds.
func (s *Sketch) Sum() float64 { panic("not implemented") }

// Quantile returns the q-quantile in nanoseconds, q in [0, 1], at most 1.1 %
// off, never above the largest value seen, and NaN where the sketch (or s) is
// empty or nil.
func (s *Sketch) Quantile(q float64) float64 { panic("not implemented") }

// FractionAbove returns the share of the weight that lies above ns
// nanoseconds, interpolating inside the bucket that holds ns; NaN where empty.
func (s *Sketch) FractionAbove(ns float64) float64 { panic("not implemented") }
