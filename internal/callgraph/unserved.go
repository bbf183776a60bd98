package callgraph

import (
	"cmp"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/sage-rca/sage/internal/identity"
)

// enoughCalls is the number of calls from which on it is known by whom they are served. What
// they tell is hardly chance: few are enough, so that operations that there are only until it
// is known are not there for long. A name does not change: one call with it is enough.
const enoughCalls, enoughNamed = 8, 1

// abroad is a span right below a CLIENT span of another service, that is no SERVER or
// CONSUMER.
type abroad struct{ call, child int32 }

// unserved is what is known of the calls of one name below which there are such spans: by
// habit they are calls of a service that tells of what it calls, but not of what it serves.
type unserved struct {
	habit
	service identity.ServiceNo
	rpc     identity.RPCNo // of service, with the operation that the callers name
	others  atomic.Bool    // several services are called by this name
}

// complete gives a request to services that tell of their calls only: where nothing but
// the outgoing side is instrumented, the spans of a service stand right below the CLIENT
// span of who called it. Between the two goes a SERVER span that takes as long as the call,
// of the service below, with the operation that the caller names. Without it the own time
// of that service would be the network's.
//
// The CLIENT span of a proxy looks the same, and its own time is that of the network. Which
// of the two it is, is learned by the name of the call (seemsUnserved), and until it
// is known, and where nothing tells, the span stands for a request that is its one call.
//
// It comes after match, and reports whether there are new spans: then everything from sort
// on is to be done again.
func (a *Assembler) complete() bool {
	f := &a.frag
	if len(f.abroad) == 0 {
		return false
	}
	slices.SortFunc(f.abroad, func(a, b abroad) int {
		return cmp.Or(cmp.Compare(a.call, b.call), cmp.Compare(a.child, b.child))
	})
	found := false
	for rest := f.abroad; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].call == rest[0].call {
			n++
		}
		if rpc, ok := a.unserved(rest[:n]); ok {
			call, replica := rest[0].call, f.nodes[rest[0].child].span.replica
			hop := f.insert(call, rpc, f.nodes[rest[0].child].span.service, replica)
			for _, v := range rest[:n] {
				f.nodes[v.child].parent = hop
			}
			f.align(hop, rest[:n])
			found = true
		}
		rest = rest[n:]
	}
	return found
}

// insert adds a SERVER span that takes as long as the call of a node, below that, and
// returns its node. Its exemplar is the call.
func (f *fragment) insert(call int32, rpc identity.RPCNo, service identity.ServiceNo, replica identity.ReplicaNo) int32 {
	h := *f.nodes[call].span
	h.parent = h.id
	h.kind = Server
	h.rpc, h.service, h.replica, h.callee = rpc, service, replica, 0
	f.hops = append(f.hops, h)
	f.nodes = append(f.nodes, node{span: &f.hops[len(f.hops)-1], parent: call, hop: true})
	return int32(len(f.nodes)) - 1
}

// align moves the span of a hop, which has the clock of the caller, as little as it takes to
// have the spans of its service within it, if it is long enough.
func (f *fragment) align(hop int32, below []abroad) {
	h := f.nodes[hop].span
	first, last := int64(maxTime), int64(0)
	for _, v := range below {
		s := f.nodes[v.child].span
		first, last = min(first, s.start), max(last, s.end)
	}
	move := int64(0)
	switch {
	case last-first > h.duration():
	case first < h.start:
		move = first - h.start
	case last > h.end:
		move = last - h.end
	}
	h.start, h.end = h.start+move, h.end+move
}

// restart forgets everything of the nodes that load has not found out.
func (f *fragment) restart() {
	for i := range f.nodes {
		n := &f.nodes[i]
		*n = node{span: n.span, parent: n.parent, hop: n.hop}
	}
}

// unserved returns the RPC that serves the call above spans of other services, if it is known
// that no span tells of that. It learns from these.
func (a *Assembler) unserved(below []abroad) (identity.RPCNo, bool) {
	f := &a.frag
	call := &f.nodes[below[0].call]
	head := f.nodes[call.call].span
	if call.answered || head.terminal {
		return 0, false
	}
	service, inner, handles := f.nodes[below[0].child].span.service, 0, false
	for _, v := range below {
		n := &f.nodes[v.child]
		if n.span.service != service {
			return 0, false
		}
		if n.span.kind == Internal {
			inner++
			handles = handles || n.calls
		}
	}
	if inner == 1 && handles {
		return 0, false // a SERVER of the wrong kind
	}
	o := a.opinion(below, alias{head.service, head.callee}, service, head.end)
	if o.unserved == nil {
		return 0, false // a library that names nobody
	}
	if o.enough > 0 && (inner == 0 || len(below) > 1) && o.unserved.note(o.seems, o.enough) {
		a.known.known.hops()
	}
	switch names := a.known.known.names; {
	case !o.unserved.is.Load():
		return 0, false
	case o.unserved.service != service:
		operation := names.RPC(o.unserved.rpc).Operation
		return names.RPCNo(identity.RPC{Service: names.Service(service), Operation: operation}), true
	}
	return o.unserved.rpc, true
}

// lone is a call with one span of another service below it.
type lone struct {
	call             alias
	service          identity.ServiceNo // of the span
	callee, served   identity.RPCNo     // by it, and by who answered it, if anybody
	kind             Kind
	terminal, failed bool
}

// opinion is what a call with spans of another service below it says.
type opinion struct {
	known    bool
	of       lone
	at       int64
	unserved *unserved // of all such calls, nil where they name nobody

	seems  bool // as seemsUnserved has it
	enough int32
}

// opinion returns what a call with spans of a service below it says. Where it is one span,
// as those of proxies are, it is mostly what a call said before.
func (a *Assembler) opinion(below []abroad, at alias, service identity.ServiceNo, now int64) opinion {
	o := opinion{known: true, at: now}
	var was *opinion
	if len(below) == 1 {
		n := &a.frag.nodes[below[0].child]
		o.of = lone{at, service, n.span.callee, 0, n.span.kind, n.span.terminal, n.span.failed}
		if n.server != none {
			o.of.served = a.frag.rpc(n.server)
		}
		if was = a.known.opinion(&o.of); was.known && was.of == o.of && now-was.at <= a.known.grain && was.at-now <= a.known.grain {
			return *was
		}
	}
	known := a.known.known
	if callee := known.names.RPC(at.callee); !callee.Service.IsZero() {
		o.unserved = known.unservedBy(at, service, now)
		o.seems, o.enough = a.seemsUnserved(below, callee, service)
	}
	if was != nil {
		*was = o
	}
	return o
}

// seemsUnserved reports whether a call was for the service whose spans stand below it, and
// not for whom these call in turn, and how many such calls are enough to know, none where nothing tells. The first that
// applies decides:
//
//   - one call of the same peer passes the call on;
//   - who has the name of the peer is who was called;
//   - so is who answers the spans below, if that has the name of the peer: the call was
//     passed on to it;
//   - who calls a database or a broker for a call of neither, or two different things, none of
//     them in place of another that failed, does work of its own;
//   - one call that is served as what the caller named was passed on, and one that is served as
//     what it was called, but the caller's was not, is another call.
func (a *Assembler) seemsUnserved(below []abroad, callee identity.RPC, service identity.ServiceNo) (seems bool, enough int32) {
	f, names := &a.frag, a.known.known.names
	first := &f.nodes[below[0].child]
	alone := len(below) == 1
	if alone && names.RPC(first.span.callee).Service == callee.Service {
		return false, enoughCalls
	}
	if isNamed(callee.Service, names.Service(service)) {
		return true, enoughNamed
	}
	works, calls := false, identity.RPCNo(0)
	for _, v := range below {
		n := &f.nodes[v.child]
		if n.server != none && isNamed(callee.Service, names.Service(f.nodes[n.server].span.service)) {
			return false, enoughCalls
		}
		if n.span.failed || !n.span.kind.outbound() {
			continue
		}
		works = works || n.span.terminal || n.span.kind == Producer || calls != 0 && calls != n.span.callee
		calls = n.span.callee
	}
	switch {
	case works:
		return true, enoughCalls
	case !alone || first.server == none:
		return false, 0
	}
	switch names.RPC(f.rpc(first.server)).Operation {
	case callee.Operation:
		return false, enoughCalls
	case names.RPC(first.span.callee).Operation:
		return true, enoughCalls
	}
	return false, 0
}

// isNamed reports whether peer names a service: by its name, or by the first label of a
// host name, as in "cart.shop.svc.cluster.local:8080". Callers hardly ever say a namespace.
func isNamed(peer, s identity.Service) bool {
	if peer.Namespace != "" && peer.Namespace != s.Namespace {
		return false
	}
	rest, ok := strings.CutPrefix(peer.Name, s.Name)
	return ok && s.Name != "" && (rest == "" || rest[0] == '.' || rest[0] == ':')
}
