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
type skipRows[F nn.Float] struct {
	factor []F // m_c, [terms x n]
	terms  []F // addends, [terms*D x n]
	sums   []F // a plus addends, [D x n]
	ratio  []F // of a gradient and a sum, [n]
}

// skipForward adds quantile d of the skip path of a node to out [n], standardised, for the
// standardised latencies y of parents. positive are a and w of all skip paths.
func skipForward[F nn.Float](s *skip, positive, out []F, node, d int, scale *Scale, dims int, y parentRows[F], r skipRows[F]) {
	n := len(out)
	center, spread := scale.Center[node*dims+d], scale.Spread[node*dims+d]
	sum := row(r.sums, d, n)
	nn.Fill(sum, positive[s.own+d]+leastOwn)
	for t, p := range s.parents {
		shift, slope := scale.Center[p*dims+d]-center, scale.Spread[p*dims+d]
		nn.ExpTerm(row(r.terms, t*dims+d, n), sum, row(r.factor, t, n), y.row(p, d)[:n],
			positive[s.weights+t*dims+d], F(shift), F(slope), largestExponent)
	}
	nn.AddLog(out, sum, F(1/spread))
}

// skipBackward takes the gradient dout [n] of quantile d back: to the parameters,
// accumulated in grad, and to the parents, accumulated in the rows of dy unless those are
// none.
//
//	∂s/∂α = sigmoid(α)/S,  ∂s/∂ω_c = T_c sigmoid(ω_c)/(w_c S),  ∂s/∂y_c = spread_c T_c/S
//
// each divided by the node's spread, with addends T_c and sum S.
func skipBackward[F nn.Float](s *skip, p *pass[F], grad, dout []F, node, d int, dy parentRows[F], r skipRows[F]) {
	n, dims, scale := len(dout), p.spec.D, p.scale
	spread := scale.Spread[node*dims+d]
	ratio := r.ratio[:n]
	own := s.own + d
	grad[own] += nn.Ratio(ratio, dout, row(r.sums, d, n)) / F(spread) * p.relative[own] * p.positive[own]
	for t, parent := range s.parents {
		term, weight := row(r.terms, t*dims+d, n), s.weights+t*dims+d
		grad[weight] += nn.Dot(ratio, term) / F(spread) * p.relative[weight]
		if dy.data != nil {
			nn.AddProduct(dy.row(parent, d)[:n], ratio, term, F(scale.Spread[parent*dims+d]/spread))
		}
	}
}

// parentRows are the latencies of nodes, [nodes*dims x n]; of some of the nodes where at
// says at which place each is.
type parentRows[F nn.Float] struct {
	data    []F
	dims, n int
	at      []int // nil: each is at its own
}

// row returns quantile d of a node.
func (p parentRows[F]) row(node, d int) []F {
	if p.at != nil {
		node = p.at[node]
	}
	return row(p.data, node*p.dims+d, p.n)
}

// Where quantiles of parents add up to more than the node's, weights begin below
// one so that this share is left to the node itself.
const leastShare = 0.005

// skipStart sets the parameters to what the medians of windows say: parents count
// fully, and the rest is the node's own,
//
//	w = min(1, 0.995/ρ),  a = max(0.005, 1 - w ρ),  ρ = median(Σ_c exp(m_c + y_c - y_n))
//
// over the windows in use, of which first is the number of the node's first term.
func skipStart[F nn.Float](s *skip, theta []float32, node int, scale *Scale, dims int, data *prepared[F], first int, use []bool) {
	ratios := make([]float64, 0, data.n)
	for d := range dims {
		ratios = ratios[:0]
		for w, used := range use {
			record, sum := data.record(w), 0.0
			raw := func(at, column int) float64 {
				return scale.Center[column] + scale.Spread[column]*float64(record[at+column])
			}
			for t, p := range s.parents {
				sum += math.Exp(float64(record[data.factors+first+t]) + raw(data.y, p*dims+d) - raw(data.target, node*dims+d))
			}
			if used && finite(sum) {
				ratios = append(ratios, sum)
			}
		}
		share := 0.95 // of the parents, where nothing is known
		if len(ratios) > 0 {
			slices.Sort(ratios)
			share = quantile(ratios, 0.5)
		}
		weight := min(1, (1-leastShare)/share)
		theta[s.own+d] = float32(nn.SoftplusInverse(max(leastShare, 1-weight*share)))
		for t := range s.parents {
			theta[s.weights+t*dims+d] = float32(nn.SoftplusInverse(max(weight, 1e-6)))
		}
	}
}
