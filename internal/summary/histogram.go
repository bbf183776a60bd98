package summary

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/sketch"
)

// maxCount is what a count may be: below it every integer is a double.
const maxCount = 1 << 53

// fill writes what k holds to p.
func fill(p pmetric.ExponentialHistogramDataPoint, k *sketch.Sketch) {
	offset, counts, zero := k.Buckets()
	p.SetScale(sketch.Scale)
	p.SetCount(rounded(k.Count()))
	p.SetSum(k.Sum())
	p.SetMax(k.Max())
	p.SetZeroCount(rounded(zero))
	p.Positive().SetOffset(int32(offset))
	buckets := p.Positive().BucketCounts()
	buckets.EnsureCapacity(len(counts))
	for _, c := range counts {
		buckets.Append(rounded(c))
	}
	if !k.Integers() {
		b, _ := k.MarshalBinary() // its error is always nil
		p.Attributes().PutEmptyBytes(attrSketch).FromRaw(b)
	}
}

// rounded is a weight as a count, for those who cannot do with weights.
func rounded(weight float64) uint64 { return uint64(math.Round(min(weight, maxCount))) }

// sketchOf is the inverse of fill. It reports false for what fill does not write.
func sketchOf(p pmetric.ExponentialHistogramDataPoint) (*sketch.Sketch, bool) {
	if v, ok := p.Attributes().Get(attrSketch); ok {
		k := new(sketch.Sketch)
		if v.Type() != pcommon.ValueTypeBytes || k.UnmarshalBinary(v.Bytes().AsRaw()) != nil {
			return nil, false
		}
		return k, k.Count() > 0 && k.Count() <= maxNumber && k.Sum() <= maxNumber
	}
	if p.Scale() != sketch.Scale || p.Negative().BucketCounts().Len() > 0 || p.ZeroCount() >= maxCount {
		return nil, false
	}
	buckets := p.Positive().BucketCounts()
	counts := make([]float64, 0, buckets.Len())
	for _, c := range buckets.All() {
		if c >= maxCount {
			return nil, false
		}
		counts = append(counts, float64(c))
	}
	k, err := sketch.FromBuckets(int(p.Positive().Offset()), counts, float64(p.ZeroCount()), p.Sum(), p.Max())
	if err != nil || k.Count() == 0 || k.Count() != float64(p.Count()) || k.Sum() > maxNumber {
		return nil, false
	}
	return k, true
}
