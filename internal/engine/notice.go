package engine

import (
	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/window"
)

// newLedger returns nil where the rules are zero: then nothing is noticed.
func newLedger(cfg change.Config) *change.Ledger {
	if cfg == (change.Config{}) {
		return nil
	}
	return change.NewLedger(cfg)
}

// notice takes in which services, operations, replicas and versions a window shows.
// How latencies behave is another matter: behaviour knows which of the model's nodes
// have changed, and drift how the causal graph has.
func (r *run) notice(s *window.Snapshot) {
	if r.ledger == nil {
		return
	}
	r.noticed = r.ledger.Observe(s)
	r.newChanges = r.newChanges || len(r.noticed) > 0
}
