package callgraph

import (
	"strings"

	"github.com/sage-rca/sage/internal/identity"
)

// Known is what assemblers learn about who is instrumented, so that a call
// whose server span is lost is not taken for one of an uninstrumented
// dependency. It is shared by the assemblers of all shards and safe for
// concurrent use. It is bounded, and forgets what has not been seen for a
// while; what finds no room is not learned.
type Known struct {
	// services are those that emit SERVER or CONSUMER spans. Peer attributes
	// hardly ever say a namespace, so a service is known by its name alone too.
	services *identity.Recent[identity.Service, struct{}]
	// answers maps a call as its client names it (the calling service, peer and
	// operation) to the RPC that served it.
	answers *identity.Recent[identity.Edge, identity.RPC]
}

// NewKnown returns a Known of at most max services and max calls, which are
// forgotten when they have not been seen for keep ns of event time. It panics
// unless both are positive.
func NewKnown(max int, keep int64) *Known {
	return &Known{
		services: identity.NewRecent[identity.Service, struct{}](max, keep, identity.Service.Compare),
		answers:  identity.NewRecent[identity.Edge, identity.RPC](max, keep, identity.Edge.Compare),
	}
}

// emits notes that s has emitted a span of a server at now.
func (k *Known) emits(s identity.Service, now int64) {
	if !k.services.Touch(s, now) {
		k.services.Put(s, struct{}{}, now)
	}
	if s.Namespace == "" {
		return
	}
	if bare := (identity.Service{Name: s.Name}); !k.services.Touch(bare, now) {
		k.services.Put(bare, struct{}{}, now)
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

// alias is the key of answers for the call of a client span.
func alias(s *Span) identity.Edge {
	return identity.Edge{
		Caller: identity.RPC{Service: s.Service},
		Callee: identity.RPC{Service: s.Peer, Operation: s.Operation},
	}
}

// answered notes that callee has served the call of that alias at now. A call
// that several RPCs serve, as that of a gateway, is known to be answered, but
// by nobody in particular: the zero RPC.
func (k *Known) answered(a identity.Edge, callee identity.RPC, now int64) {
	switch was, ok := k.answers.Get(a, now); {
	case !ok:
		k.answers.Put(a, callee, now)
	case was == callee || was.IsZero():
		k.answers.Touch(a, now)
	default:
		k.answers.Put(a, identity.RPC{}, now)
	}
}

// answer returns the RPC that serves the calls of that alias, zero where there
// are several, and whether there is any.
func (k *Known) answer(a identity.Edge, now int64) (identity.RPC, bool) {
	return k.answers.Get(a, now)
}
