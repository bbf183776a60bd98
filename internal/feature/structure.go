package feature

import (
	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// minShare is the share of requests without a caller from which on an RPC is an
// entry: fewer of them are traces that were lost in part.
const minShare = 0.5

// Entry reports whether at least half of the requests of r have no caller, not even one
// of which the span is lost.
func Entry(r *window.RPC) bool { return entry(r, 0) }

func entry(r *window.RPC, outside float64) bool {
	return r.Count > 0 && r.Entries-r.Torn+outside >= minShare*r.Count
}

// Structure returns what s shows of the causal graph. What was only ever streamed
// in s has no latency and is not part of it.
//
// Calls that were issued outside of any request, by a load generator or a timer
// say, count as coming from outside, so that what such a client calls is an entry.
func Structure(s *window.Snapshot) cbn.Observation {
	var o cbn.Observation
	outside := make(map[identity.RPC]float64)
	for i := range s.Edges {
		e := &s.Edges[i]
		if e.Count <= 0 {
			continue
		}
		o.Calls = append(o.Calls, cbn.Call{
			Edge: e.Key, Leaf: e.Leaf, Async: e.Async,
			Network: e.Matched > 0,
			Unseen:  e.Client.Count() == 0,
		})
		if e.Key.Caller.Operation == "" && !e.Async {
			outside[e.Key.Callee] += e.Count
		}
	}
	for i := range s.RPCs {
		r := &s.RPCs[i]
		if r.Count <= 0 {
			continue
		}
		o.RPCs = append(o.RPCs, r.Key)
		if entry(r, outside[r.Key]) {
			o.Entries = append(o.Entries, r.Key)
		}
	}
	return o
}
