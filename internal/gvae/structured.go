package gvae

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/nn"
)

// skip is the structured path of the decoder of one node: latency is the time of
// its own plus, per parent, calls times the parent's latency,
//
//	s_d = log(a_d + exp(overlap) Σ_c w_{c,d} exp(calls_c + overlap_c) exp(y_{c,d}))
//
// with a, w > 0, so that it rises with every parent and, far outside the range of
// training, with the slope that physics gives. Everything is computed relative to
// the node's median latency exp(center):
//
//	(s_d - center) / spread = log(softplus(α_d) + Σ_c softplus(ω_{c,d}) exp(m_c + y_{c,d} - center)) / spread
//
// where m_c = overlap + calls_c + overlap_c, and α and ω are what is learned. w is near one where
// quantiles add up; it is below where the slow requests of several parents are
// not the same ones.
// See docs/math.md, 6.
type skip struct {
	parents []int // nodes, by term
	own     int   // index of α [D] among the parameters
	weights int   // index of ω [terms x D]
}

// used reports whether the node has a skip path.
func (s *skip) used() bool { return len(s.parents) > 0 }

const (
	// leastOwn is the least of a relative to the node's median latency; it keeps
	// the logarithm finite.
	leastOwn = 1e-9
	// largestExponent keeps exponentials finite: a term of e⁶⁰ medians is a
	// broken input, not a latency.
	largestExponent = 60
	// largestFactor bounds log calls and log overlap for the same reason.
	largestFactor = 20
)

// skipRows are the rows of one node and n columns that the skip path computes and
// that its derivative needs again.
type skipRows struct {
	factor []float64 // m_c, [terms x n]
	terms  []float64 // addends, [terms*D x n]
	sums   []float64 // a plus addends, [D x n]
}

// forward adds quantile d of s to out [n], standardised, for the standardised
// latencies y of parents.
func (s *skip) forward(theta, out []float64, node, d int, scale *Scale, dims int, y parentRows, r skipRows) {
	n := len(out)
	center, spread := scale.Center[node*dims+d], scale.Spread[node*dims+d]
	sum := row(r.sums, d, n)
	own := nn.Softplus(theta[s.own+d]) + leastOwn
	for i := range sum {
		sum[i] = own
	}
	for t, p := range s.parents {
		w := nn.Softplus(theta[s.weights+t*dims+d])
		shift, slope := scale.Center[p*dims+d]-center, scale.Spread[p*dims+d]
		term, factor, parent := row(r.terms, t*dims+d, n), row(r.factor, t, n), y.row(p*dims + d)[:n]
		for i, v := range parent {
			e := w * math.Exp(min(factor[i]+shift+slope*v, largestExponent))
			term[i] = e
			sum[i] += e
		}
	}
	for i, v := range sum {
		out[i] += math.Log(v) / spread
	}
}

// backward takes the gradient dout [n] of quantile d of s back: to the parameters
// (accumulated in grad, unless nil) and to the parents (accumulated in the rows of dy,
// unless their data is nil).
//
//	∂s/∂α = sigmoid(α)/S,  ∂s/∂ω_c = T_c sigmoid(ω_c)/(w_c S),  ∂s/∂y_c = spread_c T_c/S
//
// each divided by the node's spread, with addends T_c and sum S.
func (s *skip) backward(theta, grad, dout []float64, node, d int, scale *Scale, dims int, dy parentRows, r skipRows) {
	n := len(dout)
	spread := scale.Spread[node*dims+d]
	sum := row(r.sums, d, n)
	if grad != nil {
		g := 0.0
		for i, v := range dout {
			g += v / sum[i]
		}
		grad[s.own+d] += g / spread * nn.Sigmoid(theta[s.own+d])
	}
	for t, p := range s.parents {
		term := row(r.terms, t*dims+d, n)
		if grad != nil {
			g := 0.0
			for i, v := range dout {
				g += v * term[i] / sum[i]
			}
			omega := theta[s.weights+t*dims+d]
			grad[s.weights+t*dims+d] += g / spread * nn.Sigmoid(omega) / nn.Softplus(omega)
		}
		if dy.data == nil {
			continue
		}
		slope := scale.Spread[p*dims+d] / spread
		parent := dy.row(p*dims + d)[:n]
		for i, v := range dout {
			parent[i] += slope * v * term[i] / sum[i]
		}
	}
}

// parentRows are rows of a matrix with stride columns, from column at.
type parentRows struct {
	data       []float64
	stride, at int
}

func (p parentRows) row(i int) []float64 { return p.data[i*p.stride+p.at : (i+1)*p.stride] }

// Where quantiles of parents add up to more than the node's, weights begin below
// one so that this share is left to the node itself.
const leastShare = 0.005

// start sets the parameters to what the medians of windows say: parents count
// fully, and the rest is the node's own,
//
//	w = min(1, 0.995/ρ),  a = max(0.005, 1 - w ρ),  ρ = median(Σ_c exp(m_c + y_c - y_n))
//
// over the windows in use. factor are the m_c of all windows.
func (s *skip) start(theta []float64, node int, scale *Scale, dims int, data *prepared, factor []float64, use []bool) {
	n := data.n
	ratios := make([]float64, 0, n)
	raw := func(y []float64, column, w int) float64 {
		return scale.Center[column] + scale.Spread[column]*row(y, column, n)[w]
	}
	for d := range dims {
		ratios = ratios[:0]
		for w := range n {
			sum := 0.0
			for t, p := range s.parents {
				sum += math.Exp(row(factor, t, n)[w] + raw(data.y, p*dims+d, w) - raw(data.target, node*dims+d, w))
			}
			if use[w] && finite(sum) {
				ratios = append(ratios, sum)
			}
		}
		share := 0.95 // of the parents, where nothing is known
		if len(ratios) > 0 {
			slices.Sort(ratios)
			share = quantile(ratios, 0.5)
		}
		weight := min(1, (1-leastShare)/share)
		theta[s.own+d] = nn.SoftplusInverse(max(leastShare, 1-weight*share))
		for t := range s.parents {
			theta[s.weights+t*dims+d] = nn.SoftplusInverse(max(weight, 1e-6))
		}
	}
}
