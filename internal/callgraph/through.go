package callgraph

import (
	"cmp"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// through gives a request to services that pass the context on unchanged and send nothing: the
// SERVER span of whom they call stands right below the CLIENT span of who called them, which
// names them. Between the two goes a SERVER span of the service that is named, which takes as
// long as the call. Without it the own time of that service would be the network's.
//
// A host name, a load balancer and a proxy by which a service is reached look the same. Which it
// is, is learned by the name of the call (whoAnswers); until it is known, and where nothing
// tells, the call is one of whoever has answered it.
//
// It comes after match, and reports whether there are new spans, as complete does.
func (a *Assembler) through() bool {
	f := &a.frag
	f.passed = f.passed[:0]
	for i := range int32(len(f.nodes)) {
		n := &f.nodes[i]
		if n.span.kind != Server || !n.remote || n.hop {
			continue
		}
		if p := &f.nodes[n.parent]; p.span.kind == Client && p.call != none {
			if h := a.mayGoThrough(p.call, i); h != nil {
				f.passed = append(f.passed, passed{abroad{n.parent, i}, h})
			}
		}
	}
	f.passed = slices.DeleteFunc(f.passed, func(p passed) bool { return !p.habit.is.Load() })
	if len(f.passed) == 0 {
		return false
	}
	slices.SortFunc(f.passed, func(a, b passed) int {
		return cmp.Or(cmp.Compare(a.call, b.call), cmp.Compare(a.child, b.child))
	})
	names := a.known.known.names
	call, hop := none, none
	for _, v := range f.passed {
		if v.call != call {
			rpc := f.nodes[f.nodes[v.call].call].span.callee
			call, hop = v.call, f.insert(v.call, rpc, names.ServiceNo(names.RPC(rpc).Service), 0)
		}
		f.nodes[v.child].parent = hop
	}
	return true
}

// passed is a SERVER span right below a CLIENT span of another service, that may be of whom a
// hop between the two has called.
type passed struct {
	abroad
	habit *habit // of the calls of that name
}

// passing is what is known of the calls of one name that one RPC has answered.
type passing struct {
	known   bool
	call    alias
	served  identity.RPCNo
	learned uint64 // state of Known
	at      int64

	says  says
	habit *habit // nil where no call of the name goes through a hop
}

// mayGoThrough returns what is known of the calls of the name of a call that has been answered,
// nil where whoever is named has answered, or none of them goes through a hop. It learns from it.
func (a *Assembler) mayGoThrough(call, server int32) *habit {
	f := &a.frag
	s := f.nodes[call].span
	if s.terminal || s.stream {
		return nil
	}
	p := a.known.passing(f.alias(call), f.rpc(server), s.end)
	if p.says == nothing {
		a.together(p, call, server)
	}
	switch {
	case p.habit == nil:
		return nil
	case p.says != nothing && p.habit.note(p.says == another, enoughCalls):
		a.known.known.hops()
	}
	if p.says == itself {
		return nil
	}
	return p.habit
}

// together has it that two services which answer one call were called by who was called.
func (a *Assembler) together(p *passing, call, server int32) {
	f := &a.frag
	s, first := f.nodes[call].span, f.nodes[call].server
	if first == none || f.nodes[first].span.service == f.nodes[server].span.service {
		return
	}
	at := *p // which may lose its place
	if a.known.passing(f.alias(call), f.rpc(first), s.end).says != itself {
		at.says = another
		at.habit = a.known.known.throughBy(f.alias(call), true, s.end)
	}
	*p = at
}

// passing returns what is known of the calls of a name that an RPC has answered.
func (m *memory) passing(call alias, served identity.RPCNo, now int64) *passing {
	p := &m.passings[alias{call.service, 31*call.callee + served}.place()]
	learned := m.known.learned.Load()
	if p.known && p.call == call && p.served == served && p.learned == learned && now-p.at <= m.grain && p.at-now <= m.grain {
		return p
	}
	k := m.known
	*p = passing{known: true, call: call, served: served, learned: learned, at: now}
	switch peer := k.names.RPC(call.callee).Service; {
	case peer.IsZero(), isNamed(peer, k.names.RPC(served).Service), k.instrumented(peer, now):
		p.says = itself
	default:
		p.says = k.reads(Edge{call.callee, served}, now)
	}
	p.habit = k.throughBy(call, p.says == another, now)
	return p
}

// reads is whoAnswers of what was asked for and what was served, as read once.
func (k *Known) reads(of Edge, now int64) says {
	s, ok := k.readings.Get(of, now)
	if ok {
		k.readings.Touch(of, now)
		return s
	}
	s = whoAnswers(k.names.RPC(of.Caller), k.names.RPC(of.Callee))
	k.readings.Put(of, s, now)
	return s
}

// throughBy returns what is known of the calls of a name that go through a hop, nil where there
// are none; made is whether that begins with this one.
func (k *Known) throughBy(a alias, made bool, now int64) *habit {
	h, ok := k.through.Get(a, now)
	switch {
	case ok:
		k.through.Touch(a, now)
	case made:
		h = new(habit)
		k.through.Put(a, h, now)
		k.learned.Add(1)
	}
	return h
}

// goneThrough reports whether calls of a name go through a hop.
func (k *Known) goneThrough(a alias, now int64) bool {
	if !k.bridging() {
		return false
	}
	h, ok := k.through.Get(a, now)
	return ok && h.is.Load()
}
