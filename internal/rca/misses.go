package rca

import (
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/identity"
)

// moreCalls is the growth of a kind of call from which on what is called is slower
// for being called more.
const moreCalls = 1.5

// misses gives the excess of a service that is called by more requests than usual
// to the caller whose ways have changed: a cache that no longer holds what it did,
// a branch that is taken more often. What is asked more often is busier, and that
// makes it slower. A call that every request made anyway, and now makes several
// times, is a retry, which a slow callee may well have caused itself: it is left
// where it is.
func misses(r *reach, by []suspect) {
	for c := range by {
		for _, p := range by[c].parts {
			if !p.misses() {
				continue
			}
			to := r.g.ServiceChannel(p.rpc.Service)
			callee := r.g.ServiceChannel(p.edge.Callee.Service)
			if to < 0 || callee < 0 || to == callee || !r.causal(to) || by[callee].excess <= 0 {
				continue
			}
			by[to].take(&by[callee])
		}
	}
}

// misses reports whether a part is a call that few requests made and more do now.
func (p *part) misses() bool {
	return p.metric == CallsMetric && p.kind == KindService && p.observed >= moreCalls*p.usual
}

// MissMetric is the name under which a cause shows calls that it makes more often for what its
// cache does not hold: how many for each of its requests.
const MissMetric = "cache_misses"

// caches are the systems that hold copies of what is elsewhere more often than they hold what is
// nowhere else.
var caches = []string{"redis", "valkey", "keydb", "dragonfly", "memcached", "hazelcast", "infinispan", "ehcache"}

// cacheOf returns the cache that an RPC asks besides its calls of kind i, at least as often: most
// of what was there it need not ask elsewhere.
func (s site) cacheOf(i int, p rpc) (cache identity.Service, ok bool) {
	for k, c := range p.calls {
		system, _, _ := strings.Cut(c.edge.Callee.Service.Name, ":")
		if k != i && c.leaf && s.now.n[k] >= s.now.n[i] && slices.Contains(caches, system) {
			return c.edge.Callee.Service, true
		}
	}
	return identity.Service{}, false
}
