package feature

import (
	"cmp"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

// Quantiles are the latency quantiles that every latency node carries.
var Quantiles = [...]float64{0.50, 0.95, 0.99}

// D is the number of quantiles per latency node.
const D = len(Quantiles)

// Kind says what a column measures.
type Kind uint8

// The kinds of columns.
const (
	Latency   Kind = iota // Node, Quantile: log seconds
	Metric                // Service, Name: resource metric of a service
	Load                  // RPC: log(1 + requests per second)
	Overlap               // RPC: log(union/sum) over callees; Edge: of the calls of a request to one callee; 0 when sequential
	Errors                // RPC or Edge: share of failed requests
	Calls                 // Edge: log(calls per parent request)
	Exclusive             // RPC, Quantile: log seconds of own time
)

// Key identifies a column. Fields that a kind does not use are zero.
type Key struct {
	Kind     Kind
	Node     cbn.Node         // Latency
	Edge     identity.Edge    // Calls, Errors of calls; Callee alone: RPC of Load, Overlap, Errors, Exclusive
	Service  identity.Service // Metric
	Name     string           // Metric
	Quantile int              // index in Quantiles
}

// Compare orders keys by their fields from top to bottom.
func (k Key) Compare(o Key) int {
	return cmp.Or(
		cmp.Compare(k.Kind, o.Kind),
		cmp.Compare(k.Node.Class, o.Node.Class),
		k.Node.Edge.Compare(o.Node.Edge),
		k.Edge.Compare(o.Edge),
		k.Service.Compare(o.Service),
		cmp.Compare(k.Name, o.Name),
		cmp.Compare(k.Quantile, o.Quantile),
	)
}
