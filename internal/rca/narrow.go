package rca

import (
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

// place is where the messages of a service are late: at one replica, or on a host where
// those of others are late too; or the broker whose topics are slow.
type place struct {
	whose
	broker     string
	neighbours []identity.Service
	text       string // evidence
}

// placed gives late links to the replica, or the host, whose calls alone are late: its
// links are late by the same for all of its services, and by less or nothing for replicas
// elsewhere. Of a host the service takes all of it of which most calls are late. It goes on
// while there is another one. Where it takes CPU to send and to accept, it says nothing.
// See docs/math.md, 19.
func (e *endpoint) placed() {
	explained := make(map[identity.Edge]bool)
	for range maxPlaces {
		all := e.lateCalls(explained)
		b, ok := placeOf(all)
		if !ok || !e.place(&b, all, explained) {
			return
		}
	}
}

// maxPlaces bounds the places that are blamed in one window.
const maxPlaces = 3

// lateCalls counts the late calls of all edges that are not explained, and that nobody has
// taken.
func (e *endpoint) lateCalls(explained map[identity.Edge]bool) []lateness {
	left := slices.DeleteFunc(slices.Clone(e.left), func(c int) bool { return e.taken[c] })
	if len(left) == 0 {
		return nil
	}
	by := e.lateBy(left)
	if !(by.least > 0) {
		return nil
	}
	var out []lateness
	for _, n := range e.r.g.Nodes {
		if n.Class != cbn.NetworkNode && (n.Class != cbn.ClientNode || !unserved(e.r.g, n.Edge)) || e.settled(n.Edge) || explained[n.Edge] {
			continue
		}
		if x, ok := e.lateness(n.Edge, by); ok {
			out = append(out, x)
		}
	}
	return out
}

// lateBy is the delay of the link with the largest excess.
func (e *endpoint) lateBy(left []int) delay {
	best := left[0]
	for _, c := range left {
		if e.by[c].excess > e.by[best].excess {
			best = c
		}
	}
	return delayOf(e.longest(e.r.g.Channels[best].Edge))
}

// place gives a place what it explains, and reports whether that is anything.
func (e *endpoint) place(b *belief, all []lateness, explained map[identity.Edge]bool) bool {
	at := place{whose: b.whose}
	late := make(map[identity.Service]float64)
	for i := range all {
		x := &all[i]
		if !b.explains(x) {
			continue
		}
		explained[x.edge] = true
		for side, ends := range x.ends {
			for k := range ends {
				if b.has(&ends[k]) && b.side(side) && ends[k].late >= mostly*b.share*ends[k].calls {
					late[ends[k].replica.Service] += ends[k].late
				}
			}
		}
	}
	channels := e.channelsOf(explained, b.whose)
	s, ok := e.worst(late, channels)
	if !ok || b.host != "" && len(late) < 2 {
		return false
	}
	for of := range late { // sorted below
		if of != s {
			at.neighbours = append(at.neighbours, of)
		}
	}
	slices.SortFunc(at.neighbours, identity.Service.Compare)
	at.text = share(b.share) + " of calls " + b.direction() + " " + b.name() + " are late, nearly none of others"
	for _, c := range channels {
		e.taken[c] = true
	}
	e.merge(s, channels)
	e.by[e.service[s]].at = &at
	return true
}

// channelsOf are the channels of late calls of which all that are slower are explained: of
// links, and of leaves; also those of leaves that are slower for callers at the place alone.
func (e *endpoint) channelsOf(explained map[identity.Edge]bool, at whose) (out []int) {
	for c, k := range e.r.g.Channels {
		u := &e.by[c]
		if e.taken[c] || u.excess <= 0 || !k.IsNetwork() && !e.r.g.Leaves[k.Service] {
			continue
		}
		if !slices.ContainsFunc(u.parts, func(p part) bool {
			switch {
			case p.kind == KindDependency:
				return !explained[p.edge] && !e.only(p.edge, at)
			case p.mechanism == Network:
				return !explained[p.edge]
			}
			return true
		}) {
			out = append(out, c)
		}
	}
	return out
}

// worst is the service with most late calls to which they may be given: one that nothing
// of its own makes as slow.
func (e *endpoint) worst(late map[identity.Service]float64, channels []int) (best identity.Service, ok bool) {
	sum := 0.0
	for _, c := range channels {
		sum += e.by[c].excess
	}
	for s, n := range late { // the maximum of a total order
		c, known := e.service[s]
		if known && e.by[c].excess > 0 && (e.starved(s) || e.by[c].excess >= absorbShare*sum) {
			return identity.Service{}, false
		}
		if known && e.r.causal(c) && (!ok || n > late[best] || n == late[best] && s.Compare(best) < 0) {
			best, ok = s, true
		}
	}
	return best, ok && sum > 0
}

// direction says which calls are late.
func (w way) direction() string {
	switch {
	case !w.answers:
		return "from"
	case !w.calls:
		return "to"
	}
	return "from and to"
}

// name is what a place is called.
func (w whose) name() string {
	if w.host != "" {
		return "host " + w.host
	}
	return w.service.String() + " replica " + w.id
}

// narrow makes a service whose messages are late the replica of it, or the host, where
// they are, and a topic its broker.
func (c *Cause) narrow(u *suspect) {
	if u == nil || u.at == nil {
		return
	}
	if u.at.broker != "" && c.Kind == KindDependency {
		c.Service = identity.Service{Name: u.at.broker}
		c.Evidence = slices.Insert(c.Evidence, 0, u.at.text)
	}
	if c.Mechanism != Network || c.Kind != KindService {
		return
	}
	c.Evidence = slices.Insert(c.Evidence, 0, u.at.text)
	if u.at.host == "" {
		c.Kind, c.Instance = KindInstance, u.at.id
		return
	}
	c.Kind, c.Host, c.Neighbours = KindHost, u.at.host, u.at.neighbours
	names := make([]string, min(len(c.Neighbours), maxNames))
	for i := range names {
		names[i] = c.Neighbours[i].String()
	}
	c.Evidence[0] += "; on " + c.Host + " " + strings.Join(names, ", ") + " too"
}

// known are all calls from and to a service of which the gap is known, or the callee sends
// no spans: also those that have no part in what the entry's requests wait for, as they are
// lost at the same service.
func (e *endpoint) known(s identity.Service) []identity.Edge {
	out := slices.Clone(e.touching[s])
	for _, n := range e.outside[s] {
		out = append(out, e.r.g.Nodes[n].Edge)
	}
	return out
}
