package rca

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sage-rca/sage/internal/identity"
)

// part is one thing that became slower given its causes, in seconds of the
// entry's tail.
type part struct {
	channel   int
	kind      Kind
	mechanism Mechanism
	edge      identity.Edge // of a call
	rpc       identity.RPC  // of a served request
	node      int           // node that shows it, -1
	excess    float64
	z         float64
	support   int // quantiles that moved
	metric    string
	observed  float64
	usual     float64
	rise      float64 // of a duration, of the lowest quantile that moved
	failing   bool    // the calls that are made again fail
	cached    bool    // of more calls: they are made for what a cache does not hold
	delayed   bool    // all of them are late, not some, see shift.delayed
	text      string  // evidence
	silent    *silent // who is waited for in vain, nil where that is not so
}

// CallsMetric is the name under which a cause shows calls that it makes more often for each of
// its requests.
const CallsMetric = "calls_per_request"

// OverlapMetric is the name under which a cause shows that calls which ran at once follow each
// other: for what share of their time its requests wait for them.
const OverlapMetric = "overlap"

// errorMetric is the name under which the share of failed requests is shown.
const errorMetric = "error_ratio"

// networkMetric is the name under which the gap between client and server is shown.
const networkMetric = "network_latency"

// queueMetric is the name under which the wait in a queue is shown.
const queueMetric = "queue_wait"

// suspect is a channel with what is slow of it.
type suspect struct {
	channel int
	parts   []part // largest excess first
	excess  float64
	// absorbed are network channels whose gap is a symptom of this service: it is
	// too busy to accept or to send.
	absorbed []int
	at       *place // where its messages are late, nil where that is everywhere
}

// scores is what the robust scorer says of one window.
type scores struct {
	suspects  []suspect // largest excess first
	explained float64   // sum of their excess
	traffic   *part
}

// absorbShare is the largest excess of a network gap, relative to that of a
// service at one of its ends, that counts as a symptom of the service.
const absorbShare = 0.5

// starvedShare is the same for a service that lacks CPU: its process waits for a
// core when it accepts and when it answers as well as when it serves, and only
// the last lies within its spans.
const starvedShare = 3

// symptoms says of services what their metrics show.
type symptoms interface {
	starved(identity.Service) bool // lacks CPU
	// works returns how many times as much CPU as usual a service takes for each request.
	works(identity.Service) float64
	// loops says that the event loop of a service is late.
	loops(identity.Service) bool
	// others says whether other services call the leaf of an edge, and whether they wait for it, too.
	others(identity.Edge) (there, late bool)
	// atEase says that a service has CPU to spare.
	atEase(identity.Service) bool
	// swamped says that a service has all the requests that it can serve.
	swamped(identity.Service) bool
	dropping(identity.Service) bool // loses messages
	// outliers returns how many calls had a gap above some seconds, and of how many.
	outliers(e identity.Edge, above float64) (outlying, calls float64)
	// delay is by how much the median gap of a network node of the graph rose, 0 where it
	// did not.
	delay(node int) float64
	strain(identity.Service) float64   // how many times as long as usual it takes
	even(identity.Edge) bool           // the network delays all calls alike
	least(identity.Edge) float64       // by how much the shortest gaps rose, seconds
	occupied(identity.Service) float64 // mean number of requests at once in a replica
	givenUp(identity.Edge) bool        // calls fail because nobody waits for them any longer
	// beside returns the other RPCs of the service of one.
	beside(identity.RPC) []rpc
	// holding is how many times as long as usual a holder, an RPC, waits for a call, 0 where
	// the own time of an RPC of the same service cannot be that of waiting for calls before.
	holding(p, holder rpc, c call) float64
	// alias reports whether a leaf and another callee are told of the same calls.
	alias(leaf, other call) bool
	// slowLeaf is what a call to a leaf says for itself.
	slowLeaf(c call, channel int) part
	// resends reports whether late calls of an edge are late by some seconds or more,
	// and nearly none by less.
	resends(e identity.Edge, by float64) bool
	// longest returns the longest gaps of a link, or calls to a leaf, now and usually.
	longest(e identity.Edge) (now, usual float64)
	// lateness counts the late calls of an edge by the replicas at its ends.
	lateness(e identity.Edge, by delay) (lateness, bool)
	// only reports whether calls to a leaf take longer for callers at a place alone.
	only(e identity.Edge, at whose) bool
	// slowTopics returns the topics of a broker where all are slower than usual.
	slowTopics(system string) []string
	replies(identity.Edge) bool // calls are messages of which the reply is waited for
	// origin returns where the calls of an edge begin to fail; false where that is on the way.
	origin(r *reach, e identity.Edge) (origin, bool)
	// notServing returns a service of which calls are not answered.
	notServing(identity.Service) *silent
	// unanswered returns who does not answer calls of an RPC, of whose requests so many are late.
	unanswered(of identity.RPC, late float64) (*silent, bool)
}

// share shows a share as a percentage.
func share(v float64) string { return number(100*v) + "%" }

// gather adds parts up by channel and ranks the channels.
func gather(r *reach, parts []part, of symptoms) scores {
	by := make([]suspect, len(r.g.Channels))
	for c := range by {
		by[c].channel = c
	}
	for _, p := range parts {
		by[p.channel].parts = append(by[p.channel].parts, p)
		by[p.channel].excess += p.excess
	}
	askedAgain(r, by, of)
	inVain(r, by, of)
	causing := slowed{r.g, make(map[identity.RPC][]int)}
	saturated(r, by, of, causing)
	brokers(r, by, of)
	around(r, by, of)
	busyCallers(r, by, of)
	endpoints(r, by, of)
	held(r, by, of, causing)
	absorb(r, by, of)
	aliases(r, by, of, causing)
	queues(r, by, of)
	misses(r, by)
	var s scores
	for c := range by {
		if by[c].excess <= 0 {
			continue
		}
		slices.SortStableFunc(by[c].parts, func(a, b part) int { return -cmp.Compare(a.excess, b.excess) })
		s.suspects = append(s.suspects, by[c])
		s.explained += by[c].excess
	}
	s.suspects = rankSuspects(s.suspects)
	return s
}

// rankSuspects sorts suspects, the largest excess first.
func rankSuspects(us []suspect) []suspect {
	slices.SortStableFunc(us, func(a, b suspect) int { return -cmp.Compare(a.excess, b.excess) })
	return us
}

// take makes another suspect a symptom of this one, and leaves nothing of it. What
// was this one's own stays first among its parts.
func (u *suspect) take(o *suspect) {
	u.parts = append(u.parts, o.parts...)
	u.excess += o.excess
	u.absorbed = append(append(u.absorbed, o.channel), o.absorbed...)
	*o = suspect{}
}

// absorb adds what a channel has to u, of which it is a symptom, and leaves nothing of it.
func (u *suspect) absorb(channel int, o *suspect) {
	u.excess += o.excess
	u.absorbed = append(append(u.absorbed, channel), o.absorbed...)
	*o = suspect{}
}

// absorb moves network gaps to a service at one of their ends that is itself
// slower by more than twice as much, or by a third where it lacks CPU, or at all where it takes twice as much
// of that for each request or its event loop is late (busyCallers): no network has anybody do that. Messages of which the reply is
// waited for wait for a consumer that lacks CPU for as long as it does.
func absorb(r *reach, by []suspect, of symptoms) {
	service := make(map[identity.Service]int, len(by))
	for c, k := range r.g.Channels {
		if !k.IsNetwork() {
			service[k.Service] = c
		}
	}
	for c, k := range r.g.Channels {
		if !k.IsNetwork() || by[c].excess <= 0 {
			continue
		}
		to, refusing := -1, by[c].refusing()
		for _, s := range [...]identity.Service{k.Edge.Callee.Service, k.Edge.Caller.Service} {
			i, ok := service[s]
			if !ok || by[i].excess <= 0 || to >= 0 && by[i].excess <= by[to].excess || refusing && s != k.Edge.Callee.Service {
				continue
			}
			behind := s == k.Edge.Callee.Service && of.replies(k.Edge) // in a queue without bound
			if of.works(s) >= wrongly || of.loops(s) || absorbShare*by[i].excess >= by[c].excess || (behind || starvedShare*by[i].excess >= by[c].excess) && of.starved(s) {
				to = i
			}
		}
		if to >= 0 {
			by[to].absorb(c, &by[c])
		}
	}
}

// queues says of gaps of messages, of which the reply is waited for, that these waited in a queue.
func queues(r *reach, by []suspect, of symptoms) {
	for c, k := range r.g.Channels {
		if !k.IsNetwork() || !of.replies(k.Edge) {
			continue
		}
		for i := range by[c].parts {
			if p := &by[c].parts[i]; p.mechanism == Network {
				p.mechanism, p.metric = QueueWait, queueMetric
				p.text = strings.Replace(p.text, " network ", " queue wait ", 1)
			}
		}
	}
}

// refusing reports whether most of the excess is that calls fail and are made again: it
// is no doing of a caller who is busy.
func (u *suspect) refusing() bool {
	sum := 0.0
	for _, p := range u.parts {
		if p.mechanism == Retry {
			sum += p.excess
		}
	}
	return 2*sum > u.excess
}

// of returns the suspect of a channel, or nil.
func (s scores) of(channel int) *suspect {
	for i := range s.suspects {
		if s.suspects[i].channel == channel {
			return &s.suspects[i]
		}
	}
	return nil
}
