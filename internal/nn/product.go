package nn

import "math"

// product computes what the vector kernel dense computes:
//
//	out[r n + j] = max(b[r] + Σ_k w[r rowStep + k innerStep] x[k n + j], floor)
//
// zero where the mask, if there is one, is not positive. Tiles of two rows by four
// columns stay in registers; each element is the sum over k in order, wherever it
// lies.
func product[F Float](out, x, w, b, mask []F, rows, inner, n, rowStep, innerStep int, floor F) {
	bias := func(r int) F {
		if b == nil {
			return 0
		}
		return b[r]
	}
	for r := 0; r < rows; r += 2 {
		s := min(r+1, rows-1) // a last row alone is computed twice, which keeps one loop
		j := 0
		for ; j+4 <= n; j += 4 {
			a0, b0 := bias(r), bias(s)
			a1, a2, a3 := a0, a0, a0
			b1, b2, b3 := b0, b0, b0
			p, q, at := r*rowStep, s*rowStep, j
			for range inner {
				c := x[at : at+4 : at+4]
				u, v := w[p], w[q]
				a0 += u * c[0]
				b0 += v * c[0]
				a1 += u * c[1]
				b1 += v * c[1]
				a2 += u * c[2]
				b2 += v * c[2]
				a3 += u * c[3]
				b3 += v * c[3]
				p, q, at = p+innerStep, q+innerStep, at+n
			}
			first, second := out[r*n+j:r*n+j+4], out[s*n+j:s*n+j+4]
			first[0], first[1], first[2], first[3] = max(a0, floor), max(a1, floor), max(a2, floor), max(a3, floor)
			second[0], second[1], second[2], second[3] = max(b0, floor), max(b1, floor), max(b2, floor), max(b3, floor)
		}
		for k := r; k <= s; k++ {
			for c := j; c < n; c++ {
				a := bias(k)
				for i := range inner {
					a += w[k*rowStep+i*innerStep] * x[i*n+c]
				}
				out[k*n+c] = max(a, floor)
			}
		}
	}
	if mask != nil {
		cut(out[:rows*n], mask)
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
// in tiles of two by four that stay in registers.
func outerProduct[F Float](dw, dout, x []F, outs, ins, n int) {
	row := func(m []F, i int) []F { return m[i*n : (i+1)*n] }
	for o := range outs {
		for i := ins / 4 * 4; i < ins; i++ {
			dw[o*ins+i] += Dot(row(dout, o), row(x, i))
		}
	}
	for o := 0; o < outs; o += 2 {
		a := row(dout, o)
		b := row(dout, min(o+1, outs-1))[:len(a)]
		for i := 0; i+4 <= ins; i += 4 {
			p, q, r, s := row(x, i)[:len(a)], row(x, i+1)[:len(a)], row(x, i+2)[:len(a)], row(x, i+3)[:len(a)]
			var ap, aq, ar, as, bp, bq, br, bs F
			for j, u := range a {
				v := b[j]
				ap += u * p[j]
				bp += v * p[j]
				aq += u * q[j]
				bq += v * q[j]
				ar += u * r[j]
				br += v * r[j]
				as += u * s[j]
				bs += v * s[j]
			}
			d := dw[o*ins+i:]
			d[0] += ap
			d[1] += aq
			d[2] += ar
			d[3] += as
			if o+1 < outs {
				d = dw[(o+1)*ins+i:]
				d[0] += bp
				d[1] += bq
				d[2] += br
				d[3] += bs
			}
		}
	}
}
