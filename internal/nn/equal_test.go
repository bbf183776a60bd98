package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// epsilon is the distance from one to the next float32.
const epsilon = 1.0 / (1 << 23)

// sizes of rows: none, less than a register, whole ones, and tails beside them.
var sizes = []int{0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 64, 67, 128, 250}

// operands are rows of the same random numbers in both precisions.
type operands struct {
	single [][]float32
	double [][]float64
}

// kinds of numbers that an operand may be.
const (
	any0     = iota // N(0, 1), some of them far out
	positive        // in about (0.05, 20)
	gaps            // like any0, a fifth missing
)

func draws(n int, seed uint64, kinds ...int) operands {
	rng := rand.New(rand.NewPCG(seed, uint64(n)))
	var o operands
	for _, kind := range kinds {
		single, double := make([]float32, n), make([]float64, n)
		for i := range single {
			v := float32(rng.NormFloat64())
			switch kind {
			case positive:
				v = float32(math.Exp(float64(v)))
			case gaps:
				if rng.IntN(5) == 0 {
					v = float32(math.NaN())
				}
			default:
				if rng.IntN(10) == 0 {
					v *= 30
				}
			}
			single[i], double[i] = v, float64(v)
		}
		o.single, o.double = append(o.single, single), append(o.double, double)
	}
	return o
}

// near fails unless all operands are equal within tolerance times max(1, |want|), and
// missing where they are to be.
func (o *operands) near(t *testing.T, tolerance float64, what string) {
	t.Helper()
	for k := range o.single {
		for i, want := range o.double[k] {
			got := float64(o.single[k][i])
			if math.IsNaN(want) {
				require.True(t, math.IsNaN(got), "%s: operand %d, element %d", what, k, i)
				continue
			}
			require.InDelta(t, want, got, tolerance*max(1, math.Abs(want)), "%s: operand %d, element %d", what, k, i)
		}
	}
}

// Whatever computes float32, in assembly or not, equals the float64 reference. Each
// elementwise kernel is a handful of operations, rounded to half an epsilon each, of
// numbers whose intermediate results are some hundreds at most relative to the result:
// 100 epsilons bound them. Sums of n elements of size s are off by n s epsilon.
func TestElementwise_equalsTheReference(t *testing.T) {
	const tolerance = 100 * epsilon
	same := func(what string, n int, single float32, double float64) {
		t.Helper()
		require.InDelta(t, double, float64(single), float64(n+1)*epsilon*max(10, math.Abs(double)), what)
	}
	for _, n := range sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			seed := uint64(0)
			with := func(kinds ...int) operands {
				seed++
				return draws(n, seed, kinds...)
			}
			o := with(any0, gaps)
			Clamp(o.single[0], o.single[1], 1.5)
			Clamp(o.double[0], o.double[1], 1.5)
			o.near(t, 0, "clamp")

			o = with(any0, gaps)
			Known(o.single[0], o.single[1])
			Known(o.double[0], o.double[1])
			o.near(t, 0, "known")

			o = with(any0, gaps, any0)
			ClampRest(o.single[0], o.single[1], o.single[2], 4)
			ClampRest(o.double[0], o.double[1], o.double[2], 4)
			o.near(t, tolerance, "clamp rest")

			o = with(any0, any0, any0, gaps)
			AddInside(o.single[0], o.single[1], o.single[2], o.single[3], -2, 1)
			AddInside(o.double[0], o.double[1], o.double[2], o.double[3], -2, 1)
			o.near(t, tolerance, "add inside")

			o = with(any0, any0, any0)
			Add(o.single[0], o.single[1])
			Add(o.double[0], o.double[1])
			AddProduct(o.single[0], o.single[1], o.single[2], 0.5)
			AddProduct(o.double[0], o.double[1], o.double[2], 0.5)
			o.near(t, tolerance, "add")

			o = with(any0, any0, positive)
			same("dot", 1000*n, Dot(o.single[0], o.single[1]), Dot(o.double[0], o.double[1]))
			same("abs sum", 100*n, AbsSum(o.single[0]), AbsSum(o.double[0]))
			same("ratio", 1000*n, Ratio(o.single[0], o.single[1], o.single[2]), Ratio(o.double[0], o.double[1], o.double[2]))
			o.near(t, tolerance, "ratio")

			for _, limit := range []float64{4, math.Inf(1)} {
				o = with(any0, any0, gaps)
				single := Huber(o.single[0], o.single[1], o.single[2], float32(limit), 0.5)
				same("huber", 5000*n, single, Huber(o.double[0], o.double[1], o.double[2], limit, 0.5))
				o.near(t, tolerance, "huber")
			}

			o = with(any0, any0, any0)
			SoftplusForward(o.single[0], o.single[1], 1e-3)
			SoftplusForward(o.double[0], o.double[1], 1e-3)
			SoftplusBackward(o.single[2], o.single[1], o.single[2])
			SoftplusBackward(o.double[2], o.double[1], o.double[2])
			o.near(t, tolerance, "softplus")

			o = with(any0, any0, positive, any0)
			Sample(o.single[0], o.single[1], o.single[2], o.single[3])
			Sample(o.double[0], o.double[1], o.double[2], o.double[3])
			SampleBackward(o.single[1], o.single[2], o.single[0], o.single[3])
			SampleBackward(o.double[1], o.double[2], o.double[0], o.double[3])
			o.near(t, tolerance, "sample")

			o = with(positive, any0, positive, positive)
			ExpTerm(o.single[0], o.single[2], o.single[1], o.single[3], 0.7, -0.5, 0.25, 20)
			ExpTerm(o.double[0], o.double[2], o.double[1], o.double[3], 0.7, -0.5, 0.25, 20)
			AddLog(o.single[3], o.single[2], 5)
			AddLog(o.double[3], o.double[2], 5)
			o.near(t, tolerance, "exponential") // of at most 20, which is rounded to 16 epsilon
		})
	}
}

func TestKL_equalsTheReference(t *testing.T) {
	for _, n := range sizes {
		o := draws(n, 1, any0, positive, any0, positive)
		single, double := KL(o.single[0], o.single[1], o.single[2], o.single[3]), KL(o.double[0], o.double[1], o.double[2], o.double[3])
		assert.InEpsilon(t, 1+double, 1+float64(single), float64(n+50)*epsilon)
		d := draws(n, 2, any0, any0, any0, any0)
		// The gradients have cubes of 1/σ, up to 1e4 with distances up to 1e2: where large
		// ones cancel, what is left is off by that many epsilons.
		KLBackward(d.single[0], d.single[1], d.single[2], d.single[3], o.single[0], o.single[1], o.single[2], o.single[3], 1e-3)
		KLBackward(d.double[0], d.double[1], d.double[2], d.double[3], o.double[0], o.double[1], o.double[2], o.double[3], 1e-3)
		d.near(t, 1000*epsilon, "kl backward")
	}
}

// Shapes around the tiles of the kernels: rows 1 to 11, few and many inputs, columns
// with and without tails.
func eachShape(f func(o, i, n int)) {
	for o := 1; o <= 11; o++ {
		for _, i := range []int{0, 1, 2, 3, 4, 5, 7, 10} {
			for _, n := range []int{1, 5, 8, 16, 21, 32, 40, 75} {
				f(o, i, n)
			}
		}
	}
	f(33, 65, 100)
}

// Each element is a sum of i+1 (or n) products of N(0, 1), some of them 30 times as
// large: off by at most so many times 900 half epsilons, in practice by far less.
func TestDense_equalsTheReference(t *testing.T) {
	eachShape(func(o, i, n int) {
		what := fmt.Sprintf("%d outputs, %d inputs, %d columns", o, i, n)
		out, x, w, b := draws(o*n, 1, any0), draws(i*n, 2, any0), draws(o*i, 3, any0), draws(o, 4, any0)
		DenseForward(out.single[0], x.single[0], w.single[0], b.single[0])
		DenseForward(out.double[0], x.double[0], w.double[0], b.double[0])
		out.near(t, 50*epsilon*float64(i+1), what)
		DenseReLU(out.single[0], x.single[0], w.single[0], b.single[0])
		DenseReLU(out.double[0], x.double[0], w.double[0], b.double[0])
		out.near(t, 50*epsilon*float64(i+1), what)

		dout, dx, dw, db := draws(o*n, 5, any0), draws(i*n, 6, any0), draws(o*i, 7, any0), draws(o, 8, any0)
		DenseBackward(dx.single[0], dw.single[0], db.single[0], dout.single[0], x.single[0], w.single[0])
		DenseBackward(dx.double[0], dw.double[0], db.double[0], dout.double[0], x.double[0], w.double[0])
		for _, g := range []operands{dx, dw, db} {
			g.near(t, 50*epsilon*float64(o+n), what)
		}
		if i == 0 {
			return
		}
		first := i / 2 * n // of the inputs
		DenseReLUBackward(dx.single[0][:first], dw.single[0], db.single[0], dout.single[0], x.single[0], w.single[0])
		DenseReLUBackward(dx.double[0][:first], dw.double[0], db.double[0], dout.double[0], x.double[0], w.double[0])
		dx.near(t, 50*epsilon*float64(o+n), what)
		for k, v := range x.single[0][:first] {
			if v <= 0 {
				require.Zero(t, dx.single[0][k])
			}
		}
	})
}

// What is computed of a column is the same whatever its place and the number of the
// others, bit by bit.
func TestDense_columnsAreIndependent(t *testing.T) {
	const o, i, n = 7, 6, 45
	x, w, b := draws(i*n, 1, any0).single[0], draws(o*i, 2, any0).single[0], draws(o, 3, any0).single[0]
	all, one, in := make([]float32, o*n), make([]float32, o), make([]float32, i)
	DenseReLU(all, x, w, b)
	for c := range n {
		for k := range in {
			in[k] = x[k*n+c]
		}
		DenseReLU(one, in, w, b)
		for r, v := range one {
			require.Equal(t, v, all[r*n+c])
		}
	}
}

// NaN and infinity are not lost: training sees that it diverged.
func TestFloat32_notANumberStays(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, n := range []int{1, 8, 11} {
		bad := func(v float32) []float32 {
			s := make([]float32, n)
			Fill(s, 1)
			s[n-1] = v
			return s
		}
		lost := func(what string, v float32) {
			t.Helper()
			assert.True(t, v != v || v > math.MaxFloat32, "%s: %v", what, v)
		}
		dst := bad(0)
		for _, v := range []float32{nan, inf} {
			AddLog(dst, bad(v), 1)
			lost("log", dst[n-1])
			SoftplusForward(dst, bad(v), 0)
			lost("softplus", dst[n-1])
			lost("abs sum", AbsSum(bad(v)))
			lost("abs sum", AbsSum(bad(-v)))
			lost("huber", Huber(dst, bad(v), bad(0), 4, 1))
			lost("kl", KL(bad(v), bad(1), bad(0), bad(1)))
		}
		Clamp(dst, bad(nan), 1)
		lost("clamp", dst[n-1])
		ExpTerm(dst, bad(0), bad(nan), bad(0), 1, 0, 1, 60)
		lost("exp", dst[n-1])
		SoftplusBackward(dst, bad(nan), bad(1))
		lost("softplus backward", dst[n-1])
		DenseReLU(dst, bad(nan), []float32{1}, []float32{0})
		lost("relu", dst[n-1])
	}
}

// The functions over their whole range. One unit in the last place is epsilon times
// the value, at most; the polynomials are good to about two.
func TestFunctions_areExact(t *testing.T) {
	for x := float32(-86.5); x < 87; x += 0.37 {
		var sum, term, zero, y, l [8]float32
		Fill(y[:], x)
		ExpTerm(term[:], sum[:], zero[:], y[:], 1, 0, 1, 88)
		e := math.Exp(float64(x))
		assert.InEpsilon(t, e, float64(term[3]), 3*epsilon, "exp(%v)", x)
		AddLog(l[:], term[:], 1)
		assert.InDelta(t, math.Log(float64(term[3])), float64(l[3]), 2*epsilon*max(1, math.Abs(float64(x))), "log(%v)", term[3])
		SoftplusForward(l[:], y[:], 0)
		assert.InDelta(t, Softplus(float64(x)), float64(l[3]), 3*epsilon*max(1, float64(x)), "softplus(%v)", x)
	}
}

func TestAdam_equalsTheReference(t *testing.T) {
	for _, n := range sizes {
		p := draws(n, 1, any0)
		single, double := NewAdam[float32](n, 0.01), NewAdam[float64](n, 0.01)
		for step := range uint64(5) {
			g := draws(n, 2+step, any0)
			single.Step(p.single[0], g.single[0])
			double.Step(p.double[0], g.double[0])
		}
		p.near(t, 100*epsilon, "adam")
	}
}

// Both precisions make the same draws.
func TestNormals_equalTheReference(t *testing.T) {
	for _, n := range sizes {
		a, b := NewNoise(1, 2), NewNoise(1, 2)
		single, double := make([]float32, n), make([]float64, n)
		for range 3 { // the second begins where the first has ended
			Normals(single, &a)
			Normals(double, &b)
			for i, want := range double {
				require.InDelta(t, want, float64(single[i]), 10*epsilon, "element %d of %d", i, n)
			}
		}
		assert.Equal(t, a.state, b.state)
	}
}
