// Package identity holds the comparable keys by which everything else in Sage
// is named: services, the RPCs they serve, the calls between RPCs, instances
// and spans. Keys are plain values: they may be map keys, are compared with ==,
// and are never joined into strings.
package identity

import "cmp"

// Service is a logical service, as service.namespace and service.name say.
type Service struct{ Namespace, Name string }

// String returns "namespace/name", or the name alone without a namespace.
func (s Service) String() string {
	if s.Namespace == "" {
		return s.Name
	}
	return s.Namespace + "/" + s.Name
}

// IsZero reports whether s names no service.
func (s Service) IsZero() bool { return s == Service{} }

// Compare orders services by namespace, then name.
func (s Service) Compare(o Service) int {
	return cmp.Or(cmp.Compare(s.Namespace, o.Namespace), cmp.Compare(s.Name, o.Name))
}

// RPC is one operation that a service serves.
type RPC struct {
	Service   Service
	Operation string
}

// IsZero reports whether r names no RPC.
func (r RPC) IsZero() bool { return r == RPC{} }

// String returns "service operation".
func (r RPC) String() string { return r.Service.String() + " " + r.Operation }

// Compare orders RPCs by service, then operation.
func (r RPC) Compare(o RPC) int {
	return cmp.Or(r.Service.Compare(o.Service), cmp.Compare(r.Operation, o.Operation))
}

// Edge is the call of one RPC while another is served. Caller is the RPC that
// was being served when the call was issued; its Operation is empty where the
// call was issued outside of any request (a timer, a start-up task).
type Edge struct{ Caller, Callee RPC }

// String returns "caller > callee".
func (e Edge) String() string { return e.Caller.String() + " > " + e.Callee.String() }

// Compare orders edges by caller, then callee.
func (e Edge) Compare(o Edge) int {
	return cmp.Or(e.Caller.Compare(o.Caller), e.Callee.Compare(o.Callee))
}

// Instance is one replica of a service: service.instance.id, or what stands in
// for it (pod name, container id, host and pid).
type Instance struct {
	Service Service
	ID      string
}

// TraceID identifies a trace, as in the W3C trace context.
type TraceID [16]byte

// SpanID identifies a span within its trace, as in the W3C trace context.
type SpanID [8]byte

// Span identifies one span of one trace.
type Span struct {
	Trace TraceID
	ID    SpanID
}
