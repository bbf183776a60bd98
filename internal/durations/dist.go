package durations

import (
	"math"

	"github.com/sage-rca/sage/internal/sketch"
)

// cells of a dist are the buckets of a sketch: cell i holds (2^(i/perOctave), 2^((i+1)/perOctave)] ns.
const (
	perOctave = 1 << sketch.Scale
	lastCell  = 63*perOctave - 1
)

// cellOf returns the cell of a duration of ns > 0.
func cellOf(ns float64) int {
	if !(ns > 1) {
		return 0
	}
	return min(lastCell, int(math.Ceil(perOctave*math.Log2(ns)))-1)
}

// middles are what stands for the durations in a cell, in ns.
var middles = func() (m [lastCell + 1]float64) {
	for i := range m {
		m[i] = (math.Exp2(float64(i)/perOctave) + math.Exp2(float64(i+1)/perOctave)) / 2
	}
	return m
}()

// dist is a weighted distribution of durations over cells. Its zero value is empty.
type dist struct {
	low int // cell of w[0]
	w   []float64
}

// cover makes room for cells low to high.
func (d *dist) cover(low, high int) {
	if len(d.w) == 0 {
		d.low = low
	}
	low, high = min(low, d.low), max(high, d.low+len(d.w)-1)
	if high-low+1 == len(d.w) {
		return
	}
	w := make([]float64, high-low+1)
	copy(w[d.low-low:], d.w)
	d.low, d.w = low, w
}

func (d *dist) add(cell int, weight float64) {
	d.cover(cell, cell)
	d.w[cell-d.low] += weight
}

// addDist adds o, times factor.
func (d *dist) addDist(o dist, factor float64) {
	if len(o.w) == 0 || factor == 0 {
		return
	}
	d.cover(o.low, o.low+len(o.w)-1)
	for i, w := range o.w {
		d.w[o.low-d.low+i] += factor * w
	}
}

// addSketch adds a sketch, times factor; what it has of zeros lies in the lowest cell.
func (d *dist) addSketch(s *sketch.Sketch, factor float64) {
	offset, counts, zero := s.Buckets()
	if zero > 0 {
		d.add(0, factor*zero)
	}
	if len(counts) > 0 {
		low := max(0, offset)
		d.addDist(dist{low, counts[low-offset:]}, factor)
	}
}

// at returns the weight in a cell.
func (d dist) at(cell int) float64 {
	if i := cell - d.low; uint(i) < uint(len(d.w)) {
		return d.w[i]
	}
	return 0
}

func (d dist) total() (n float64) {
	for _, w := range d.w {
		n += w
	}
	return n
}

func (d dist) mean() float64 {
	n, sum := 0.0, 0.0
	for i, w := range d.w {
		n, sum = n+w, sum+w*middles[d.low+i]
	}
	return sum / n
}

// above returns the share that lies above ns.
func (d dist) above(ns float64) float64 {
	at, n, over := cellOf(ns), 0.0, 0.0
	for i, w := range d.w {
		n += w
		if d.low+i > at {
			over += w
		}
	}
	return over / n
}

// plus returns the distribution of sums of one duration of d and, of a share p, one of o, as if
// neither knew of the other. It looks at few points of each.
func (d dist) plus(o dist, p float64) dist {
	var out dist
	if len(d.w) == 0 {
		d = dist{0, []float64{1}}
	}
	n, m := d.total(), o.total()
	if !(n > 0) || !(m > 0) {
		return d
	}
	out.addDist(d, (1-p)/n)
	top := min(lastCell, max(d.low+len(d.w), o.low+len(o.w))+perOctave)
	out.cover(min(d.low, o.low), top)
	for i := 0; i < len(d.w); i += grains {
		w, at := d.grain(i)
		if w/n < 1e-4 {
			continue
		}
		for k := 0; k < len(o.w); k += grains {
			if v, to := o.grain(k); v/m > 1e-4 {
				out.add(cellOf(at+to), p*w/n*v/m)
			}
		}
	}
	return out
}

// grain returns the weight of a few cells and their mean.
func (d dist) grain(i int) (weight, mean float64) {
	for k := i; k < min(i+grains, len(d.w)); k++ {
		weight += d.w[k]
		mean += d.w[k] * middles[d.low+k]
	}
	return weight, mean / weight
}

// scale multiplies all weights.
func (d dist) scale(factor float64) {
	for i := range d.w {
		d.w[i] *= factor
	}
}

// stretched returns d with all durations times factor.
func (d dist) stretched(factor float64) dist {
	by := perOctave * math.Log2(factor)
	whole := math.Floor(by)
	part := by - whole
	var out dist
	clamp := func(i int) int { return max(0, min(lastCell, i)) }
	if len(d.w) > 0 {
		out.cover(clamp(d.low+int(whole)), clamp(d.low+len(d.w)+int(whole)))
	}
	for i, w := range d.w {
		if w > 0 {
			to := d.low + i + int(whole)
			out.add(clamp(to), w*(1-part))
			out.add(clamp(to+1), w*part)
		}
	}
	return out
}

// sketch returns d as a sketch of that many durations with that sum.
func (d dist) sketch(count, sum float64) *sketch.Sketch {
	n := d.total()
	if !(n > 0) || !(count > 0) {
		return &sketch.Sketch{}
	}
	w := make([]float64, len(d.w))
	last := 0
	for i, v := range d.w {
		if w[i] = v * count / n; v > 0 {
			last = d.low + i
		}
	}
	s, err := sketch.FromBuckets(d.low, w, 0, max(0, sum), middles[last])
	if err != nil {
		return &sketch.Sketch{}
	}
	return s
}
