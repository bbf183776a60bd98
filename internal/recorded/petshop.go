package recorded

import (
	"cmp"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// petShopQuantile is the quantile of the objective of PetShop's sets. The symptom
// is recorded of averages, which follow what a tenth of the requests do.
const petShopQuantile = 0.95

// petShopNode is what a row holds of one node.
type petShopNode struct {
	pairs                           []quantile
	average, requests, availability float64
}

// frames returns the windows of the file, in order of time. A node without
// requests in a window is missing in it.
func (p *petShopFile) frames(step int64, n notes) []*frame {
	var out []*frame
	for i, row := range p.rows {
		nodes := make(map[string]*petShopNode)
		for k := range p.columns {
			c := p.columns[k]
			v := cell(row, k)
			if c.node == "" || math.IsNaN(v) {
				continue
			}
			if nodes[c.node] == nil {
				nodes[c.node] = &petShopNode{average: math.NaN(), requests: math.NaN(), availability: math.NaN()}
			}
			nodes[c.node].put(c, v)
		}
		f := newFrame(p.starts[i], p.starts[i]+step)
		for name, node := range nodes {
			if s := node.served(n); s != nil {
				f.served[identity.Service{Name: name}] = s
			}
		}
		out = append(out, f)
	}
	return out
}

// put takes in one cell.
func (n *petShopNode) put(c petShopColumn, v float64) {
	switch c.metric {
	case Latency:
		if order, ok := statisticOrder(c.statistic); ok {
			n.pairs = append(n.pairs, quantile{order, v * c.unit})
		} else {
			n.average = v * c.unit
		}
	case "requests":
		n.requests = v
	case Availability:
		n.availability = v
	}
}

// served returns what the node served, nil where that is nothing. The average
// stands in for quantiles that are missing.
func (n *petShopNode) served(seen notes) *served {
	slices.SortFunc(n.pairs, func(a, b quantile) int { return cmp.Compare(a.order, b.order) })
	latency := newQuantiles(n.pairs...)
	if len(latency) == 0 && !math.IsNaN(n.average) {
		latency = newQuantiles(quantile{0.5, n.average})
		seen.add("nodes of windows with an average and no quantiles", 1)
	}
	switch {
	case math.IsNaN(n.requests) && len(latency) > 0:
		seen.add("nodes of windows with a latency and no number of requests", 1)
		return nil
	case math.IsNaN(n.requests):
		seen.add("nodes of windows without requests", 1)
		return nil
	}
	s := &served{count: n.requests, latency: latency}
	if !math.IsNaN(n.availability) && n.requests > 0 {
		s.errors = math.Min(1, math.Max(0, 1-n.availability/percent))
	}
	return s
}
