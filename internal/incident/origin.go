package incident

import (
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
)

// origin is what of a cause two incidents must have in common to be one: where it
// lies. How it hurts, and which replica of a service does, may look different from
// two entries, and from one window to the next.
type origin struct {
	Service identity.Service
	Caller  identity.Service // of the way from one service to another
	Traffic bool
}

func originOf(c *rca.Cause) origin {
	out := origin{Service: c.Service, Traffic: c.Kind == rca.KindTraffic}
	if c.Kind == rca.KindEdge {
		out.Caller = c.Edge.Caller.Service
	}
	if c.Service.IsZero() || c.Kind == rca.KindUnknown {
		return origin{}
	}
	return out
}

// origins are those of all culprits.
func origins(v *rca.Verdict) []origin {
	out := make([]origin, 0, len(v.Culprits))
	for i := range v.Culprits {
		if o := originOf(&v.Culprits[i]); o != (origin{}) {
			out = append(out, o)
		}
	}
	return out
}

// past is an incident that has ended.
type past struct {
	Key     key
	End     int64 // ns
	Origins []origin
}

// recently is the event time within which an incident that comes again recurs.
const recently = 7 * 24 * int64(3600e9)

// remember notes an incident that ends now.
func (t *Tracker) remember(k key, in *incident, now int64) {
	if in.Last.Verdict.Abstained {
		return
	}
	t.past = slices.DeleteFunc(t.past, func(p past) bool { return now-p.End > recently })
	t.past = append(t.past, past{k, now, origins(&in.Last.Verdict)})
	t.past = slices.Delete(t.past, 0, max(0, len(t.past)-maxNotes))
}

// recurrence counts the incidents of the same objective, with a root cause in common,
// that ended recently.
func (t *Tracker) recurrence(k key, in *incident, now int64) int {
	if in.Last.Verdict.Abstained {
		return 0
	}
	mine := origins(&in.Last.Verdict)
	n := 0
	for _, p := range t.past {
		if p.Key == k && now-p.End <= recently && slices.ContainsFunc(p.Origins, func(o origin) bool { return slices.Contains(mine, o) }) {
			n++
		}
	}
	return n
}
