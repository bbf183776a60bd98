package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Rules of lost spans.
const (
	minLost      = 0.02 // share from which on they are reckoned with
	lostQuantile = 0.25 // of the RPCs, which lose alike
	lostRequests = 20   // requests below which a share says nothing
)

// lossOf estimates the share p of spans that were lost on their way in the violated
// window. Of a request whose caller's span is lost nobody is known to have called it:
// where spans are lost at random, the requests of all RPCs that are called show as
// many without a caller. Of an RPC that is an entry besides, more do, hence a low
// quantile.
// See docs/math.md, 18.
func lossOf(r *reach, s *window.Snapshot) float64 {
	called := make(map[identity.RPC]bool)
	for _, p := range r.rpcs {
		for _, c := range p.calls {
			called[c.edge.Callee] = !c.leaf
		}
	}
	var shares []float64
	for i := range s.RPCs {
		if x := &s.RPCs[i]; called[x.Key] && !x.Async && window.Seen(x.Count, x.Unseen) >= lostRequests {
			shares = append(shares, x.Entries/x.Count)
		}
	}
	if len(shares) == 0 {
		return 0
	}
	slices.Sort(shares)
	if p := rank(shares, lostQuantile); p >= minLost {
		return p
	}
	return 0
}

// lost is the share of the requests of an RPC of which the span of at least one call that is slower
// than usual was lost. That such a request waited for the call then shows as its own time, so
// that its quantiles above 1 - lost say nothing of it. Lost calls that are as fast as usual are part of the usual own
// time.
//
//	lost = 1 - (1 - p)^n,  n = sum_c n'_c / (1 - p)^k_c
//
// where n'_c are the calls of a request to c that are seen: those of which both spans
// are, k = 2, and for a leaf the one that there is.
func (s site) lost(p rpc, v *view) float64 {
	n, kept := 0.0, 1-v.loss
	for i, c := range p.calls {
		if !slices.Contains(s.latency[i].moved[:], true) {
			continue
		}
		if n += s.now.n[i] / kept; !c.leaf {
			n += s.now.n[i]/(kept*kept) - s.now.n[i]/kept
		}
	}
	return 1 - math.Pow(kept, n)
}
