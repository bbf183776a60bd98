package change

import (
	"math"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// minRequests that were seen of a version in a window, below which its tail says nothing.
const minRequests = 20

// Comparison is how two versions of a service that run side by side serve one
// operation. That both meet the same load, callees and hour is what makes the
// difference one of the versions.
type Comparison struct {
	Operation string
	Old, New  float64 // the quantile of each, seconds
}

// Compare returns how two versions served the operation of which most is seen in
// the window, by the version of which there is less. It reports false where no
// operation was seen often enough of both.
func Compare(s *window.Snapshot, of identity.Service, before, after string, quantile float64) (Comparison, bool) {
	var out Comparison
	most := 0.0
	for i := range s.RPCs {
		r := &s.RPCs[i]
		if r.Key.Service != of {
			continue
		}
		was, wasSeen := served(r, before)
		is, isSeen := served(r, after)
		if n := math.Min(wasSeen, isSeen); n >= minRequests && n > most {
			most = n
			out = Comparison{r.Key.Operation, was.Quantile(quantile) / 1e9, is.Quantile(quantile) / 1e9}
		}
	}
	return out, most > 0
}

// served returns the latencies of one version of an RPC, and how many requests were seen.
func served(r *window.RPC, version string) (*sketch.Sketch, float64) {
	out, unseen := new(sketch.Sketch), 0.0
	for _, in := range r.Instances {
		if in.Version == version && in.Latency != nil {
			out.Merge(in.Latency)
			unseen += in.Unseen
		}
	}
	return out, window.Seen(out.Count(), unseen)
}
