package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// gather emits the transposition of some records, in squares of eight by eight. The last
// eight records overlap those before where their number is no multiple of eight.
func gather() {
	function("gatherAVX2", "func(dst, src *float32, records *int, n, size int)",
		"gatherAVX2 computes dst[r n + j] = src[records[j] size + r], for n of at least eight and a\n"+
			"size that is a multiple of eight.")
	first, last := GP64(), pointer("n")
	XORQ(first, first)
	SUBQ(U8(lanes), last)
	eight := label("eight")
	Label(eight)
	var record []GPVirtual
	index := pointer("records")
	LEAQ(Mem{Base: index, Index: first, Scale: 8}, index)
	for i := range lanes {
		r := GP64()
		MOVQ(Mem{Base: index, Disp: 8 * i}, r)
		IMULQ(argument("size"), r)
		SHLQ(U8(2), r)
		ADDQ(argument("src"), r)
		record = append(record, r)
	}
	at, to, line := GP64(), pointer("dst"), pointer("n")
	XORQ(at, at)
	LEAQ(Mem{Base: to, Index: first, Scale: 4}, to)
	SHLQ(U8(2), line)
	square := label("square")
	Label(square)
	for _, row := range transpose(record, at) {
		VMOVUPS(row, Mem{Base: to})
		ADDQ(line, to)
	}
	ADDQ(U8(lanes), at)
	CMPQ(at, argument("size"))
	JLT(LabelRef(square))

	done := label("done")
	CMPQ(first, last)
	JGE(LabelRef(done))
	ADDQ(U8(lanes), first)
	CMPQ(first, last)
	CMOVQGT(last, first)
	JMP(LabelRef(eight))
	Label(done)
	end()
}

// transpose returns the columns of the eight by eight numbers of eight records from number
// at on.
func transpose(record []GPVirtual, at GPVirtual) []VecVirtual {
	pair := func(f func(ops ...Op), a, b VecVirtual) VecVirtual {
		v := YMM()
		f(b, a, v)
		return v
	}
	low := func(ops ...Op) { VUNPCKLPS(ops[0], ops[1], ops[2]) }
	high := func(ops ...Op) { VUNPCKHPS(ops[0], ops[1], ops[2]) }
	shuffle := func(how uint8) func(ops ...Op) {
		return func(ops ...Op) { VSHUFPS(U8(how), ops[0], ops[1], ops[2]) }
	}
	halves := func(how uint8) func(ops ...Op) {
		return func(ops ...Op) { VPERM2F128(U8(how), ops[0], ops[1], ops[2]) }
	}
	var quads []VecVirtual // columns 0 to 3 of four records in the lower half, 4 to 7 in the upper
	for i := 0; i < lanes; i += 4 {
		var v []VecVirtual
		for _, r := range record[i : i+4] {
			y := YMM()
			VMOVUPS(Mem{Base: r, Index: at, Scale: 4}, y)
			v = append(v, y)
		}
		a, b, c, d := pair(low, v[0], v[1]), pair(high, v[0], v[1]), pair(low, v[2], v[3]), pair(high, v[2], v[3])
		quads = append(quads, pair(shuffle(0x44), a, c), pair(shuffle(0xee), a, c), pair(shuffle(0x44), b, d), pair(shuffle(0xee), b, d))
	}
	var out []VecVirtual
	for _, half := range []uint8{0x20, 0x31} {
		for k := range 4 {
			out = append(out, pair(halves(half), quads[k], quads[4+k]))
		}
	}
	return out
}
