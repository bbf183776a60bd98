package engine

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
)

// Drift is a node whose latency is no longer what the model says given its causes,
// while nobody is hurt: after a redeploy, say.
type Drift struct {
	Node  cbn.Node
	Since int64 // start of the window since which it is so, ns
}

const (
	// driftBeyond is the median residual, in robust standard deviations of single
	// windows, beyond which a node has drifted. The median of n windows errs by 1.25
	// over the root of n, 0.3 for leastLook, so that none of thousands of nodes gets
	// there by chance.
	driftBeyond = 3
	// clampDrift bounds what a single window says of when it began.
	clampDrift = 4 * driftBeyond
	// leastLook is the least number of windows to tell a drift from.
	leastLook = 16
)

// Drifted looks for nodes that have drifted: those whose residual, at any quantile,
// has a median over the last windows that lies beyond three of its standard
// deviations. Windows that are Violated, or start before a time, are no part of it;
// where fewer are left there is nothing to be said. Where a latency or one of its
// causes is missing in more than half of the windows, neither is there of that node.
func Drifted(m Learned, h *feature.History, after int64, windows int) []Drift {
	var rows []int
	for row := h.Len() - 1; row >= 0 && len(rows) < windows && h.Start(row) >= after; row-- {
		if h.Health(row) != feature.Violated {
			rows = append(rows, row)
		}
	}
	if len(rows) < windows {
		return nil
	}
	slices.Reverse(rows)
	residuals := m.Model.Residuals(m.Layout.Data(h, rows))
	var out []Drift
	known := make([]float64, 0, windows)
	for i, node := range m.Layout.Graph.Nodes {
		most, at := 0.0, -1
		for d := range feature.D {
			c := i*feature.D + d
			known = known[:0]
			for _, v := range residuals[c*windows : (c+1)*windows] {
				if !math.IsNaN(v) {
					known = append(known, v)
				}
			}
			if 2*len(known) < windows {
				continue
			}
			if v := math.Abs(median(known)); v > most {
				most, at = v, c
			}
		}
		if most > driftBeyond {
			first := onset(residuals[at*windows : (at+1)*windows])
			out = append(out, Drift{Node: node, Since: h.Start(rows[first])})
		}
	}
	return out
}

// median reorders v.
func median(v []float64) float64 {
	slices.Sort(v)
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// onset returns the index from which on values are at another level than before: where
// the cumulative sum of what they differ from their mean is furthest from zero (Page,
// "Continuous inspection schemes", Biometrika 1954), 0 where they were half as far
// off before it already.
func onset(values []float64) int {
	clamped := make([]float64, 0, len(values))
	index := make([]int, 0, len(values)) // after each
	sum := 0.0
	for i, v := range values {
		if !math.IsNaN(v) {
			v = min(max(v, -clampDrift), clampDrift)
			sum += v
			clamped, index = append(clamped, v), append(index, i+1)
		}
	}
	mean := sum / float64(len(clamped))
	furthest, before := 0.0, 0 // of the values
	sum = 0
	for i, v := range clamped[:len(clamped)-1] {
		if sum += v - mean; math.Abs(sum) > furthest {
			furthest, before = math.Abs(sum), i+1
		}
	}
	if before == 0 {
		return 0
	}
	at := index[before-1]
	if level := median(clamped[:before]); level*mean > 0 && math.Abs(level) > driftBeyond/2.0 {
		return 0
	}
	return at
}

// behaviour watches whether nodes behave as the model in use says.
type behaviour struct {
	drifts []Drift // that are to be learned
	since  int64   // since when all of them are
	// tried counts for each node how often it was learned because it drifted, since
	// the last whole training: the wait before the next doubles each time, so that
	// what cannot be learned does not keep training.
	tried map[cbn.Node]attempt
}

type attempt struct {
	n  int
	at int64 // event time of the last
}

// longestWait bounds the doubling: 1024 times what the first waits.
const longestWait = 10

// keep takes the drifts that are not to be waited with.
func (b *behaviour) keep(drifts []Drift, now, settle int64) {
	b.drifts, b.since = nil, 0
	for _, d := range drifts {
		if a, ok := b.tried[d.Node]; ok && now-a.at < settle<<min(a.n, longestWait) {
			continue
		}
		b.drifts = append(b.drifts, d)
		b.since = max(b.since, d.Since)
	}
}

// what names some of the nodes.
func (b *behaviour) what() string {
	var nodes []cbn.Node
	for _, d := range b.drifts {
		nodes = append(nodes, d.Node)
	}
	return listed(nodes, maxNamed)
}

// learned notes that drifts have been learned.
func (b *behaviour) learned(drifts []Drift, at int64) {
	if b.tried == nil {
		b.tried = make(map[cbn.Node]attempt)
	}
	for _, d := range drifts {
		b.tried[d.Node] = attempt{b.tried[d.Node].n + 1, at}
	}
	b.drifts, b.since = nil, 0
}

// forget begins anew, as a whole training does.
func (b *behaviour) forget() { *b = behaviour{} }
