package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// clamps emits what the limits of networks' inputs need.
func clamps() {
	function("clampAVX2", "func(dst, src *float32, n int, limit float32)",
		"clampAVX2 computes dst = min(max(src, -limit), limit).")
	high := broadcast("limit")
	low := sub(zero(), high)
	each([]string{"dst", "src"}, func(r *rows) {
		r.store(atMost(atLeast(r.load(1), low), high), 0)
	})
	end()

	function("clampRestAVX2", "func(dst, a, b *float32, n int, limit float32)",
		"clampRestAVX2 computes dst = min(max(a - b, -limit), limit), zero where a is NaN.")
	high = broadcast("limit")
	low = sub(zero(), high)
	each([]string{"dst", "a", "b"}, func(r *rows) {
		a := r.load(1)
		d := atMost(atLeast(sub(a, r.load(2)), low), high)
		VANDPS(known(a), d, d)
		r.store(d, 0)
	})
	end()

	function("knownAVX2", "func(dst, src *float32, n int)", "knownAVX2 computes dst = src, zero where that is NaN.")
	each([]string{"dst", "src"}, func(r *rows) {
		v := r.load(1)
		VANDPS(known(v), v, v)
		r.store(v, 0)
	})
	end()

	function("addInsideAVX2", "func(dst, src, in, known *float32, n int, scale, limit float32)",
		"addInsideAVX2 computes dst += scale src where |in| < limit and known is not NaN.")
	limit, scale := broadcast("limit"), broadcast("scale")
	each([]string{"dst", "src", "in", "known"}, func(r *rows) {
		inside := absolute(r.load(2))
		VCMPPS(U8(1), limit, inside, inside) // inside < limit
		VANDPS(known(r.load(3)), inside, inside)
		VANDPS(r.load(1), inside, inside)
		d := r.load(0)
		VFMADD231PS(inside, scale, d)
		r.store(d, 0)
	})
	end()
}

// sums emits sums of rows.
func sums() {
	function("addAVX2", "func(dst, src *float32, n int)", "addAVX2 computes dst += src.")
	each([]string{"dst", "src"}, func(r *rows) { r.store(add(r.load(0), r.load(1)), 0) })
	end()

	function("fillAVX2", "func(dst *float32, n int, v float32)", "fillAVX2 computes dst = v.")
	v := broadcast("v")
	each([]string{"dst"}, func(r *rows) { r.store(v, 0) })
	end()

	function("absSumAVX2", "func(v *float32, n int) float32", "absSumAVX2 returns Σ |v|.")
	sum := zero()
	each([]string{"v"}, func(r *rows) { VADDPS(absolute(r.load(0)), sum, sum) })
	returnSum(sum)
	end()
}

// huber emits the loss of predictions.
func huber() {
	function("huberAVX2", "func(grad, pred, target *float32, n int, limit, slope float32) float32",
		"huberAVX2 computes grad = slope ρ'(pred - target) and returns Σ ρ(pred - target), see\nHuber.")
	limit, slope, sum := broadcast("limit"), broadcast("slope"), zero()
	VADDPS(slope, slope, slope)
	low := sub(zero(), limit)
	each([]string{"grad", "pred", "target"}, func(r *rows) {
		target := r.load(2)
		there := known(target)
		e := sub(r.load(1), target)
		VANDPS(there, e, e)
		size := absolute(e)
		inner := atMost(size, limit)
		loss := sub(add(size, size), inner)
		VFMADD231PS(inner, loss, sum)
		g := atMost(atLeast(e, low), limit)
		VMULPS(slope, g, g)
		r.store(g, 0)
	})
	returnSum(sum)
	end()
}

// gaussians emits what the latents need.
func gaussians() {
	function("softplusAVX2", "func(dst, src *float32, n int, least float32)",
		"softplusAVX2 computes dst = least + log(1 + exp(src)).")
	least := broadcast("least")
	each([]string{"dst", "src"}, func(r *rows) { r.store(add(softplus(r.load(1)), least), 0) })
	end()

	function("softplusBackwardAVX2", "func(dst, src, dout *float32, n int)",
		"softplusBackwardAVX2 computes dst = dout / (1 + exp(-src)).")
	each([]string{"dst", "src", "dout"}, func(r *rows) {
		e := exponential(sub(zero(), r.load(1)))
		r.store(div(r.load(2), add(e, constant(1))), 0)
	})
	end()

	function("sampleAVX2", "func(z, mu, sigma, eps *float32, n int)", "sampleAVX2 computes z = mu + sigma eps.")
	each([]string{"z", "mu", "sigma", "eps"}, func(r *rows) {
		z := r.load(1)
		VFMADD231PS(r.load(2), r.load(3), z)
		r.store(z, 0)
	})
	end()

	function("sampleBackwardAVX2", "func(dmu, dsigma, dz, eps *float32, n int)",
		"sampleBackwardAVX2 computes dmu += dz, dsigma += eps dz.")
	each([]string{"dmu", "dsigma", "dz", "eps"}, func(r *rows) {
		dz := r.load(2)
		r.store(add(r.load(0), dz), 0)
		s := r.load(1)
		VFMADD231PS(dz, r.load(3), s)
		r.store(s, 1)
	})
	end()

	function("klAVX2", "func(muQ, sigmaQ, muP, sigmaP *float32, n int) float32", "klAVX2 returns KL.")
	sum := zero()
	each([]string{"muQ", "sigmaQ", "muP", "sigmaP"}, func(r *rows) {
		p := r.load(3)
		if r.mask != nil { // no division by the zero of what is not there
			v := YMM()
			VMOVUPS(constant(1), v)
			VBLENDVPS(*r.mask, p, v, p)
		}
		d := div(sub(r.load(0), r.load(2)), p)
		ratio := div(r.load(1), p)
		s := mul(ratio, ratio)
		VFMADD231PS(d, d, s)
		VADDPS(constant(-1), s, s)
		VMULPS(constant(0.5), s, s)
		s = sub(s, logarithm(ratio))
		r.only(s)
		VADDPS(s, sum, sum)
	})
	returnSum(sum)
	end()

	function("klBackwardAVX2", "func(dmuQ, dsigmaQ, dmuP, dsigmaP, muQ, sigmaQ, muP, sigmaP *float32, n int, scale float32)",
		"klBackwardAVX2 accumulates scale times the gradients of KL.")
	scale := broadcast("scale")
	each([]string{"dmuQ", "dsigmaQ", "dmuP", "dsigmaP", "muQ", "sigmaQ", "muP", "sigmaP"}, func(r *rows) {
		d, q, p := sub(r.load(4), r.load(6)), r.load(5), r.load(7)
		inverse := YMM()
		VMOVUPS(constant(1), inverse)
		inverse = div(inverse, p)
		square := mul(inverse, inverse)
		g := mul(mul(d, square), scale)
		r.store(add(r.load(0), g), 0)
		r.store(sub(r.load(2), g), 2)
		one := YMM()
		VMOVUPS(constant(1), one)
		s := sub(mul(q, square), div(one, q))
		v := r.load(1)
		VFMADD231PS(s, scale, v)
		r.store(v, 1)
		spread := mul(q, q)
		VFMADD231PS(d, d, spread)
		VFNMADD213PS(one, square, spread) // 1 - spread square
		v = r.load(3)
		VFMADD231PS(mul(spread, inverse), scale, v)
		r.store(v, 3)
	})
	end()
}

// skips emits what the sums of exponentials need.
func skips() {
	function("expTermAVX2", "func(term, sum, a, y *float32, n int, weight, shift, slope, most float32)",
		"expTermAVX2 computes term = weight exp(min(a + shift + slope y, most)), sum += term.")
	weight, shift, slope, most := broadcast("weight"), broadcast("shift"), broadcast("slope"), broadcast("most")
	each([]string{"term", "sum", "a", "y"}, func(r *rows) {
		e := add(r.load(2), shift)
		VFMADD231PS(r.load(3), slope, e)
		t := mul(exponential(atMost(e, most)), weight)
		r.store(t, 0)
		r.store(add(r.load(1), t), 1)
	})
	end()

	function("addLogAVX2", "func(dst, src *float32, n int, scale float32)",
		"addLogAVX2 computes dst += scale log(src).")
	scale := broadcast("scale")
	each([]string{"dst", "src"}, func(r *rows) {
		d := r.load(0)
		VFMADD231PS(logarithm(r.load(1)), scale, d)
		r.store(d, 0)
	})
	end()

	function("ratioAVX2", "func(dst, a, b *float32, n int) float32", "ratioAVX2 computes dst = a / b and returns Σ dst.")
	sum := zero()
	each([]string{"dst", "a", "b"}, func(r *rows) {
		q := div(r.load(1), r.load(2))
		r.only(q)
		VADDPS(q, sum, sum)
		r.store(q, 0)
	})
	returnSum(sum)
	end()

	function("dotAVX2", "func(a, b *float32, n int) float32", "dotAVX2 returns Σ a b.")
	sum = zero()
	each([]string{"a", "b"}, func(r *rows) { VFMADD231PS(r.load(0), r.load(1), sum) })
	returnSum(sum)
	end()

	function("addProductAVX2", "func(dst, a, b *float32, n int, scale float32)",
		"addProductAVX2 computes dst += scale a b.")
	scale = broadcast("scale")
	each([]string{"dst", "a", "b"}, func(r *rows) {
		d := r.load(0)
		VFMADD231PS(mul(r.load(1), r.load(2)), scale, d)
		r.store(d, 0)
	})
	end()
}

// adam emits the step of the optimiser.
func adam() {
	function("adamAVX2", "func(params, m, v, grads *float32, n int, first, second, step, epsilon float32)",
		"adamAVX2 computes m += first (g - m), v += second (g² - v), params -= step m / (√v + epsilon).")
	first, second, step, epsilon := broadcast("first"), broadcast("second"), broadcast("step"), broadcast("epsilon")
	each([]string{"params", "m", "v", "grads"}, func(r *rows) {
		g, m, v := r.load(3), r.load(1), r.load(2)
		VFMADD231PS(sub(g, m), first, m)
		VFMADD231PS(sub(mul(g, g), v), second, v)
		r.store(m, 1)
		r.store(v, 2)
		root := YMM()
		VSQRTPS(v, root)
		d := div(mul(m, step), add(root, epsilon))
		r.store(sub(r.load(0), d), 0)
	})
	end()
}

// noise emits normal draws, sixteen at a time, by the method of Box and Muller from
// eight generators xoshiro128+ side by side.
func noise() {
	function("noiseAVX2", "func(dst *float32, blocks int, state *[4][8]uint32)",
		"noiseAVX2 fills so many blocks of 16 with draws of N(0, 1), see Noise.")
	dst, blocks, at := pointer("dst"), pointer("blocks"), pointer("state")
	var s [4]VecVirtual
	for i := range s {
		s[i] = YMM()
		VMOVDQU(Mem{Base: at, Disp: i * width}, s[i])
	}
	next := func() VecVirtual {
		out, t, l := YMM(), YMM(), YMM()
		VPADDD(s[3], s[0], out)
		VPSLLD(U8(9), s[1], t)
		VPXOR(s[0], s[2], s[2])
		VPXOR(s[1], s[3], s[3])
		VPXOR(s[2], s[1], s[1])
		VPXOR(s[3], s[0], s[0])
		VPXOR(t, s[2], s[2])
		VPSLLD(U8(11), s[3], l)
		VPSRLD(U8(21), s[3], s[3])
		VPOR(l, s[3], s[3])
		return out
	}
	loop, done := label("loop"), label("done")
	Label(loop)
	TESTQ(blocks, blocks)
	JE(LabelRef(done))
	u := next()
	VPSRLD(U8(8), u, u)
	VPADDD(bits(1), u, u)
	VCVTDQ2PS(u, u)
	radius := logarithm(mul(u, constant(math.Ldexp(1, -24))))
	VMULPS(constant(-2), radius, radius)
	VSQRTPS(radius, radius)
	turn := next()
	VCVTDQ2PS(turn, turn)
	VMULPS(constant(math.Ldexp(1, -32)), turn, turn)
	quarter, size := YMM(), absolute(turn)
	VMOVUPS(constant(0.25), quarter)
	fold := sub(quarter, size)
	cos := sine(fold)
	sin := sine(sub(quarter, absolute(fold)))
	VORPS(sign(turn), sin, sin)
	VMOVUPS(mul(radius, cos), Mem{Base: dst})
	VMOVUPS(mul(radius, sin), Mem{Base: dst, Disp: width})
	ADDQ(U8(2*width), dst)
	DECQ(blocks)
	JMP(LabelRef(loop))
	Label(done)
	for i := range s {
		VMOVDQU(s[i], Mem{Base: at, Disp: i * width})
	}
	end()
}
