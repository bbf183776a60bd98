package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// weights emits the gradient of a dense layer by its weights: products of rows,
// summed over columns, in tiles that stay in registers.
func weights() {
	function("weightsAVX2", "func(dw, dout, x *float32, outs, ins, n int)",
		"weightsAVX2 adds Σ_j dout[o n + j] x[i n + j] to dw[o ins + i], for positive n.")
	k := &weightsKernel{
		dw: pointer("dw"), dout: pointer("dout"), line: pointer("n"), line3: GP64(), left: pointer("outs"),
	}
	SHLQ(U8(2), k.line)
	LEAQ(Mem{Base: k.line, Index: k.line, Scale: 2}, k.line3)
	Label("rows")
	for _, rows := range []int{5, 4, 3, 2, 1} {
		fewer := label("fewer")
		CMPQ(k.left, U8(uint8(rows)))
		JLT(LabelRef(fewer))
		k.block(rows)
		JMP(LabelRef("rows"))
		Label(fewer)
	}
	end()
}

type weightsKernel struct{ dw, dout, line, line3, left GPVirtual }

// block computes so many rows of the gradient.
func (k *weightsKernel) block(rows int) {
	wide := 2
	if rows <= 3 {
		wide = 4
	}
	x, left := pointer("x"), pointer("ins")
	for _, columns := range []int{wide, 1} {
		loop, fewer := label("columns"), label("fewer")
		Label(loop)
		CMPQ(left, U8(uint8(columns)))
		JLT(LabelRef(fewer))
		k.tile(rows, columns, x)
		for range columns {
			ADDQ(k.line, x)
		}
		ADDQ(U8(uint8(4*columns)), k.dw)
		SUBQ(U8(uint8(columns)), left)
		JMP(LabelRef(loop))
		Label(fewer)
	}
	for range rows {
		ADDQ(k.line, k.dout)
	}
	SUBQ(U8(uint8(rows)), k.left)
	// The rows that are done move dw by rows*ins, of which one ins has been moved.
	ins := pointer("ins")
	SHLQ(U8(2), ins)
	for range rows - 1 {
		ADDQ(ins, k.dw)
	}
}

// tile computes rows by columns of the gradient.
func (k *weightsKernel) tile(rows, columns int, x GPVirtual) {
	var sums [][]VecVirtual
	for range rows {
		var row []VecVirtual
		for range columns {
			row = append(row, zero())
		}
		sums = append(sums, row)
	}
	dout, at, n := GP64(), GP64(), pointer("n")
	MOVQ(k.dout, dout)
	MOVQ(x, at)
	step := func(mask *VecVirtual) {
		load := func(base GPVirtual, r int) VecVirtual {
			v := YMM()
			if mask != nil {
				VMASKMOVPS(ofRow(base, k.line, k.line3, r), *mask, v)
			} else {
				VMOVUPS(ofRow(base, k.line, k.line3, r), v)
			}
			return v
		}
		var fixed []VecVirtual
		if mask != nil { // which takes a register
			for c := range columns {
				v := load(at, c)
				for r, row := range sums {
					VFMADD231PS(load(dout, r), v, row[c])
				}
			}
			return
		}
		if rows > columns {
			for c := range columns {
				fixed = append(fixed, load(at, c))
			}
			for r, row := range sums {
				v := load(dout, r)
				for c, s := range row {
					VFMADD231PS(fixed[c], v, s)
				}
			}
			return
		}
		for r := range rows {
			fixed = append(fixed, load(dout, r))
		}
		for c := range columns {
			v := load(at, c)
			for r, row := range sums {
				VFMADD231PS(fixed[r], v, row[c])
			}
		}
	}
	loop, tail, done := label("loop"), label("tail"), label("done")
	Label(loop)
	CMPQ(n, U8(lanes))
	JLT(LabelRef(tail))
	step(nil)
	ADDQ(U8(width), dout)
	ADDQ(U8(width), at)
	SUBQ(U8(lanes), n)
	JMP(LabelRef(loop))
	Label(tail)
	TESTQ(n, n)
	JE(LabelRef(done))
	mask := maskOf(n)
	step(&mask)
	Label(done)

	dw, ins := GP64(), pointer("ins")
	SHLQ(U8(2), ins)
	MOVQ(k.dw, dw)
	for _, row := range sums {
		accumulate(row, dw)
		ADDQ(ins, dw)
	}
}

// accumulate adds the sums of the lanes of one, two or four registers to so many
// numbers in memory.
func accumulate(v []VecVirtual, to GPVirtual) {
	at, high := Mem{Base: to}, XMM()
	switch len(v) {
	case 4:
		VHADDPS(v[1], v[0], v[0])
		VHADDPS(v[3], v[2], v[2])
		VHADDPS(v[2], v[0], v[0])
		VEXTRACTF128(U8(1), v[0], high)
		VADDPS(high, v[0].AsX(), high)
		VADDPS(at, high, high)
		VMOVUPS(high, at)
	case 2:
		VHADDPS(v[1], v[0], v[0])
		VEXTRACTF128(U8(1), v[0], high)
		VADDPS(high, v[0].AsX(), high)
		VHADDPS(high, high, high)
		old := XMM()
		VMOVSD(at, old)
		VADDPS(old, high, high)
		VMOVSD(high, at)
	default:
		total(v[0])
		VADDSS(at, v[0].AsX(), v[0].AsX())
		VMOVSS(v[0].AsX(), at)
	}
}

// rowSums emits the gradient of a dense layer by its biases.
func rowSums() {
	function("rowSumsAVX2", "func(sums, rows *float32, count, n int)",
		"rowSumsAVX2 adds Σ_j rows[r n + j] to sums[r], for count rows and positive n.")
	sums, rows, count, line, line3 := pointer("sums"), pointer("rows"), pointer("count"), pointer("n"), GP64()
	SHLQ(U8(2), line)
	LEAQ(Mem{Base: line, Index: line, Scale: 2}, line3)
	for _, k := range []int{5, 1} {
		next, fewer := label("rows"), label("fewer")
		Label(next)
		CMPQ(count, U8(uint8(k)))
		JLT(LabelRef(fewer))
		var sum []VecVirtual
		for range k {
			sum = append(sum, zero())
		}
		at, n := GP64(), pointer("n")
		MOVQ(rows, at)
		loop, tail, done := label("loop"), label("tail"), label("done")
		Label(loop)
		CMPQ(n, U8(lanes))
		JLT(LabelRef(tail))
		for r, s := range sum {
			VADDPS(ofRow(at, line, line3, r), s, s)
		}
		ADDQ(U8(width), at)
		SUBQ(U8(lanes), n)
		JMP(LabelRef(loop))
		Label(tail)
		TESTQ(n, n)
		JE(LabelRef(done))
		mask := maskOf(n)
		for r, s := range sum {
			v := YMM()
			VMASKMOVPS(ofRow(at, line, line3, r), mask, v)
			VADDPS(v, s, s)
		}
		Label(done)
		for _, s := range sum {
			accumulate([]VecVirtual{s}, sums)
			ADDQ(U8(4), sums)
			ADDQ(line, rows)
		}
		SUBQ(U8(uint8(k)), count)
		JMP(LabelRef(next))
		Label(fewer)
	}
	end()
}
