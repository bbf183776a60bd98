package nn

import "math"

// product computes what the vector kernel dense computes:
//
//	out[r n + j] = max(b[r] + Σ_k w[r rowStep + k innerStep] x[k n + j], floor)
//
// zero where the mask, if there is one, is not positive. Each element is the sum over k
// in order, wherever it lies.
//
// Rows of x are added five at a time: their weights and what is at hand stay in the
// sixteen registers, and no element waits for another. Tiles of sums, which have fewer
// loads, do not fit: the compiler spills a sum, and each product waits for memory.
func product[F Float](out, x, w, b, mask []F, rows, inner, n, rowStep, innerStep int, floor F) {
	for r := range rows {
		row, at, k := out[r*n:(r+1)*n], r*rowStep, 0
		bias := F(0)
		if b != nil {
			bias = b[r]
		}
		Fill(row, bias)
		for ; k+5 <= inner; k += 5 {
			addFive(row, x[k*n:], w[at], w[at+innerStep], w[at+2*innerStep], w[at+3*innerStep], w[at+4*innerStep])
			at += 5 * innerStep
		}
		for ; k+2 <= inner; k += 2 {
			addTwo(row, x[k*n:], w[at], w[at+innerStep])
			at += 2 * innerStep
		}
		if k < inner {
			addOne(row, x[k*n:], w[at])
		}
		if floor > F(math.Inf(-1)) {
			for j, v := range row {
				row[j] = max(v, floor)
			}
		}
	}
	if mask != nil {
		cut(out[:rows*n], mask)
	}
}

// addFive adds to a row the products of the first five rows of x, each as long, and their
// weights.
func addFive[F Float](row, x []F, u, v, w, y, z F) {
	n := len(row)
	a, b, c, d, e := x[:n], x[n:][:n], x[2*n:][:n], x[3*n:][:n], x[4*n:][:n]
	for j, s := range row {
		s += u * a[j]
		s += v * b[j]
		s += w * c[j]
		s += y * d[j]
		row[j] = s + z*e[j]
	}
}

// addTwo adds to a row the products of the first two rows of x, each as long, and their
// weights.
func addTwo[F Float](row, x []F, u, v F) {
	n := len(row)
	a, b := x[:n], x[n:][:n]
	for j, s := range row {
		s += u * a[j]
		row[j] = s + v*b[j]
	}
}

// addOne adds to a row the product of the first row of x and its weight.
func addOne[F Float](row, x []F, w F) {
	x = x[:len(row)]
	for j, s := range row {
		row[j] = s + w*x[j]
	}
}

// cut clears elements where the mask, which is never negative, is zero. Which ones is a
// coin toss that a branch would pay for: positive numbers have positive bits.
func cut[F Float](out, mask []F) {
	mask = mask[:len(out)]
	for i, v := range out {
		keep := uint64(-int64(math.Float64bits(float64(mask[i]))) >> 63)
		out[i] = F(math.Float64frombits(math.Float64bits(float64(v)) & keep))
	}
}

// outerProduct computes what the vector kernel weights computes:
//
//	dw[o ins + i] += Σ_j dout[o n + j] x[i n + j]
//
// five sums at a time, which stay in registers.
func outerProduct[F Float](dw, dout, x []F, outs, ins, n int) {
	for o := range outs {
		row, to, i := dout[o*n:(o+1)*n], dw[o*ins:(o+1)*ins], 0
		for ; i+5 <= ins; i += 5 {
			dotFive(to[i:i+5], row, x[i*n:])
		}
		for ; i < ins; i++ {
			to[i] += Dot(row, x[i*n:(i+1)*n])
		}
	}
}

// dotFive adds to each of five numbers the product of a row and one of the first five rows
// of x.
func dotFive[F Float](to, row, x []F) {
	n := len(row)
	a, b, c, d, e := x[:n], x[n:][:n], x[2*n:][:n], x[3*n:][:n], x[4*n:][:n]
	var s, t, u, v, w F
	for j, y := range row {
		s += y * a[j]
		t += y * b[j]
		u += y * c[j]
		v += y * d[j]
		w += y * e[j]
	}
	to[0] += s
	to[1] += t
	to[2] += u
	to[3] += v
	to[4] += w
}
