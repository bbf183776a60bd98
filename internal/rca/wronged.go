package rca

import (
	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

// wrongly is how many times as much CPU as usual a service takes for each request, at least, that
// is taken to answer otherwise than it used to.
const wrongly = 2.0

// wrong is what a service below one that fails does differently.
type wrong struct {
	failing identity.Service // answered by it, fails
	metric  movedMetric
	times   float64 // as much as usual for each request
}

// wronged returns a service without failures below one that fails with nothing that fails below it,
// and is as it was but for that: what it takes for each request is not what it was, by most of all
// below. nil where there is none.
//
// A request may fail as what is answered to it is wrong, which no span of the callee says.
func (d *diagnosis) wronged(p rpc) *wrong {
	if d.starved(p.key.Service) {
		return nil
	}
	var out *wrong
	for _, n := range d.r.g.Ancestors(p.node) {
		s := d.r.g.Nodes[n].Edge.Callee.Service
		if d.r.g.Nodes[n].Class != cbn.ServerNode || s == p.key.Service {
			continue
		}
		if times := d.works(s); times >= wrongly && (out == nil || times > out.times) {
			out = &wrong{failing: p.key.Service, metric: *d.laborious(s), times: times}
		}
	}
	return out
}

// text is the evidence.
func (w *wrong) text() string {
	return w.failing.String() + " fails by itself, or by what it is answered: " + w.metric.key.Service.String() + " takes " +
		number(w.times) + " times as much CPU for each request as usual"
}
