// Command gen writes the vector kernels of package nn in Go assembly, for
// processors with AVX2, FMA and POPCNT:
//
//	go run -C internal/nn/gen .
//
// It is a module of its own, so that the assembler that it uses is no dependency
// of the product. Only VEX-encoded instructions are used, since one of the old
// encoding with dirty upper halves of registers costs more than a hundred cycles,
// and each function clears those halves before it returns.
package main

import (
	"flag"

	"github.com/mmcloughlin/avo/build"
)

func main() {
	_ = flag.Set("out", "../kernels_amd64.s")
	_ = flag.Set("stubs", "../kernels_amd64.go")
	_ = flag.Set("pkg", "nn")
	build.ConstraintExpr("!noasm")
	dense()
	weights()
	rowSums()
	clamps()
	sums()
	huber()
	gaussians()
	skips()
	adam()
	noise()
	ranks()
	gather()
	build.Generate()
}
