package callgraph

import (
	"strings"
	"sync/atomic"

	"github.com/sage-rca/sage/internal/identity"
)

// Known is what assemblers learn about who is instrumented, so that a call
// whose server span is lost is not taken for one of an uninstrumented
// dependency. It is shared by the assemblers of all shards and safe for
// concurrent use. It is bounded, and forgets what has not been seen for a
// while; what finds no room is not learned.
type Known struct {
	names *identity.Names
	keep  int64
	// services are those that emit SERVER or CONSUMER spans. Peer attributes
	// hardly ever say a namespace, so a service is known by its name alone too.
	services *identity.Recent[identity.Service, struct{}]
	// answers maps a call to the RPC that served it, zero where there are several.
	answers *identity.Recent[alias, identity.RPCNo]
	// calls are the services that call an RPC directly, and the RPCs alone.
	calls *identity.Recent[alias, struct{}]
	// bridges are the calls of uninstrumented hops.
	bridges *identity.Recent[alias, struct{}]
	// messages are those from a service to an RPC that consumes them.
	messages *identity.Recent[alias, *habit]
	// unserved are the calls below which there are spans, but none that serves.
	unserved *identity.Recent[alias, *unserved]
	// through are the calls that an uninstrumented hop passes the context on of.
	through *identity.Recent[alias, *habit]
	// readings are what is asked for and what is served for it, and what their names say.
	readings *identity.Recent[Edge, says]
	// settlements are the names of spans without a kind, and whether they serve.
	settlements *identity.Recent[alias, *habit]
	// nestings are requests, and others of which they may be part.
	nestings *identity.Recent[Edge, *habit]
	// tellers are the services that tell of their calls, other than of databases and brokers.
	tellers *identity.Recent[identity.Service, struct{}]
	// joiners are the services that join the spans of their callers.
	joiners *identity.Recent[identity.Service, struct{}]
	joining atomic.Bool   // there are joiners
	bridged atomic.Bool   // there are bridges
	learned atomic.Uint64 // counts what was learned anew
}

// alias is a call as its client names it: the calling service, and the peer with
// the operation.
type alias struct {
	service identity.ServiceNo
	callee  identity.RPCNo
}

// NewKnown returns a Known of at most max services and max calls, which are
// forgotten when they have not been seen for keep ns of event time. It panics
// unless both are positive.
func NewKnown(names *identity.Names, max int, keep int64) *Known {
	compare := func(a, b alias) int {
		if c := names.Service(a.service).Compare(names.Service(b.service)); c != 0 {
			return c
		}
		return names.RPC(a.callee).Compare(names.RPC(b.callee))
	}
	edges := func(a, b Edge) int {
		if c := names.RPC(a.Caller).Compare(names.RPC(b.Caller)); c != 0 {
			return c
		}
		return names.RPC(a.Callee).Compare(names.RPC(b.Callee))
	}
	return &Known{
		names: names, keep: keep,
		services:    identity.NewRecent[identity.Service, struct{}](max, keep, identity.Service.Compare),
		answers:     identity.NewRecent[alias, identity.RPCNo](max, keep, compare),
		calls:       identity.NewRecent[alias, struct{}](max, keep, compare),
		bridges:     identity.NewRecent[alias, struct{}](max, keep, compare),
		messages:    identity.NewRecent[alias, *habit](max, keep, compare),
		unserved:    identity.NewRecent[alias, *unserved](max, keep, compare),
		through:     identity.NewRecent[alias, *habit](max, keep, compare),
		readings:    identity.NewRecent[Edge, says](max, keep, edges),
		settlements: identity.NewRecent[alias, *habit](max, keep, compare),
		nestings:    identity.NewRecent[Edge, *habit](max, keep, edges),
		tellers:     identity.NewRecent[identity.Service, struct{}](max, keep, identity.Service.Compare),
		joiners:     identity.NewRecent[identity.Service, struct{}](max, keep, identity.Service.Compare),
	}
}

// Mark notes the numbers that are in use.
func (k *Known) Mark(m *identity.Marks) {
	k.answers.Each(func(a alias, r identity.RPCNo) {
		m.Service(a.service)
		m.RPC(a.callee)
		m.RPC(r)
	})
	for _, r := range [...]*identity.Recent[alias, *habit]{k.messages, k.settlements, k.through} {
		r.Each(func(a alias, _ *habit) {
			m.Service(a.service)
			m.RPC(a.callee)
		})
	}
	k.nestings.Each(func(e Edge, _ *habit) {
		m.RPC(e.Caller)
		m.RPC(e.Callee)
	})
	k.readings.Each(func(e Edge, _ says) {
		m.RPC(e.Caller)
		m.RPC(e.Callee)
	})
	k.unserved.Each(func(a alias, u *unserved) {
		m.Service(a.service)
		m.RPC(a.callee)
		m.Service(u.service)
		m.RPC(u.rpc)
	})
	for _, r := range [...]*identity.Recent[alias, struct{}]{k.calls, k.bridges} {
		r.Each(func(a alias, _ struct{}) {
			m.Service(a.service)
			m.RPC(a.callee)
		})
	}
}

// emits notes that s has emitted a span of a server at now.
func (k *Known) emits(s identity.Service, now int64) {
	if !k.services.Touch(s, now) {
		k.services.Put(s, struct{}{}, now)
		k.learned.Add(1)
	}
	if s.Namespace == "" {
		return
	}
	if bare := (identity.Service{Name: s.Name}); !k.services.Touch(bare, now) {
		k.services.Put(bare, struct{}{}, now)
		k.learned.Add(1)
	}
}

// instrumented reports whether peer names a service that emits spans of a
// server: by itself, or by the first label of a host name, as in
// "cart.shop.svc.cluster.local:8080".
func (k *Known) instrumented(peer identity.Service, now int64) bool {
	if peer.Name == "" {
		return false
	}
	if _, ok := k.services.Get(peer, now); ok {
		return true
	}
	i := strings.IndexAny(peer.Name, ".:")
	if i <= 0 {
		return false
	}
	_, ok := k.services.Get(identity.Service{Namespace: peer.Namespace, Name: peer.Name[:i]}, now)
	return ok
}

// answered notes that callee has served the call of that alias at now. A call
// that several RPCs serve, as that of a gateway, is known to be answered, but
// by nobody in particular: the zero RPC. It returns what is known then.
func (k *Known) answered(a alias, callee identity.RPCNo, now int64) identity.RPCNo {
	was, ok := k.answers.Get(a, now)
	switch {
	case !ok:
		k.answers.Put(a, callee, now)
	case was == callee || was == 0:
		k.answers.Touch(a, now)
		return was
	default:
		callee = 0
		k.answers.Put(a, 0, now)
	}
	k.learned.Add(1)
	return callee
}

// answer returns the RPC that serves the calls of that alias, zero where there
// are several, and whether there is any.
func (k *Known) answer(a alias, now int64) (identity.RPCNo, bool) {
	return k.answers.Get(a, now)
}

// directly notes that a service has called an RPC, each as it names itself.
func (k *Known) directly(service identity.ServiceNo, callee identity.RPCNo, now int64) {
	for _, a := range [...]alias{{service, callee}, {callee: callee}} {
		if !k.calls.Touch(a, now) {
			k.calls.Put(a, struct{}{}, now)
		}
	}
}

// called reports whether the service of a, or anybody where that is zero, calls
// the RPC of a directly.
func (k *Known) called(a alias, now int64) bool {
	_, ok := k.calls.Get(a, now)
	return ok
}

// bridge notes that the calls of that alias are those of an uninstrumented hop.
func (k *Known) bridge(a alias, now int64) {
	if k.bridges.Touch(a, now) {
		return
	}
	k.bridges.Put(a, struct{}{}, now)
	k.hops()
}

// hops notes that there are uninstrumented hops, others than were known.
func (k *Known) hops() {
	k.bridged.Store(true)
	k.learned.Add(1)
}

// bridging reports whether there has been an uninstrumented hop.
func (k *Known) bridging() bool { return k.bridged.Load() }

// replies returns what is known of the messages from a service to an RPC.
func (k *Known) replies(a alias, now int64) *habit {
	if w, ok := k.messages.Get(a, now); ok {
		k.messages.Touch(a, now)
		return w
	}
	w := new(habit)
	k.messages.Put(a, w, now)
	return w
}

// unservedBy returns what is known of the calls of that alias, below which there are spans
// of a service.
func (k *Known) unservedBy(a alias, service identity.ServiceNo, now int64) *unserved {
	if u, ok := k.unserved.Get(a, now); ok {
		k.unserved.Touch(a, now)
		if u.service != service && !u.others.Swap(true) {
			k.learned.Add(1)
		}
		return u
	}
	u := &unserved{service: service, rpc: k.names.RPCNo(identity.RPC{
		Service: k.names.Service(service), Operation: k.names.RPC(a.callee).Operation,
	})}
	k.unserved.Put(a, u, now)
	return u
}

// served notes that a call of that alias is answered by a span that serves it.
func (k *Known) served(a alias, now int64) {
	if !k.bridging() {
		return
	}
	if u, ok := k.unserved.Get(a, now); ok && u.note(false, enoughCalls) {
		k.hops()
	}
}

// unservedRPC returns the RPC that serves the calls of that alias without a span, zero where it
// is not known, or several do.
func (k *Known) unservedRPC(a alias, now int64) identity.RPCNo {
	u, ok := k.unserved.Get(a, now)
	if !ok || !u.is.Load() || u.others.Load() {
		return 0
	}
	return u.rpc
}
