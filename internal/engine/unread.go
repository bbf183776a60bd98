package engine

import (
	"slices"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// unreadWindows is how many windows in a row metrics of a service come of which none is used,
// before that is said: some are seldom sent.
const unreadWindows = 20

// unread remembers of which services metrics come, none of which is used. It explains why
// no resource is ever the cause there.
type unread struct {
	index int // windows seen
	of    map[identity.Service]*unreadMetrics
}

type unreadMetrics struct {
	since, last int // windows by index
	names       []string
}

// observe takes in a window. What is not sent for so many windows is forgotten.
func (u *unread) observe(s *window.Snapshot, keep int) {
	u.index++
	if u.of == nil {
		u.of = make(map[identity.Service]*unreadMetrics)
	}
	for i := range s.Unread {
		x := &s.Unread[i]
		if !isCalled(s, x.Service) { // somebody's whom no request reaches
			continue
		}
		m := u.of[x.Service]
		if m == nil {
			m = &unreadMetrics{since: u.index}
			u.of[x.Service] = m
		}
		m.last, m.names = u.index, x.Names
	}
	for i := range s.Resources {
		delete(u.of, s.Resources[i].Service)
	}
	for service, m := range u.of { // each alone: the order does not matter
		if u.index-m.last > keep {
			delete(u.of, service)
		}
	}
}

// isCalled reports whether a service served anything in a window, as itself or others say.
func isCalled(s *window.Snapshot, service identity.Service) bool {
	return slices.ContainsFunc(s.RPCs, func(r window.RPC) bool { return r.Key.Service == service }) ||
		slices.ContainsFunc(s.Edges, func(e window.Edge) bool { return e.Key.Callee.Service == service })
}

// warning says whose metrics are not used, and what to do, or "".
func (u *unread) warning() string {
	var of []identity.Service
	for service, m := range u.of { // sorted below
		if u.index-m.since >= unreadWindows {
			of = append(of, service)
		}
	}
	if len(of) == 0 {
		return ""
	}
	slices.SortFunc(of, identity.Service.Compare)
	names := u.of[of[0]].names
	return "no metric of " + listed(of, maxCrowds) + " is used, such as " + quoted(names[:min(len(names), maxUnread)]) +
		": no resource is monitored there; add those that are of one to metrics.include, and others to metrics.exclude"
}

// maxUnread bounds the metrics that a warning names.
const maxUnread = 2
