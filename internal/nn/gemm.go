package nn

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// gonum's Dgemm starts goroutines, and so allocates, where the result has four
// tiles of 64 x 64 or more. Results are therefore computed in strips of at most
// three tiles, which also stay in the first-level cache.
const (
	stripRows = 64
	stripCols = 3 * 64
)

// gemm computes
//
//	C = op(A) op(B) + beta C
//
// for C [m x n] and inner dimension k, all with the given strides.
func gemm(tA, tB blas.Transpose, m, n, k int, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	for i := 0; i < m; i += stripRows {
		rows := min(stripRows, m-i)
		for j := 0; j < n; j += stripCols {
			cols := min(stripCols, n-j)
			blas64.Gemm(tA, tB, 1,
				strip(tA == blas.NoTrans, a, lda, i, rows, k),
				strip(tB == blas.Trans, b, ldb, j, cols, k),
				beta, blas64.General{Rows: rows, Cols: cols, Stride: ldc, Data: c[i*ldc+j:]})
		}
	}
}

// strip is the part of an operand that rows (or columns) at to at+size of the
// result need: whole rows of it where byRow, else whole columns.
func strip(byRow bool, data []float64, stride, at, size, k int) blas64.General {
	if byRow {
		return blas64.General{Rows: size, Cols: k, Stride: stride, Data: data[at*stride:]}
	}
	return blas64.General{Rows: k, Cols: size, Stride: stride, Data: data[at:]}
}
