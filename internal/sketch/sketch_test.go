package sketch_test

import (
	"cmp"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/sketch"
)

// bound is the relative error promised, (b-1)/(b+1), with room for the rounding
// of a float64.
var bound = (math.Exp2(1.0/32)-1)/(math.Exp2(1.0/32)+1) + 1e-12

func of(values ...int64) *sketch.Sketch {
	s := new(sketch.Sketch)
	for _, v := range values {
		s.Add(v, 1)
	}
	return s
}

func TestSketch_emptyAndNil(t *testing.T) {
	for name, s := range map[string]*sketch.Sketch{"empty": {}, "nil": nil} {
		t.Run(name, func(t *testing.T) {
			assert.Zero(t, s.Count())
			assert.Zero(t, s.Sum())
			assert.Zero(t, s.Max())
			assert.True(t, math.IsNaN(s.Quantile(0.5)))
			assert.True(t, math.IsNaN(s.FractionAbove(1)))
			_, counts, zero := s.Buckets()
			assert.Empty(t, counts)
			assert.Zero(t, zero)
		})
	}
}

// The values are powers of two: each closes its bucket, (2^(k-1/32), 2^k].
//
//	value   1  4  16  16  64      weight 1 each
//	rank   .2 .4  .6  .8   1
func TestSketch_Quantile(t *testing.T) {
	s := of(16, 1, 64, 4, 16)
	tests := map[float64]float64{
		0: 1, 0.1: 1, 0.2: 1, 0.21: 4, 0.4: 4, 0.5: 16, 0.8: 16, 0.81: 64, 1: 64,
	}
	for q, want := range tests {
		assert.InEpsilon(t, want, s.Quantile(q), bound, "q = %v", q)
	}
	assert.Equal(t, 64.0, s.Quantile(1), "the largest value is known exactly")
}

func TestSketch_weightsCount(t *testing.T) {
	s := new(sketch.Sketch)
	s.Add(1000, 9)
	s.Add(8000, 1)
	assert.Equal(t, 10.0, s.Count())
	assert.Equal(t, 17000.0, s.Sum())
	assert.InEpsilon(t, 1000, s.Quantile(0.9), bound)
	assert.InEpsilon(t, 8000, s.Quantile(0.91), bound)
}

func TestSketch_zeroAndNegativeShareABucket(t *testing.T) {
	s := of(0, -5, math.MinInt64, 1024)
	offset, counts, zero := s.Buckets()
	assert.Equal(t, 3.0, zero)
	assert.Equal(t, 319, offset)
	assert.Equal(t, []float64{1}, counts)
	assert.Equal(t, 1024.0, s.Sum())
	assert.Zero(t, s.Quantile(0))
	assert.Zero(t, s.Quantile(0.75))
	assert.InEpsilon(t, 1024, s.Quantile(0.76), bound)
	assert.Equal(t, 0.25, s.FractionAbove(0))
	assert.Equal(t, 1.0, s.FractionAbove(-1))
}

// Bucket 31 is (2^(31/32), 2]; 2 closes it. Bucket 0 is (1, 2^(1/32)], and no
// integer lies in it.
func TestSketch_Buckets(t *testing.T) {
	offset, counts, _ := of(1, 2, 2, 4).Buckets()
	want := make([]float64, 65)
	want[0], want[32], want[64] = 1, 2, 1
	assert.Equal(t, -1, offset)
	assert.Equal(t, want, counts)
}

func TestSketch_FractionAbove(t *testing.T) {
	s := of(1<<10, 1<<20, 1<<20, 1<<30)
	tests := map[float64]float64{
		1:                           1,
		1<<10 + 1:                   0.75,
		1 << 15:                     0.75,
		1<<20 + 1:                   0.25,
		1 << 30:                     0,
		1 << 40:                     0,
		math.Inf(1):                 0,
		math.Inf(-1):                1,
		math.SmallestNonzeroFloat64: 1,
	}
	for ns, want := range tests {
		assert.InDelta(t, want, s.FractionAbove(ns), 1e-9, "above %v", ns)
	}
	assert.True(t, math.IsNaN(s.FractionAbove(math.NaN())))

	low, high := math.Exp2(20-1.0/32), math.Exp2(20)
	assert.InDelta(t, 0.25+0.5/2, s.FractionAbove((low+high)/2), 1e-9, "half of the bucket of two")
}

// The top bucket ends at the largest value, not at its boundary: an objective
// slightly above it is never called violated.
func TestSketch_FractionAboveEndsAtTheLargestValue(t *testing.T) {
	s := of(1_000_000, 1_001_000)
	assert.Zero(t, s.FractionAbove(1_001_000))
	assert.Positive(t, s.FractionAbove(1_000_999))
}

func TestSketch_extremes(t *testing.T) {
	s := of(1, math.MaxInt64, 1<<62+1)
	assert.InEpsilon(t, float64(math.MaxInt64), s.Quantile(0.9), bound)
	_, counts, _ := s.Buckets()
	assert.Len(t, counts, 2017)

	b, err := s.MarshalBinary()
	require.NoError(t, err)
	var r sketch.Sketch
	require.NoError(t, r.UnmarshalBinary(b))
	assert.Equal(t, *s, r)
}

func TestSketch_panicsOnMisuse(t *testing.T) {
	for _, w := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		assert.Panics(t, func() { new(sketch.Sketch).Add(1, w) }, w)
	}
	for _, q := range []float64{-0.1, 1.1, math.NaN()} {
		assert.Panics(t, func() { of(1).Quantile(q) }, q)
	}
}

func TestSketch_Merge(t *testing.T) {
	s := of(1, 1<<20)
	s.Merge(nil)
	s.Merge(new(sketch.Sketch))
	assert.Equal(t, of(1, 1<<20), s)
	s.Merge(s)
	assert.Equal(t, of(1, 1<<20, 1, 1<<20), s)
}

func TestSketch_doesNotAllocateInTheSteadyState(t *testing.T) {
	s, o := of(1000, 1_000_000_000), of(5000, 70_000_000)
	ns := int64(1000)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		s.Add(ns, 1)
		s.Merge(o)
		s.Quantile(0.99)
		s.FractionAbove(1e6)
		s.Buckets()
		ns += 9_000_000
	}))
}

func TestSketch_UnmarshalBinary_refuses(t *testing.T) {
	good, err := of(0, 5, 1000, 1000).MarshalBinary()
	require.NoError(t, err)
	s := of(42)
	for name, b := range map[string][]byte{
		"nothing":         nil,
		"another version": append([]byte{9}, good[1:]...),
		"cut":             good[:len(good)-1],
		"longer":          append(slices.Clone(good), 0),
		"a huge length":   append(slices.Clone(good[:len(good)-3]), 0xff, 0xff, 0x7f),
	} {
		require.Error(t, s.UnmarshalBinary(b), name)
		assert.Equal(t, of(42), s, name)
	}
}

// durations reads a fuzzer's bytes as durations and integer weights of which
// all sums are exact.
func durations(b []byte) (ns []int64, weights []float64) {
	for len(b) >= 9 {
		ns = append(ns, int64(binary.LittleEndian.Uint64(b))>>(b[8]%64))
		weights = append(weights, float64(1+b[8]/64))
		b = b[9:]
	}
	return ns, weights
}

func seeds(f *testing.F) {
	src := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 3, 40} {
		b := make([]byte, 9*n)
		for i := range b {
			b[i] = byte(src.Uint32())
		}
		f.Add(b, 0.5, 0.99)
	}
}

func FuzzSketch(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte, p, q float64) {
		ns, weights := durations(b)
		var all, left, right sketch.Sketch
		for i := range ns {
			all.Add(ns[i], weights[i])
			half := &left
			if i%2 == 1 {
				half = &right
			}
			half.Add(ns[i], weights[i])
		}

		lr, rl := new(sketch.Sketch), new(sketch.Sketch)
		lr.Merge(&left)
		lr.Merge(&right)
		rl.Merge(&right)
		rl.Merge(&left)
		sameBuckets(t, lr, rl)
		sameBuckets(t, lr, &all)

		enc, err := all.MarshalBinary()
		require.NoError(t, err)
		var dec sketch.Sketch
		require.NoError(t, dec.UnmarshalBinary(enc))
		require.Equal(t, all, dec)

		if len(ns) == 0 || !(p >= 0 && p <= 1 && q >= 0 && q <= 1) {
			return
		}
		p, q = min(p, q), max(p, q)
		require.LessOrEqual(t, all.Quantile(p), all.Quantile(q))
		for _, x := range []float64{p, q} {
			want, got := float64(exact(ns, weights, x)), all.Quantile(x)
			require.InDelta(t, want, got, want*bound, "quantile %v", x)
			require.LessOrEqual(t, got, all.Max())
		}
		a, z := all.Quantile(p), all.Quantile(q)
		require.GreaterOrEqual(t, all.FractionAbove(a), all.FractionAbove(z))
	})
}

// sameBuckets compares all but the sums of values, which may round differently
// in another order.
func sameBuckets(t *testing.T, a, b *sketch.Sketch) {
	t.Helper()
	ao, ac, az := a.Buckets()
	bo, bc, bz := b.Buckets()
	require.Equal(t, ao, bo)
	require.Equal(t, ac, bc)
	require.Equal(t, az, bz)
	require.Equal(t, a.Count(), b.Count())
	require.Equal(t, a.Max(), b.Max())
	require.InDelta(t, a.Sum(), b.Sum(), 1e-9*a.Sum())
}

// exact is the q-quantile by sorting.
func exact(ns []int64, weights []float64, q float64) int64 {
	order := make([]int, len(ns))
	total := 0.0
	for i := range order {
		order[i] = i
		total += weights[i]
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(ns[a], ns[b]) })
	seen := 0.0
	for _, i := range order {
		if seen += weights[i]; seen >= q*total {
			return max(0, ns[i])
		}
	}
	return max(0, ns[order[len(order)-1]])
}

func FuzzUnmarshalBinary(f *testing.F) {
	for _, s := range []*sketch.Sketch{{}, of(0), of(1, 1000, math.MaxInt64)} {
		b, _ := s.MarshalBinary()
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s sketch.Sketch
		if s.UnmarshalBinary(b) != nil {
			return
		}
		q := s.Quantile(0.5)
		require.True(t, s.Count() == 0 && math.IsNaN(q) || q >= 0 && q <= s.Max(), "median %v, max %v", q, s.Max())
		require.NotPanics(t, func() { s.Add(1e6, 1); s.FractionAbove(10) })
	})
}

func BenchmarkAdd(b *testing.B) {
	src := rand.New(rand.NewPCG(1, 2))
	ns := make([]int64, 1024)
	for i := range ns {
		ns[i] = int64(float64(20*time.Millisecond) * math.Exp(src.NormFloat64()))
	}
	var s sketch.Sketch
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		s.Add(ns[i&1023], 1)
		i++
	}
}

func BenchmarkQuantile(b *testing.B) {
	s := of(1000, 1_000_000, 1_000_000_000)
	for b.Loop() {
		s.Quantile(0.99)
	}
}

// What Buckets says is enough where weights are integers, and FromBuckets refuses what
// no sketch can hold.
func TestFromBuckets(t *testing.T) {
	for _, s := range []*sketch.Sketch{of(), of(0), of(1), of(0, 1, 2, 3, 1e6, 5e9), of(math.MaxInt64)} {
		require.True(t, s.Integers())
		offset, counts, zero := s.Buckets()
		again, err := sketch.FromBuckets(offset, counts, zero, s.Sum(), s.Max())
		require.NoError(t, err)
		assert.Equal(t, s.Count(), again.Count())
		before, err := s.MarshalBinary()
		require.NoError(t, err)
		after, err := again.MarshalBinary()
		require.NoError(t, err)
		assert.Equal(t, before, after)
	}
	var half sketch.Sketch
	half.Add(5, 0.5)
	half.Add(5, 1.5)
	assert.True(t, half.Integers(), "the weight of the bucket is 2")
	half.Add(7, 0.1)
	assert.False(t, half.Integers())

	// Buckets of no weight at either end say nothing.
	trimmed, err := sketch.FromBuckets(-40, append(make([]float64, 39), 1, 0, 0), 0, 1, 1)
	require.NoError(t, err)
	assert.Equal(t, of(1), trimmed)

	for name, build := range map[string]func() (*sketch.Sketch, error){
		"below":          func() (*sketch.Sketch, error) { return sketch.FromBuckets(-2, []float64{1}, 0, 1, 1) },
		"above":          func() (*sketch.Sketch, error) { return sketch.FromBuckets(63*32, []float64{1}, 0, 1, 1e18) },
		"far above":      func() (*sketch.Sketch, error) { return sketch.FromBuckets(math.MaxInt, []float64{1, 1}, 0, 1, 1) },
		"negative":       func() (*sketch.Sketch, error) { return sketch.FromBuckets(0, []float64{-1}, 0, 1, 2) },
		"no number":      func() (*sketch.Sketch, error) { return sketch.FromBuckets(0, []float64{math.NaN()}, 0, 1, 2) },
		"infinite sum":   func() (*sketch.Sketch, error) { return sketch.FromBuckets(0, []float64{1}, 0, math.Inf(1), 2) },
		"maximum":        func() (*sketch.Sketch, error) { return sketch.FromBuckets(0, []float64{1}, 0, 1, 1e9) },
		"no maximum":     func() (*sketch.Sketch, error) { return sketch.FromBuckets(0, []float64{1}, 0, 1, 0) },
		"nothing but it": func() (*sketch.Sketch, error) { return sketch.FromBuckets(0, nil, 1, 0, 5) },
	} {
		_, err := build()
		assert.Error(t, err, name)
	}
}
