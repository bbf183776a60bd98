package engine

import (
	"fmt"

	"github.com/sage-rca/sage/internal/window"
)

// Shares of requests that nobody is known to have called, although their traces began elsewhere,
// from which on that is said, and below which it is not any more. Up to a quarter of spans
// are lost without harm.
const (
	muchSevered = 0.25
	lessSevered = muchSevered / 2
)

// severed is the share of requests of the last windows that are parts of others, nobody knows
// of which; 0 where it is not worth a word.
type severed struct{ all, inner, share float64 }

// observe takes in a window, those before with less and less weight.
func (r *severed) observe(s *window.Snapshot) {
	const kept = 1 - 1.0/20
	r.all, r.inner = kept*r.all, kept*r.inner
	for i := range s.RPCs {
		r.all += s.RPCs[i].Count
		r.inner += s.RPCs[i].Inner
	}
	share := 0.0
	if r.all > 0 {
		share = r.inner / r.all
	}
	if share > muchSevered || r.share > 0 && share > lessSevered {
		r.share = share
		return
	}
	r.share = 0
}

// said says how many they are, and what to do, or "".
func (r *severed) said() string {
	if r.share == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %% of the requests are parts of others, but nobody is known to have called them, as parents of their spans never came: "+
		"what waits for them is taken to be slow itself; keep CLIENT spans in filters, pass parent span ids on, and send all spans of a trace to one Collector", 100*r.share)
}
