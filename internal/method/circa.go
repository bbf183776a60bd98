package method

import (
	"math"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/rca"
)

// CIRCA is regression-based hypothesis testing with descendant adjustment (Li et
// al., "Causal Inference-Based Root Cause Analysis for Online Service Systems with
// Intervention Recognition", KDD 2022) on the span graph. A metric whose values
// given its causes are not what they used to be was intervened on:
//
//	x = b + wᵀ pa(x) + e            fitted to normal windows
//	score(x) = max over abnormal windows |e - mean| / sd
//	score'(x) = score(x) + max over D of score, where score(x) >= 3
//
// D are the effects of x, and through those that score below 3 the effects of
// these in turn. A service scores by its best column, which tells the resource.
//
// The graph follows the paper's: traffic causes saturation and latency, and
// latency is caused by that of callees. What differs:
//
//   - Calls have latencies of their own (client, network), so that the way to a
//     callee can be blamed; what a call shows is its callee's.
//   - Latencies are regressed on latencies and load alone, not on the metrics of
//     their service: with dozens of metrics and as few windows that fits noise, and
//     both ends of the arrows that are missing blame the same service. They count
//     in the adjustment.
//   - Each feature quantile is a metric of its own, caused by the same quantile of
//     its causes; the best one counts.
//   - Regression is ridge regression, since latencies of siblings go together.
type CIRCA struct{}

// Name implements Method.
func (CIRCA) Name() string { return "circa" }

// significant is the score from which on a metric is abnormal (three sigma).
const significant = 3

// Diagnose implements Method.
func (CIRCA) Diagnose(in rca.Input) Answer {
	s, r, reason := open(in)
	if s == nil {
		return abstain(reason)
	}
	g := newMetricGraph(s, r)
	e := newEvidence(s)
	for i, score := range g.adjusted(g.scores(r)) {
		e.add(g.owner[i], score, g.keys[i])
	}
	return first(e.ranking())
}

// metricGraph is the causal graph of columns. Causes come before effects.
type metricGraph struct {
	keys    []feature.Key
	owner   []int // service of the scope
	parents [][]int
	// effects are what a metric causes besides what lists it as a parent.
	effects [][]int
	values  [][]float64 // raw, by row
}

// scores tests every metric given its causes.
func (g *metricGraph) scores(r *reader) []float64 {
	fit := newRegression(r)
	out := make([]float64, len(g.keys))
	var parents [][]float64
	for i := range g.keys {
		parents = parents[:0]
		for _, p := range g.parents[i] {
			parents = append(parents, g.values[p])
		}
		out[i] = fit.score(g.values[i], parents)
	}
	return out
}

// adjusted adds to the score of an abnormal metric the largest one among its
// effects, those of normal effects included.
func (g *metricGraph) adjusted(scores []float64) []float64 {
	below := make([]float64, len(scores)) // largest score among the effects
	out := make([]float64, len(scores))
	for i := len(scores) - 1; i >= 0; i-- {
		for _, c := range g.effects[i] {
			below[i] = math.Max(below[i], g.seen(c, scores, below))
		}
		out[i] = scores[i]
		if scores[i] >= significant {
			out[i] += below[i]
		}
		for _, p := range g.parents[i] {
			below[p] = math.Max(below[p], g.seen(i, scores, below))
		}
	}
	return out
}

// seen is what effect c adds to its causes.
func (*metricGraph) seen(c int, scores, below []float64) float64 {
	if scores[c] < significant {
		return math.Max(scores[c], below[c])
	}
	return scores[c]
}
