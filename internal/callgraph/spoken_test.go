package callgraph

import "github.com/sage-rca/sage/internal/identity"

// spoken is a Span with names in place of numbers.
type spoken struct {
	ID        identity.Span
	Parent    identity.SpanID
	Kind      Kind
	Start     int64
	End       int64
	Service   identity.Service
	Operation string
	Peer      identity.Service
	Stream    bool
	Terminal  bool
	Error     bool
	ErrorType string
	Weight    float64
	Links     []identity.Span
}

func (s spoken) numbered(names *identity.Names) (Span, *More) {
	n := Span{
		ID: s.ID, Parent: s.Parent, Kind: s.Kind, Start: s.Start, End: s.End,
		Service: names.ServiceNo(s.Service), RPC: names.RPCNo(identity.RPC{Service: s.Service, Operation: s.Operation}),
		Stream: s.Stream, Terminal: s.Terminal, Error: s.Error, Weight: s.Weight,
	}
	if s.Kind.outbound() || s.Kind > Consumer {
		n.Callee = names.RPCNo(identity.RPC{Service: s.Peer, Operation: s.Operation})
	}
	if s.ErrorType == "" && len(s.Links) == 0 {
		return n, nil
	}
	return n, &More{ErrorType: s.ErrorType, Links: s.Links}
}

// add adds s, and tells a recorder what numbers stand for.
func add(a *Assembler, s spoken) {
	if r, ok := a.sink.(*recorder); ok {
		r.names = a.known.known.names
	}
	n, more := s.numbered(a.known.known.names)
	a.Add(&n, more)
}

// heard is a Served, and told of a Call, with names in place of numbers.
type heard struct {
	Served
	RPC identity.RPC
}

type reported struct {
	Call
	Edge identity.Edge
}

// recorder is a Sink that writes down what it gets.
type recorder struct {
	names  *identity.Names
	served []heard
	calls  []reported
	counts [NumReasons]int
}

func (r *recorder) Served(s *Served) {
	h := heard{*s, r.names.RPC(s.RPC)}
	h.Served.RPC = 0
	r.served = append(r.served, h)
}

func (r *recorder) Called(c *Call) {
	h := reported{*c, identity.Edge{Caller: r.names.RPC(c.Edge.Caller), Callee: r.names.RPC(c.Edge.Callee)}}
	h.Call.Edge = Edge{}
	r.calls = append(r.calls, h)
}

func (r *recorder) Counted(why Reason, n int) { r.counts[why] += n }
