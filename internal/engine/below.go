package engine

import (
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

// needs are the services that an entry needs: those to which calls lead that are waited
// for.
type needs struct {
	services []identity.Service                      // with the entry's own, sorted
	callers  map[identity.Service][]identity.Service // of each
}

// below returns what an entry needs.
func below(g *cbn.Graph, entry identity.RPC) needs {
	var services []identity.Service
	callers := make(map[identity.Service][]identity.Service)
	if g == nil {
		return needs{nil, callers}
	}
	calls := g.Calls() // sorted by caller
	seen := map[identity.RPC]bool{entry: true}
	for queue := []identity.RPC{entry}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		services = append(services, at.Service)
		first, _ := slices.BinarySearchFunc(calls, at, func(c cbn.Call, k identity.RPC) int { return c.Edge.Caller.Compare(k) })
		for _, c := range calls[first:] {
			if c.Edge.Caller != at {
				break
			}
			if c.Async {
				continue
			}
			to := c.Edge.Callee
			callers[to.Service] = append(callers[to.Service], at.Service)
			if !seen[to] {
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
	slices.SortFunc(services, identity.Service.Compare)
	return needs{slices.Compact(services), callers}
}
