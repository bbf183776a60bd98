package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// ranks emits what finds order statistics.
func ranks() {
	below()
	between()
	ranked()
}

// pivots is with how many numbers below compares: with their counts, that of all and what
// is at hand they are the registers that there are.
const pivots = 6

func below() {
	function("belowAVX2", "func(v *float32, n int, pivots *[6]float32, counts *[6]int32) int",
		"belowAVX2 adds to each of the counts how many of v are less than that pivot, and returns\n"+
			"how many are not NaN.")
	from, to := pointer("pivots"), pointer("counts")
	var pivot, count []VecVirtual
	for k := range pivots {
		p := YMM()
		VBROADCASTSS(Mem{Base: from, Disp: 4 * k}, p)
		pivot, count = append(pivot, p), append(count, zero())
	}
	there := zero()
	each([]string{"v"}, func(r *rows) {
		v := r.load(0)
		add := func(predicate uint8, with, sum VecVirtual) {
			m := YMM()
			VCMPPS(U8(predicate), with, v, m)
			r.only(m)
			VPSUBD(m, sum, sum) // the mask is minus one
		}
		for k, p := range pivot {
			add(1, p, count[k]) // v < p
		}
		add(7, v, there) // ordered
	})
	for k, c := range count {
		ADDL(lanesSum(c), Mem{Base: to, Disp: 4 * k})
	}
	all := GP64()
	MOVLQSX(lanesSum(there), all)
	Store(all, ReturnIndex(0))
	end()
}

// lanesSum returns the sum of eight integers, and destroys them.
func lanesSum(v VecVirtual) GPVirtual {
	high, sum := XMM(), GP32()
	VEXTRACTI128(U8(1), v, high)
	VPADDD(high, v.AsX(), high)
	VPHADDD(high, high, high)
	VPHADDD(high, high, high)
	VMOVD(high, sum)
	return sum
}

func between() {
	function("betweenAVX2", "func(dst, v *float32, n int, low, high float32) int",
		"betweenAVX2 moves those of v that are low or more and less than high to dst, which must\n"+
			"have room for eight more, and returns how many they are.")
	dst, begin, order := pointer("dst"), pointer("dst"), GP64()
	LEAQ(lanesFirst(), order)
	low, high := broadcast("low"), broadcast("high")
	each([]string{"v"}, func(r *rows) {
		v, above, inside := r.load(0), YMM(), YMM()
		VCMPPS(U8(2), v, low, above)   // low <= v
		VCMPPS(U8(1), high, v, inside) // v < high
		VANDPS(above, inside, inside)
		r.only(inside)
		set, first := GP32(), YMM()
		VMOVMSKPS(inside, set)
		VPMOVZXBD(Mem{Base: order, Index: set, Scale: lanes}, first)
		VPERMPS(v, first, v)
		VMOVUPS(v, Mem{Base: dst})
		POPCNTL(set, set)
		LEAQ(Mem{Base: dst, Index: set, Scale: 4}, dst)
	})
	SUBQ(begin, dst)
	SHRQ(U8(2), dst)
	Store(dst, ReturnIndex(0))
	end()
}

// lanesFirst is a table of 256 permutations, of eight bytes: that of a set of lanes has
// these first.
func lanesFirst() Mem {
	m := GLOBL("lanesFirst", RODATA|NOPTR)
	for set := range 1 << lanes {
		var indices uint64
		at := 0
		for lane := range lanes {
			if set>>lane&1 == 1 {
				indices |= uint64(lane) << (8 * at)
				at++
			}
		}
		DATA(lanes*set, U64(indices))
	}
	return m
}

// ranked emits what compares each of some numbers with all of them, until it has found the
// one that is wanted. There are no branches on what they are but one for each.
func ranked() {
	function("rankedAVX2", "func(v *float32, vectors, rank int) (value, next float32)",
		"rankedAVX2 returns the number of a rank, from 0, in so many vectors, and that of the next\n"+
			"rank. It must be there, and no number may be NaN.")
	v, vectors, rank := pointer("v"), pointer("vectors"), pointer("rank")
	at, tries := GP64(), GP64()
	MOVQ(v, at)
	MOVQ(vectors, tries)
	SHLQ(U8(3), tries)
	try, found := label("try"), label("found")
	Label(try)
	pivot, less, upTo := YMM(), zero(), zero()
	VBROADCASTSS(Mem{Base: at}, pivot)
	ADDQ(U8(4), at)
	from, left, loop := GP64(), GP64(), label("loop")
	MOVQ(v, from)
	MOVQ(vectors, left)
	Label(loop)
	x, m := YMM(), YMM()
	VMOVUPS(Mem{Base: from}, x)
	VCMPPS(U8(1), pivot, x, m) // x < pivot
	VPSUBD(m, less, less)
	VCMPPS(U8(2), pivot, x, m) // x <= pivot
	VPSUBD(m, upTo, upTo)
	ADDQ(U8(width), from)
	DECQ(left)
	JNE(LabelRef(loop))
	before, through := lanesSum(less), lanesSum(upTo)
	DECQ(tries)
	JE(LabelRef(found)) // there is no other
	CMPL(rank.As32(), before)
	JLT(LabelRef(try))
	CMPL(rank.As32(), through)
	JGE(LabelRef(try))
	Label(found)

	next, done := pivot, label("done")
	returnAs(0, pivot)
	INCL(rank.As32())
	CMPL(rank.As32(), through)
	JLT(LabelRef(done))
	least, again := YMM(), label("again")
	VMOVUPS(constant(math.Inf(1)), least)
	Label(again)
	y, above := YMM(), YMM()
	VMOVUPS(Mem{Base: v}, y)
	VCMPPS(U8(1), y, pivot, above) // pivot < y
	VBLENDVPS(above, y, constantIn(math.Inf(1)), y)
	VMINPS(y, least, least)
	ADDQ(U8(width), v)
	DECQ(vectors)
	JNE(LabelRef(again))
	high := XMM()
	VEXTRACTF128(U8(1), least, high)
	VMINPS(high, least.AsX(), high)
	other := XMM()
	VPSHUFD(U8(0x4e), high, other)
	VMINPS(other, high, high)
	VPSHUFD(U8(0xb1), high, other)
	VMINPS(other, high, next.AsX())
	Label(done)
	returnAs(1, next)
	end()
}

// constantIn returns a register with a constant in all lanes.
func constantIn(v float64) VecVirtual {
	r := YMM()
	VMOVUPS(constant(v), r)
	return r
}
