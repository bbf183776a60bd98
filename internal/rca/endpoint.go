package rca

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/identity"
)

// Rules of endpoints.
const (
	// nearEnough is by how much the sum at a caller must exceed that at a callee
	// for the caller to be where gaps meet: a little more at its other links is noise.
	nearEnough = 1.1
	// alike is the largest ratio between the rise of a call to a leaf and that of a
	// gap at the same service for which both may be the same delay.
	alike = 1.6
	// alikeLost is the same where messages are lost: they are sent again after a time
	// that doubles, so that who loses more of them waits 1, 3 or 7 times as long.
	alikeLost = 8
	// resent is the least rise, in seconds, of what was sent again: less than the 200 ms
	// that Linux' TCP waits at least, since usual values scatter. What is late by less is
	// late for another reason.
	resent = 0.15
)

// endpoints gives the gaps of several links to the service at which they meet:
// what delays, or loses, the messages of a service shows at all of its links, and
// in its calls to leaves, which have no gap of their own. The service where most of
// the excess meets takes all of it, and so on with what is left. The gap of a
// single link stays the link's. A service whose calls to all of its leaves, at
// least two, rose by about the same takes them as well.
//
// A service that lacks CPU is late to send and to accept; what meets there is its
// own slowness, not the network's.
// See docs/math.md, 19.
func endpoints(r *reach, by []suspect, of symptoms) {
	e := endpoint{r: r, by: by, symptoms: of, service: make(map[identity.Service]int, len(by))}
	for c, k := range r.g.Channels {
		if !k.IsNetwork() {
			e.service[k.Service] = c
		} else if by[c].excess > 0 && by[c].parts[0].mechanism == Network {
			e.left = append(e.left, c)
		}
	}
	e.index()
	e.placed()
	// A delay and losses are two things, also where they meet at one link.
	all := e.left
	for _, e.delayed = range [...]bool{true, false} {
		e.left = slices.DeleteFunc(slices.Clone(all), func(c int) bool { return e.taken[c] || !e.atHand(c) })
		for len(e.left) > 0 {
			if e.delayed {
				e.settle(e.rather(e.meeting(), e.half()))
			} else {
				e.settle(e.rather(e.lossiest(), e.outlying()))
			}
		}
	}
	for _, k := range r.g.Channels {
		if !k.IsNetwork() && !r.g.Leaves[k.Service] {
			e.lostOnTheWay(k.Service)
			e.leavesAlone(k.Service)
		}
	}
}

// endpoint is the work of endpoints.
type endpoint struct {
	r       *reach
	by      []suspect
	service map[identity.Service]int // channels
	symptoms
	left    []int // network channels that nobody has taken yet
	delayed bool  // whether those at hand are delayed, rather than lossy
	// links and callers index what is near a service, so that the work grows with the
	// calls there are and not with their square: channels of its late links, and of the
	// suspected leaves that nobody else calls more slowly. What is taken stays in them.
	links, callers map[identity.Service][]int
	// touching are all calls from and to a service of which the gap is known, or the
	// callee sends no spans.
	touching map[identity.Service][]identity.Edge
	// outside are the network nodes of links from and to a service that have no part in
	// what the entry's requests wait for.
	outside map[identity.Service][]int
	// direct are all calls from and to a service that its callee's side alone shows.
	direct map[identity.Service][]identity.Edge
	taken  []bool // by channel; also what was given away before
	// spanless are the calls of an RPC that have spans of their callees alone, see around.
	spanless map[identity.RPC][]identity.Edge
}

// meeting returns the service where most of the excess meets, callees first.
func (e *endpoint) meeting() identity.Service {
	var best identity.Service
	most := 0.0
	for _, c := range e.left {
		for _, s := range e.ends(c) {
			if s == best {
				continue
			}
			sum, largest := 0.0, 0.0
			for _, x := range e.around(s) {
				sum += e.by[x].excess
				largest = max(largest, e.by[x].excess)
			}
			sum += largest * float64(e.beyond(s, c))
			if best.IsZero() || sum > nearEnough*most {
				best, most = s, sum
			}
		}
	}
	return best
}

// half is what tells delayed calls from others, in seconds: half of the rise of the link with
// the largest excess.
func (e *endpoint) half() float64 { return e.lateBy(e.left).rise / 2 }

// around returns the links of s that are late, and the leaves that are late by about as
// much.
func (e *endpoint) around(s identity.Service) []int {
	var out []int
	rise, longest, tail := 0.0, 0.0, 0.0
	for _, c := range e.links[s] {
		if !e.taken[c] && e.atHand(c) {
			out = append(out, c)
			rise, longest, tail = max(rise, e.rise(c)), max(longest, e.late(c)), max(tail, e.tail(c))
		}
	}
	for _, of := range e.together(s) {
		for _, c := range e.leaves(of) {
			if !e.atHand(c) { // where half of a window is delayed, one median moves and another does not
				if near(e.tail(c), tail) {
					out = append(out, c)
				}
				continue
			}
			if near(e.rise(c), rise) || e.delayed && near(e.late(c), longest) || !e.delayed && e.lostAlike(c, out) {
				out = append(out, c)
			}
		}
	}
	return out
}

// together returns s, and the services that it has calls with which are not late: what
// delays the messages of both, but not those between them, is where both run, as a proxy
// and the process that it serves.
func (e *endpoint) together(s identity.Service) []identity.Service {
	out := []identity.Service{s}
	for _, x := range e.touching[s] {
		o := other(x, s)
		c := e.r.g.NetworkChannel(x)
		if o != s && c >= 0 && e.by[c].excess <= 0 && !e.taken[c] && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	for _, x := range e.direct[s] {
		o := other(x, s)
		if c, ok := e.service[x.Caller.Service]; ok && o != s && e.by[c].excess <= 0 && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

// lostAlike reports whether the late calls of a leaf and of links are late because messages
// are sent again: by at least resent, nearly none by less, and within alikeLost.
func (e *endpoint) lostAlike(leaf int, links []int) bool {
	longest, all := 0.0, true
	for _, c := range links {
		longest = max(longest, e.late(c))
		all = all && (!e.r.g.Channels[c].IsNetwork() || e.resends(e.by[c].parts[0].edge, resent))
	}
	late := e.late(leaf)
	if near(late, longest) {
		return true
	}
	return all && e.resends(e.by[leaf].parts[0].edge, resent) && min(late, longest) >= resent && late <= alikeLost*longest && longest <= alikeLost*late
}

// beyond is the number of links of s, beside those on the way to the entry, that are late
// by about as much: they are none of the entry's business, but say where the delay is.
// Those between the ends of link c say nothing of which end it is.
func (e *endpoint) beyond(s identity.Service, c int) int {
	late, end := 0, e.otherEnd(c, s)
	for _, n := range e.outside[s] {
		x := e.r.g.Nodes[n].Edge
		if x.Caller.Service == end || x.Callee.Service == end {
			continue
		}
		if x := e.delay(n); x > 0 && near(x, e.rise(c)) {
			late++
		}
	}
	return late
}

// near reports whether two rises may be those of one delay.
func near(a, b float64) bool { return a > 0 && b > 0 && a <= alike*b && b <= alike*a }

// settle gives s what meets there.
func (e *endpoint) settle(s identity.Service) {
	around := e.around(s)
	met := len(around) > 1 || e.dropping(s) && !e.dropping(e.otherEnd(around[0], s)) ||
		e.delayed && e.beyond(s, around[0]) > 0 || !e.delayed && e.elsewhere(s, around[0], e.outlying())
	for _, c := range around {
		e.taken[c] = true
	}
	e.left = slices.DeleteFunc(e.left, func(c int) bool { return e.taken[c] })
	if met {
		e.merge(s, around)
	}
}

// ends returns the two services of a link, the likelier one first: the callee, unless
// a metric says that of the two only the caller loses messages.
func (e *endpoint) ends(c int) [2]identity.Service {
	edge := e.r.g.Channels[c].Edge
	if e.dropping(edge.Caller.Service) && !e.dropping(edge.Callee.Service) {
		return [...]identity.Service{edge.Caller.Service, edge.Callee.Service}
	}
	return [...]identity.Service{edge.Callee.Service, edge.Caller.Service}
}

// otherEnd returns the other service of a link of s.
func (e *endpoint) otherEnd(c int, s identity.Service) identity.Service {
	return other(e.r.g.Channels[c].Edge, s)
}

// other returns the service at the other end of a call of s.
func other(x identity.Edge, s identity.Service) identity.Service {
	if x.Callee.Service == s {
		return x.Caller.Service
	}
	return x.Callee.Service
}

// atHand reports whether a channel is delayed, or lossy, as those that are settled now.
func (e *endpoint) atHand(c int) bool { return e.by[c].parts[0].delayed == e.delayed }

// givenAway marks the channels that others have absorbed: they are late, though nothing is
// left of them.
func givenAway(by []suspect) []bool {
	out := make([]bool, len(by))
	for i := range by {
		for _, c := range by[i].absorbed {
			out[c] = true
		}
	}
	return out
}

// index fills in links and callers.
func (e *endpoint) index() {
	e.links, e.callers = make(map[identity.Service][]int), make(map[identity.Service][]int)
	e.taken = givenAway(e.by)
	e.touching = make(map[identity.Service][]identity.Edge)
	e.outside = make(map[identity.Service][]int)
	e.direct = make(map[identity.Service][]identity.Edge)
	for _, p := range e.r.rpcs {
		for _, c := range p.calls {
			if c.network < 0 && !c.leaf {
				e.direct[p.key.Service] = append(e.direct[p.key.Service], c.edge)
				e.direct[c.edge.Callee.Service] = append(e.direct[c.edge.Callee.Service], c.edge)
				continue
			}
			caller, callee := p.key.Service, c.edge.Callee.Service
			e.touching[caller] = append(e.touching[caller], c.edge)
			if !c.leaf && caller != callee { // a leaf has no gap: it may be slow itself
				e.touching[callee] = append(e.touching[callee], c.edge)
			}
		}
	}
	for n, node := range e.r.g.Nodes {
		if node.Class == cbn.NetworkNode && e.r.owner[n] < 0 {
			e.outside[node.Edge.Caller.Service] = append(e.outside[node.Edge.Caller.Service], n)
			if node.Edge.Caller.Service != node.Edge.Callee.Service {
				e.outside[node.Edge.Callee.Service] = append(e.outside[node.Edge.Callee.Service], n)
			}
		}
	}
	for _, c := range e.left {
		edge := e.r.g.Channels[c].Edge
		e.links[edge.Callee.Service] = append(e.links[edge.Callee.Service], c)
		if edge.Caller.Service != edge.Callee.Service {
			e.links[edge.Caller.Service] = append(e.links[edge.Caller.Service], c)
		}
	}
	for c, k := range e.r.g.Channels {
		if k.IsNetwork() || !e.r.g.Leaves[k.Service] || e.by[c].excess <= 0 {
			continue
		}
		s := e.by[c].parts[0].edge.Caller.Service
		if !slices.ContainsFunc(e.by[c].parts, func(p part) bool { return p.edge.Caller.Service != s || p.kind != KindDependency }) {
			e.callers[s] = append(e.callers[s], c)
		}
	}
}

// leaves returns the suspected leaves that nobody but s made slower calls to.
func (e *endpoint) leaves(s identity.Service) []int {
	var out []int
	for _, c := range e.callers[s] {
		if e.by[c].excess > 0 {
			out = append(out, c)
		}
	}
	return out
}

// late is by how many seconds the late calls of a channel are late: all of them where they
// are delayed, and the longest where some are lost, which the quantile that rose first
// need not show.
func (e *endpoint) late(c int) float64 {
	if t := e.tail(c); !e.delayed && t > 0 {
		return t
	}
	return e.rise(c)
}

// tail is by how many seconds the longest calls of a channel rose, 0 where they did not.
func (e *endpoint) tail(c int) float64 { return rose(e.by[c].parts[0].edge, e) }

// rise is by how many seconds the calls of a channel rose, at most.
func (e *endpoint) rise(c int) float64 {
	most := 0.0
	for _, p := range e.by[c].parts {
		most = max(most, p.rise)
	}
	return most
}

// leavesAlone gives s its leaves where all of them are as much slower.
func (e *endpoint) leavesAlone(s identity.Service) {
	slow := e.leaves(s)
	called := make(map[identity.Service]bool)
	for _, p := range e.r.rpcs {
		for _, c := range p.calls {
			if p.key.Service == s && c.leaf {
				called[c.edge.Callee.Service] = true
			}
		}
	}
	if len(slow) < 2 || len(slow) < len(called) {
		return
	}
	if spreads(slow, e.rise) <= alike || spreads(slow, e.late) <= alike {
		e.merge(s, slow)
	}
}

// spreads is the largest of what is measured of channels relative to the smallest.
func spreads(channels []int, of func(int) float64) float64 {
	least, most := math.Inf(1), 0.0
	for _, c := range channels {
		least, most = min(least, of(c)), max(most, of(c))
	}
	return most / least
}

// merge moves channels to the service s, as the delay of its messages.
func (e *endpoint) merge(s identity.Service, channels []int) {
	to, ok := e.service[s]
	if !ok || !e.r.causal(to) {
		return
	}
	metric := networkMetric
	if e.starved(s) {
		metric = ""
	}
	for _, c := range channels {
		for _, p := range e.by[c].parts {
			p.mechanism, p.metric, p.kind = Network, metric, KindService
			e.by[to].parts = append(e.by[to].parts, p)
		}
		e.by[to].excess += e.by[c].excess
		e.by[to].absorbed = append(append(e.by[to].absorbed, c), e.by[c].absorbed...)
		e.by[c] = suspect{}
	}
}
