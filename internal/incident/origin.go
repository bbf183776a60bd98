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
	Host    string // with no service: whom a host hurts most depends on who asks
}

// origins are those of causes. A host is one beside the service that it hurts most,
// which from another entry, or in the next window, may be all that is blamed.
func origins(causes []rca.Cause) []origin {
	out := make([]origin, 0, len(causes))
	for i := range causes {
		c := &causes[i]
		if c.Service.IsZero() || c.Kind == rca.KindUnknown {
			continue
		}
		o := origin{Service: c.Service, Traffic: c.Kind == rca.KindTraffic}
		if c.Kind == rca.KindEdge {
			o.Caller = c.Edge.Caller.Service
		}
		out = append(out, o)
		if c.Kind == rca.KindHost && c.Host != "" {
			out = append(out, origin{Host: c.Host})
		}
	}
	return out
}

// common reports whether some origins have one in common with others.
func common(a, b []origin) bool {
	return slices.ContainsFunc(a, func(o origin) bool { return slices.Contains(b, o) })
}

// covered reports whether each of some causes has an origin among others.
func covered(causes []rca.Cause, by []origin) bool {
	for i := range causes {
		if !common(origins(causes[i:i+1]), by) {
			return false
		}
	}
	return true
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
	v := in.verdict()
	if v.Abstained {
		return
	}
	t.past = slices.DeleteFunc(t.past, func(p past) bool { return now-p.End > recently })
	t.past = append(t.past, past{k, now, origins(v.Culprits)})
	t.past = slices.Delete(t.past, 0, max(0, len(t.past)-maxNotes))
}

// recurrence counts the incidents of the same objective, with all of the root causes, that
// ended recently.
func (t *Tracker) recurrence(k key, in *incident, now int64) int {
	v := in.verdict()
	if v.Abstained {
		return 0
	}
	n := 0
	for _, p := range t.past {
		if p.Key == k && now-p.End <= recently && covered(v.Culprits, p.Origins) {
			n++
		}
	}
	return n
}
