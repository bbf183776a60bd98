package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// ranks emits what finds order statistics.
func ranks() {
	below()
	between()
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
