package recorded

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/sage-rca/sage/internal/identity"
)

// minRateWindows is the number of windows for each caller of a service below which their rates
// do not tell who calls how often.
const minRateWindows = 20

// callRates estimates the calls per request of each link into a callee from how many requests it
// and its callers have, window by window, which is all that a recording without spans has:
//
//	n = argmin over n >= 0 of Σ_t (y_t - Σ_l n_l x_lt)² / (1 + y_t)
//
// with the y requests of the callee and the x of each caller in window t; the weights are those of counts. Requests of
// different kinds come in numbers that differ from window to window, each by itself, and that tells
// their callees apart. nil where there are too few windows.
func callRates(frames []*frame, callee identity.Service, links []link) []float64 {
	k := len(links)
	gram, right := mat.NewSymDense(k, nil), make([]float64, k)
	windows := 0
	x := make([]float64, k)
	for _, f := range frames {
		s := f.served[callee]
		if s == nil || !(s.count > 0) {
			continue
		}
		for i, l := range links {
			x[i] = 0
			if c := f.served[l.caller]; c != nil && c.count > 0 {
				x[i] = c.count
			}
		}
		windows++
		weight := 1 / (1 + s.count)
		for i := range k {
			right[i] += weight * x[i] * s.count
			for j := i; j < k; j++ {
				gram.SetSym(i, j, gram.At(i, j)+weight*x[i]*x[j])
			}
		}
	}
	if windows < minRateWindows*k {
		return nil
	}
	return nonNegative(gram, right)
}

// nonNegative solves argmin over n >= 0 of n' A n / 2 - b' n for a positive semidefinite A by
// coordinate descent.
func nonNegative(a *mat.SymDense, b []float64) []float64 {
	const sweeps, precise = 10_000, 1e-9
	n := make([]float64, len(b))
	for range sweeps {
		moved := 0.0
		for i := range n {
			d := a.At(i, i)
			if !(d > 0) {
				continue
			}
			left := b[i]
			for j := range n {
				left -= a.At(i, j) * n[j]
			}
			next := max(0, n[i]+left/d)
			moved = max(moved, math.Abs(next-n[i]))
			n[i] = next
		}
		if moved < precise {
			break
		}
	}
	return n
}
