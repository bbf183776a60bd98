package engine

import (
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
)

// drift says whether the graph is another than the model in use was laid out for.
type drift struct {
	stale bool
	since int64 // event time at which it became so

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
}

// same reports whether two graphs have the same structure.
func same(a, b *cbn.Graph) bool {
	if a == b {
		return true
	}
	x, y := a.Observation(), b.Observation()
	return slices.Equal(x.RPCs, y.RPCs) && slices.Equal(x.Entries, y.Entries) && slices.Equal(x.Calls, y.Calls)
}
