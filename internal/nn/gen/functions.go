package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// exponential returns eᵛ for v up to 88; below -87 it is about e⁻⁸⁷, NaN stays. The
// argument is split into k ln 2 + r with |r| <= ln 2 / 2, and eʳ is its Taylor
// polynomial of degree 7, off by at most r⁸/8! < 5e-9.
func exponential(v VecVirtual) VecVirtual {
	v = atMost(atLeast(v, constant(-87)), constant(88))
	k := mul(v, constant(math.Log2E))
	VROUNDPS(U8(8), k, k)
	const high = 0.693359375 // ln 2 to 10 bits, so that k times it is exact
	VFNMADD231PS(constant(high), k, v)
	VFNMADD231PS(constant(math.Ln2-high), k, v)
	p := horner(v, 1.0/5040, 1.0/720, 1.0/120, 1.0/24, 1.0/6, 0.5, 1, 1)
	n := YMM()
	VCVTPS2DQ(k, n)
	VPADDD(bits(127), n, n)
	VPSLLD(U8(23), n, n)
	return mul(p, n)
}

// logarithm returns log v of positive normal numbers; infinity and NaN stay. The
// argument is split into 2ᵏ m with m in [√½, √2), and log m is
//
//	2 artanh s = 2 s (1 + s²/3 + s⁴/5 + ...),  s = (m-1)/(m+1),  |s| <= 0.172
//
// whose first term left out is below 2 s¹¹/11 < 1e-9.
func logarithm(v VecVirtual) VecVirtual {
	k, m := YMM(), YMM()
	// The exponent of v/√½, rounded down, is k: adding the distance of √½ to 1 in
	// the order of bit patterns moves the border between exponents to √½.
	VPADDD(bits(0x3f800000-0x3f3504f3), v, k)
	VPSRAD(U8(23), k, k)
	VPSUBD(bits(127), k, k)
	VPSLLD(U8(23), k, m)
	VPSUBD(m, v, m)
	VCVTDQ2PS(k, k)
	s := sub(m, constant(1))
	d := add(m, constant(1))
	VDIVPS(d, s, s)
	q := mul(s, s)
	p := horner(q, 2.0/9, 2.0/7, 2.0/5, 2.0/3, 2)
	VMULPS(s, p, p)
	VFMADD231PS(constant(math.Ln2), k, p)
	finite, inf := YMM(), YMM()
	VMOVUPS(bits(0x7f800000), inf)
	VCMPPS(U8(1), inf, v, finite) // v < inf
	out := YMM()
	VBLENDVPS(finite, p, v, out)
	return out
}

// softplus returns log(1 + eᵛ) = max(v, 0) + log(1 + e⁻|v|), off by at most about 1e-7
// in all.
func softplus(v VecVirtual) VecVirtual {
	negative := YMM()
	VORPS(bits(0x80000000), v, negative)
	e := exponential(negative)
	l := logarithm(add(e, constant(1)))
	return add(atLeast(v, zero()), l)
}

// sine returns sin 2πt for |t| <= 1/4, the Taylor polynomial of degree 11, off by at most
// (π/2)¹³/13! < 6e-8.
func sine(t VecVirtual) VecVirtual {
	const turn = 2 * math.Pi
	c := make([]float64, 6)
	term := turn
	for i := range c {
		c[len(c)-1-i] = term
		term *= -turn * turn / float64((2*i+2)*(2*i+3))
	}
	p := horner(mul(t, t), c...)
	VMULPS(t, p, p)
	return p
}
