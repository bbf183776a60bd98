package main

import (
	"fmt"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	lanes = 8         // float32 in a register
	width = 4 * lanes // bytes of a register
)

// function begins a kernel.
func function(name, signature, doc string) {
	TEXT(name, NOSPLIT, signature)
	Doc(strings.Split(doc, "\n")...)
	Pragma("noescape")
}

// end leaves a kernel.
func end() {
	VZEROUPPER()
	RET()
}

// pointer loads a parameter that is a pointer or an int.
func pointer(name string) GPVirtual {
	r := GP64()
	Load(Param(name), r)
	return r
}

// argument is where a parameter lies.
func argument(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// broadcast loads a float32 parameter into all lanes.
func broadcast(name string) VecVirtual {
	v := YMM()
	VBROADCASTSS(argument(name), v)
	return v
}

func zero() VecVirtual {
	v := YMM()
	VXORPS(v, v, v)
	return v
}

var constants = map[uint32]Mem{}

// bits is a constant of eight equal words.
func bits(w uint32) Mem {
	m, ok := constants[w]
	if !ok {
		m = GLOBL(fmt.Sprintf("word%08x", w), RODATA|NOPTR)
		for i := range lanes {
			DATA(4*i, U32(w))
		}
		constants[w] = m
	}
	return m
}

// constant is a constant of eight equal numbers.
func constant(v float64) Mem { return bits(math.Float32bits(float32(v))) }

var table *Mem

// maskOf returns the mask of the first n < 8 lanes.
func maskOf(n GPVirtual) VecVirtual {
	if table == nil {
		m := GLOBL("lanes", RODATA|NOPTR)
		for i := range lanes {
			DATA(4*i, U32(math.MaxUint32))
		}
		for i := range lanes {
			DATA(4*(lanes+i), U32(0))
		}
		table = &m
	}
	at, base, mask := GP64(), GP64(), YMM()
	LEAQ(*table, base)
	MOVQ(U32(lanes), at)
	SUBQ(n, at)
	VMOVUPS(Mem{Base: base, Index: at, Scale: 4}, mask)
	return mask
}

var labels int

// label returns a name that is not taken.
func label(name string) string {
	labels++
	return fmt.Sprintf("%s%d", name, labels)
}

// rows are the operands of an elementwise kernel.
type rows struct {
	at   []GPVirtual
	mask *VecVirtual // of the last elements, nil: all lanes
}

// load loads the elements of operand i; lanes beyond the last are zero.
func (r *rows) load(i int) VecVirtual {
	v := YMM()
	if r.mask != nil {
		VMASKMOVPS(Mem{Base: r.at[i]}, *r.mask, v)
		return v
	}
	VMOVUPS(Mem{Base: r.at[i]}, v)
	return v
}

func (r *rows) store(v VecVirtual, i int) {
	if r.mask != nil {
		VMASKMOVPS(v, *r.mask, Mem{Base: r.at[i]})
		return
	}
	VMOVUPS(v, Mem{Base: r.at[i]})
}

// only clears the lanes beyond the last in what is to be summed.
func (r *rows) only(v VecVirtual) {
	if r.mask != nil {
		VANDPS(*r.mask, v, v)
	}
}

// each emits body over all elements of the operands named, n of them.
func each(names []string, body func(r *rows)) {
	r := &rows{}
	for _, name := range names {
		r.at = append(r.at, pointer(name))
	}
	n := pointer("n")
	loop, tail, done := label("loop"), label("tail"), label("done")
	Label(loop)
	CMPQ(n, U8(lanes))
	JLT(LabelRef(tail))
	body(r)
	for _, p := range r.at {
		ADDQ(U8(width), p)
	}
	SUBQ(U8(lanes), n)
	JMP(LabelRef(loop))
	Label(tail)
	TESTQ(n, n)
	JE(LabelRef(done))
	mask := maskOf(n)
	r.mask = &mask
	body(r)
	Label(done)
}

// returnSum returns the sum of all lanes.
func returnSum(v VecVirtual) {
	total(v)
	returnAs(0, v)
}

// returnAs returns the first lane as result i.
func returnAs(i int, v VecVirtual) {
	b, err := ReturnIndex(i).Resolve()
	if err != nil {
		panic(err)
	}
	VMOVSS(v.AsX(), b.Addr)
}

// total puts the sum of all lanes into the first.
func total(v VecVirtual) {
	high := XMM()
	VEXTRACTF128(U8(1), v, high)
	VADDPS(high, v.AsX(), v.AsX())
	VHADDPS(v.AsX(), v.AsX(), v.AsX())
	VHADDPS(v.AsX(), v.AsX(), v.AsX())
}

// add returns a + b.
func add(a VecVirtual, b Op) VecVirtual {
	v := YMM()
	VADDPS(b, a, v)
	return v
}

// sub returns a - b.
func sub(a VecVirtual, b Op) VecVirtual {
	v := YMM()
	VSUBPS(b, a, v)
	return v
}

// mul returns a b.
func mul(a VecVirtual, b Op) VecVirtual {
	v := YMM()
	VMULPS(b, a, v)
	return v
}

// div returns a / b.
func div(a VecVirtual, b Op) VecVirtual {
	v := YMM()
	VDIVPS(b, a, v)
	return v
}

// atLeast returns max(v, low), atMost min(v, high); NaN stays.
func atLeast(v VecVirtual, low Op) VecVirtual {
	out := YMM()
	if m, ok := low.(Mem); ok {
		l := YMM()
		VMOVUPS(m, l)
		low = l
	}
	VMAXPS(v, low, out)
	return out
}

func atMost(v VecVirtual, high Op) VecVirtual {
	out := YMM()
	if m, ok := high.(Mem); ok {
		h := YMM()
		VMOVUPS(m, h)
		high = h
	}
	VMINPS(v, high, out)
	return out
}

// absolute returns |v|.
func absolute(v VecVirtual) VecVirtual {
	out := YMM()
	VANDPS(bits(0x7fffffff), v, out)
	return out
}

// sign returns the sign bit of v.
func sign(v VecVirtual) VecVirtual {
	out := YMM()
	VANDPS(bits(0x80000000), v, out)
	return out
}

// known returns the mask of what is not NaN.
func known(v VecVirtual) VecVirtual {
	out := YMM()
	VCMPPS(U8(7), v, v, out) // ordered
	return out
}

// horner returns the polynomial of x with coefficients from the highest.
func horner(x VecVirtual, c ...float64) VecVirtual {
	p := YMM()
	VMOVUPS(constant(c[0]), p)
	for _, k := range c[1:] {
		VFMADD213PS(constant(k), x, p)
	}
	return p
}
