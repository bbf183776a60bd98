package method

import (
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
)

// PublishedLayout is the layout of a model as published. Its X are what the paper
// names: resource metrics, load, and calls per parent request. How far the calls of
// a request overlap, which this project adds, is left out. It follows from the
// latency of callees, so a decoder that may read it explains a slow callee by the
// caller, and every search ends at whoever calls in parallel. (The default sets it
// by arithmetic and does not take it for a cause either.)
//
// The columns keep their places; no network sees those left out and no channel
// owns them.
func PublishedLayout(g *cbn.Graph, h *feature.History) *feature.Layout {
	l := feature.NewLayout(g, h)
	without := func(columns []int) []int {
		return slices.DeleteFunc(columns, func(x int) bool { return l.XKeys[x].Kind == feature.Overlap })
	}
	for i := range l.XOf {
		l.XOf[i] = without(l.XOf[i])
	}
	for i := range l.Spec.Latents {
		l.Spec.Latents[i].X = without(l.Spec.Latents[i].X)
	}
	for i := range l.Spec.Nodes {
		l.Spec.Nodes[i].X = without(l.Spec.Nodes[i].X)
	}
	return l
}
