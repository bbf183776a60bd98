package rca

import (
	"github.com/sage-rca/sage/internal/identity"
)

// minReplaced is the least share of further calls that must be missing elsewhere for these to
// be made in place of others.
const minReplaced = 0.5

// replaces returns the call of p that fails, and is made less often by most of what call i is
// made more often, -1 where there is none.
func (s site) replaces(i int, p rpc, v *view) int {
	more := s.now.n[i] - s.usual.n[i]
	if s.perRequest[i].n == 0 {
		more = s.now.n[i]
	}
	best, most := -1, minReplaced*more
	for k, c := range p.calls {
		if less := s.usual.n[k] - s.now.n[k]; k != i && s.perRequest[k].n >= minBaseline && less > 0 && less >= most && v.failing(c.edge) {
			best, most = k, less
		}
	}
	return best
}

// fallbacks returns the nodes below calls that were never made before, and are made now in place of
// others which fail, with these. Who is asked instead, once a breaker opens, is not the
// cause of what it takes, as it always took that long.
func (s *scorer) fallbacks() map[int]identity.Edge {
	out := make(map[int]identity.Edge)
	for i, p := range s.r.rpcs { // effects before causes
		site := &s.d.sites[i]
		for k, c := range p.calls {
			if site.perRequest[k].n > 0 || site.fresh[k] {
				continue
			}
			of, ok := out[p.node]
			if j := site.replaces(k, p, s.v); !ok && j >= 0 {
				of = p.calls[j].edge
				_, ok = s.of.origin(s.r, of)
			}
			if !ok {
				continue
			}
			for _, n := range [...]int{c.client, c.network, c.server} {
				if n >= 0 && (n != c.server || !s.v.knows(c.edge.Callee)) {
					out[n] = of
				}
			}
		}
	}
	return out
}
