package window

import (
	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
)

// Part is the share of one shard in one window.
type Part struct {
	Start int64

	// With their keys; of equal keys there may be several. Behind the end of the
	// slices lies what is empty and used again.
	requests []*requests
	calls    []*calls

	byRPC, byEdge index // of the two by numbers
}

// request returns what accumulates the requests of an RPC.
func (p *Part) request(no identity.RPCNo, names *identity.Names) *requests {
	place, known := p.byRPC.of(uint64(uint32(no)))
	if known {
		return p.requests[place]
	}
	r := next(&p.requests)
	r.key = names.RPC(no)
	return r
}

// call returns what accumulates the calls along an edge.
func (p *Part) call(e callgraph.Edge, names *identity.Names) *calls {
	place, known := p.byEdge.of(uint64(uint32(e.Caller))<<32 | uint64(uint32(e.Callee)))
	if known {
		return p.calls[place]
	}
	c := next(&p.calls)
	c.key = identity.Edge{Caller: names.RPC(e.Caller), Callee: names.RPC(e.Callee)}
	return c
}

// next extends a slice by one, which it returns: what lies behind the end, or new.
func next[T any](s *[]*T) *T {
	n := len(*s)
	if n < cap(*s) {
		if v := (*s)[:n+1][n]; v != nil {
			*s = (*s)[:n+1]
			return v
		}
	}
	v := new(T)
	*s = append(*s, v)
	return v
}

// pop takes the last of what is spare, or a new one.
func pop[T any](from *[]*T) *T {
	last := len(*from) - 1
	if last < 0 {
		return new(T)
	}
	v := (*from)[last]
	*from = (*from)[:last]
	return v
}

// wasFull reports whether p has used a good part of what it holds. What does not
// is let go, so that memory follows what there is to fold, after a flood too.
func (p *Part) wasFull() bool {
	return cap(p.requests)+cap(p.calls) <= 8*(len(p.requests)+len(p.calls))+64
}

// reset empties p and keeps its memory.
func (p *Part) reset() {
	for _, r := range p.requests {
		r.reset()
	}
	for _, c := range p.calls {
		c.reset()
	}
	p.requests, p.calls = p.requests[:0], p.calls[:0]
	p.byRPC.reset(0)
	p.byEdge.reset(0)
}

// forget forgets which numbers p has seen. What comes then is accumulated
// beside what came before, until Merge.
func (p *Part) forget() {
	p.byRPC.reset(len(p.requests))
	p.byEdge.reset(len(p.calls))
	for _, r := range p.requests {
		r.instances.forget()
	}
	for _, c := range p.calls {
		c.callers.forget()
		c.callees.forget()
	}
}
