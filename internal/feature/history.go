// Package feature turns snapshots into the columns that models are fitted to,
// keeps a bounded history of them, and knows what is normal.
//
// A column is keyed by what it measures, so that it survives changes of the
// causal graph. Missing is NaN, never zero.
package feature

import (
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
	Overlap               // RPC: log(union/sum) of outbound calls; 0 when sequential
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

// History is a bounded, columnar record of windows: one ring of float32 per key.
// It is not safe for concurrent use; Clone gives a reader its own.
type History struct{}
