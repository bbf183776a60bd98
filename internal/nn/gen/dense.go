package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dense emits the product of a small matrix with one of many columns. The result is
// computed in tiles that stay in registers: five or four rows by two registers,
// fewer rows by four, what is left of the columns by one under a mask. Each element
// is the sum over k in order, so that it depends neither on its column nor on how
// many others there are.
func dense() {
	function("denseAVX2", "func(out, x, w, b, mask *float32, rows, inner, n, rowStep, innerStep int, floor float32)",
		"denseAVX2 computes, for positive rows, inner and n,\n\n"+
			"\tout[r n + j] = max(b[r] + Σ_k w[r rowStep + k innerStep] x[k n + j], floor)\n\n"+
			"and, where there is a mask, sets out to zero where that is not positive. Without\n"+
			"b it is zero.")
	d := &denseKernel{
		out: pointer("out"), w: pointer("w"),
		line: pointer("n"), step: pointer("rowStep"), innerStep: pointer("innerStep"), step3: GP64(),
	}
	for _, r := range []GPVirtual{d.line, d.step, d.innerStep} {
		SHLQ(U8(2), r) // floats to bytes
	}
	LEAQ(Mem{Base: d.step, Index: d.step, Scale: 2}, d.step3)
	Label("rows")
	for _, rows := range []int{5, 4, 3, 2, 1} {
		fewer := label("fewer")
		CMPQ(argument("rows"), U8(uint8(rows)))
		JLT(LabelRef(fewer))
		d.block(rows)
		d.advance(rows)
		JMP(LabelRef("rows"))
		Label(fewer)
	}
	end()
}

type denseKernel struct{ out, w, line, step, step3, innerStep GPVirtual }

// ofRow addresses row r <= 4 of a matrix with so many bytes per row.
func ofRow(base, step, step3 GPVirtual, r int) Mem {
	switch r {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: step3, Scale: 1}
	default:
		return Mem{Base: base, Index: step, Scale: uint8(r)}
	}
}

// block computes so many rows.
func (d *denseKernel) block(rows int) {
	vectors := 2
	if rows <= 3 {
		vectors = 4
	}
	x, out, left := pointer("x"), GP64(), pointer("n")
	MOVQ(d.out, out)
	wide, narrow, done := label("wide"), label("narrow"), label("done")
	Label(wide)
	CMPQ(left, U8(uint8(vectors*lanes)))
	JLT(LabelRef(narrow))
	d.tile(rows, vectors, x, out, nil)
	ADDQ(U8(uint8(vectors*width)), x)
	ADDQ(U8(uint8(vectors*width)), out)
	SUBQ(U8(uint8(vectors*lanes)), left)
	JMP(LabelRef(wide))
	Label(narrow)
	TESTQ(left, left)
	JLE(LabelRef(done))
	some := GP64()
	most := GP64()
	MOVQ(left, some)
	MOVQ(U32(lanes), most)
	CMPQ(some, most)
	CMOVQGT(most, some)
	mask := maskOf(some)
	d.tile(rows, 1, x, out, &mask)
	ADDQ(U8(width), x)
	ADDQ(U8(width), out)
	SUBQ(U8(lanes), left)
	JMP(LabelRef(narrow))
	Label(done)
}

// tile computes rows by registers of the result.
func (d *denseKernel) tile(rows, vectors int, x, out GPVirtual, mask *VecVirtual) {
	sums := make([][]VecVirtual, rows)
	for r := range sums {
		for range vectors {
			sums[r] = append(sums[r], YMM())
		}
	}
	d.begin(sums)
	d.products(sums, x, mask)
	floor := broadcast("floor")
	for _, row := range sums {
		for _, s := range row {
			VMAXPS(s, floor, s)
		}
	}
	line3 := GP64()
	LEAQ(Mem{Base: d.line, Index: d.line, Scale: 2}, line3)
	d.cut(sums, out, line3, mask)
	for r, row := range sums {
		for v, s := range row {
			to := ofRow(out, d.line, line3, r).Offset(v * width)
			if mask != nil {
				VMASKMOVPS(s, *mask, to)
			} else {
				VMOVUPS(s, to)
			}
		}
	}
}

// begin sets sums to the biases.
func (d *denseKernel) begin(sums [][]VecVirtual) {
	biased, begun := label("biased"), label("begun")
	b := pointer("b")
	TESTQ(b, b)
	JNE(LabelRef(biased))
	for _, row := range sums {
		for _, s := range row {
			VXORPS(s, s, s)
		}
	}
	JMP(LabelRef(begun))
	Label(biased)
	for r, row := range sums {
		VBROADCASTSS(Mem{Base: b, Disp: 4 * r}, row[0])
		for _, s := range row[1:] {
			VMOVAPS(row[0], s)
		}
	}
	Label(begun)
}

// products adds up the products.
func (d *denseKernel) products(sums [][]VecVirtual, x GPVirtual, mask *VecVirtual) {
	at, w, k := GP64(), GP64(), pointer("inner")
	MOVQ(x, at)
	MOVQ(d.w, w)
	load := func(v int) VecVirtual {
		y := YMM()
		if mask != nil {
			VMASKMOVPS(Mem{Base: at}, *mask, y)
		} else {
			VMOVUPS(Mem{Base: at, Disp: v * width}, y)
		}
		return y
	}
	weight := func(r int) VecVirtual {
		y := YMM()
		VBROADCASTSS(ofRow(w, d.step, d.step3, r), y)
		return y
	}
	loop := label("inner")
	Label(loop)
	if vectors := len(sums[0]); len(sums) > vectors {
		var columns []VecVirtual
		for v := range vectors {
			columns = append(columns, load(v))
		}
		for r, row := range sums {
			k := weight(r)
			for v, s := range row {
				VFMADD231PS(columns[v], k, s)
			}
		}
	} else {
		var weights []VecVirtual
		for r := range sums {
			weights = append(weights, weight(r))
		}
		for v := range vectors {
			c := load(v)
			for r, row := range sums {
				VFMADD231PS(c, weights[r], row[v])
			}
		}
	}
	ADDQ(d.line, at)
	ADDQ(d.innerStep, w)
	DECQ(k)
	JNE(LabelRef(loop))
}

// cut clears what the mask of the kernel says.
func (d *denseKernel) cut(sums [][]VecVirtual, out, line3 GPVirtual, mask *VecVirtual) {
	all := label("all")
	by := pointer("mask")
	TESTQ(by, by)
	JE(LabelRef(all))
	SUBQ(argument("out"), by) // which is not advanced
	ADDQ(out, by)
	none := zero()
	for r, row := range sums {
		for v, s := range row {
			m, from := YMM(), ofRow(by, d.line, line3, r).Offset(v*width)
			if mask != nil {
				VMASKMOVPS(from, *mask, m)
			} else {
				VMOVUPS(from, m)
			}
			VCMPPS(U8(1), m, none, m) // 0 < m
			VANDPS(m, s, s)
		}
	}
	Label(all)
}

// advance moves on to the next rows.
func (d *denseKernel) advance(rows int) {
	for range rows {
		ADDQ(d.step, d.w)
		ADDQ(d.line, d.out)
	}
	SUBQ(U8(uint8(rows)), argument("rows"))
	unbiased := label("unbiased")
	CMPQ(argument("b"), U8(0))
	JE(LabelRef(unbiased))
	ADDQ(U8(uint8(4*rows)), argument("b"))
	Label(unbiased)
}
