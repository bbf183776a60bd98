package feature

import (
	"math"

	"github.com/sage-rca/sage/internal/identity"
)

// recentRows is the number of rows by which is judged whether a column is
// present: two hours of half minutes. What has appeared since, or gone, counts.
const recentRows = 240

// presence knows in which of the recent rows services were seen.
type presence struct {
	h     *History
	first int // row
	seen  map[identity.Service][]bool
}

func newPresence(h *History) *presence {
	p := &presence{h: h, first: max(0, h.Len()-recentRows), seen: make(map[identity.Service][]bool)}
	for _, k := range h.Keys() {
		switch k.Kind {
		case Metric, Load:
			p.see(k.service(), k)
		case Errors:
			if k.Edge.Caller != (identity.RPC{}) {
				p.see(k.Edge.Caller.Service, k)
			}
		case Latency, Overlap, Calls, Exclusive: // never without one of the others
		}
	}
	return p
}

// service returns the service of which a column speaks: the caller of a call.
func (k Key) service() identity.Service {
	switch {
	case k.Kind == Metric:
		return k.Service
	case k.Edge.Caller != (identity.RPC{}):
		return k.Edge.Caller.Service
	}
	return k.Edge.Callee.Service
}

func (p *presence) see(s identity.Service, k Key) {
	rows := p.seen[s]
	if rows == nil {
		rows = make([]bool, p.h.Len()-p.first)
		p.seen[s] = rows
	}
	for i := range rows {
		rows[i] = rows[i] || !math.IsNaN(p.h.Value(k, p.first+i))
	}
}

// usable reports whether a column is there in at least half of the rows in which
// its service was seen, and in any.
func (p *presence) usable(k Key) bool {
	there, seen := 0, 0
	for i, s := range p.seen[k.service()] {
		if s {
			seen++
		}
		if !math.IsNaN(p.h.Value(k, p.first+i)) {
			there++
		}
	}
	return there > 0 && 2*there >= seen
}

// varies reports whether a column has two values that differ by more than
// rounding.
func varies(ring []float32) bool {
	low, high := math.Inf(1), math.Inf(-1)
	for _, f := range ring {
		if v := float64(f); !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	return high-low > 1e-6*max(math.Abs(low), math.Abs(high), 1e-6)
}
