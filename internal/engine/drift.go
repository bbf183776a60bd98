package engine

import (
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/cbn"
)

// drift says whether the graph is another than the model in use was laid out for.
type drift struct {
	stale bool
	since int64 // event time at which it became so
	rare  bool  // it is, but of what is seen too seldom to be learned, see weigh

	what string // that is not the same

	graph, model *cbn.Graph // that were compared last
}

// compare looks at what may have changed. A graph that has changed and changed
// back is the same again, whatever its version says.
func (d *drift) compare(m *fitted, g *cbn.Graph, now int64) {
	var model *cbn.Graph
	if m != nil {
		model = m.layout.Graph
	}
	if g == d.graph && model == d.model {
		return
	}
	d.graph, d.model = g, model
	was := d.stale
	d.stale = model != nil && g != nil && !same(model, g)
	if d.stale && !was {
		d.since = now
	}
	if d.what = ""; d.stale {
		d.what = difference(model, g)
	}
}

// difference names some of what one of two graphs has and the other has not.
func difference(was, is *cbn.Graph) string {
	var parts []string
	if n := lacking(is, was); len(n) > 0 {
		parts = append(parts, "new: "+listed(n, maxNamed))
	}
	if n := lacking(was, is); len(n) > 0 {
		parts = append(parts, "gone: "+listed(n, maxNamed))
	}
	if len(parts) == 0 {
		return "what is called from where"
	}
	return strings.Join(parts, "; ")
}

// lacking returns the nodes of a that b has not.
func lacking(a, b *cbn.Graph) []cbn.Node {
	var out []cbn.Node
	for _, n := range a.Nodes {
		if b.Index(n) < 0 {
			out = append(out, n)
		}
	}
	return out
}

// maxNamed bounds how many nodes are named.
const maxNamed = 3

// same reports whether two graphs have the same structure.
func same(a, b *cbn.Graph) bool {
	if a == b {
		return true
	}
	x, y := a.Observation(), b.Observation()
	return slices.Equal(x.RPCs, y.RPCs) && slices.Equal(x.Entries, y.Entries) && slices.Equal(x.Calls, y.Calls)
}
