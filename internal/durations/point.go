package durations

import "math"

// Point is one point of a histogram.
type Point struct {
	Stream uint64 // identity of the stream
	Time   int64  // ns since 1970
	Start  int64  // of the interval, of a running total of the total; 0 unknown
	Delta  bool
	Count  float64
	Sum    float64 // ns
	// Bounds end the buckets, ns, ascending; Counts are one more. They are the caller's.
	Bounds, Counts []float64
	// Of an exponential histogram, where Bounds is nil: bucket i of Counts holds
	// (base^(Offset+i), base^(Offset+i+1)] times Unit ns, base = 2^(2^-Scale).
	Exponential   bool
	Scale, Offset int
	Zero, Unit    float64
}

// valid reports whether a point can be: finite, positive, with bounds that rise.
func (p *Point) valid() bool {
	if !(p.Count >= 0 && p.Count < 1<<53) || !(p.Sum >= 0) || math.IsInf(p.Sum, 0) {
		return false
	}
	if p.Exponential {
		return p.Scale >= -10 && p.Scale <= 20 && p.Zero >= 0 && p.Unit > 0
	}
	if len(p.Counts) > 0 && len(p.Counts) != len(p.Bounds)+1 {
		return false
	}
	for i, b := range p.Bounds {
		if math.IsNaN(b) || math.IsInf(b, 0) || !(b > 0) || i > 0 && b <= p.Bounds[i-1] {
			return false
		}
	}
	return true
}

// cells adds the buckets of an exponential histogram to d, which is emptied first.
func (p *Point) cells(d *dist) {
	clear(d.w)
	if p.Zero > 0 {
		d.add(0, p.Zero)
	}
	width := math.Exp2(-float64(p.Scale)) * perOctave // of a bucket in cells
	shift := math.Log2(p.Unit) * perOctave
	for i, c := range p.Counts {
		if !(c > 0) {
			continue
		}
		low := shift + float64(p.Offset+i)*width
		first, last := clampCell(low), clampCell(low+width-1e-6)
		if last-first > 4*perOctave { // wider than anything that says where a duration lies
			first = max(first, last-4*perOctave)
		}
		if width <= 1 {
			first = clampCell(low + width/2)
			last = first
		}
		for k := first; k <= last; k++ {
			d.add(k, c/float64(last-first+1))
		}
	}
}

func clampCell(at float64) int { return int(math.Max(0, math.Min(lastCell, math.Floor(at)))) }
