package nn

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
		two := r+1 < rows
		j := 0
		for ; two && j+4 <= n; j += 4 {
			a0, a1 := bias(r), bias(r+1)
			a2, a4, a6 := a0, a0, a0
			a3, a5, a7 := a1, a1, a1
			p, q, at := r*rowStep, (r+1)*rowStep, j
			for range inner {
				c := x[at : at+4 : at+4]
				u, v := w[p], w[q]
				a0 += u * c[0]
				a1 += v * c[0]
				a2 += u * c[1]
				a3 += v * c[1]
				a4 += u * c[2]
				a5 += v * c[2]
				a6 += u * c[3]
				a7 += v * c[3]
				p, q, at = p+innerStep, q+innerStep, at+n
			}
			first, second := out[r*n+j:r*n+j+4], out[(r+1)*n+j:(r+1)*n+j+4]
			first[0], first[1], first[2], first[3] = max(a0, floor), max(a2, floor), max(a4, floor), max(a6, floor)
			second[0], second[1], second[2], second[3] = max(a1, floor), max(a3, floor), max(a5, floor), max(a7, floor)
		}
		for k := r; k < min(r+2, rows); k++ {
			for c := j; c < n; c++ {
				a := bias(k)
				for i := range inner {
					a += w[k*rowStep+i*innerStep] * x[i*n+c]
				}
				out[k*n+c] = max(a, floor)
			}
		}
	}
	if mask == nil {
		return
	}
	for i, m := range mask[:rows*n] {
		if m > 0 {
			continue
		}
		out[i] = 0
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
