package ingest

import (
	"encoding/binary"
	"math/bits"
	"strings"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
)

// signature is what spans of one service, kind, and set of attributes by which
// operations and peers are named have in common: how they are named. To find it
// again by the attributes as they are spares composing the names, cleaning and
// admitting them.
type signature struct {
	hash    uint64
	service identity.ServiceNo
	role    role
	present slots
	values  string // of the slots that are present, in their order, each after its length
	byName  bool   // the span's name is part of it
	name    string

	rpc, callee identity.RPCNo
	nature      nature
	terminal    bool              // what is called calls nobody else
	places      [2]identity.Place // of the service and the operation that were admitted
	calls       *signature        // of a span that looks like a call: what it calls, as a CLIENT; else nil
}

// role is the kind of a span, and whether it is a root.
type role struct {
	kind callgraph.Kind
	root bool // of spans that are INTERNAL, or may be: those begin requests
}

// sameAs reports whether the attributes make for the signature.
func (g *signature) sameAs(service identity.ServiceNo, r role, a *attributes, naming slots, name string) bool {
	if g.service != service || g.role != r || g.present != naming || g.byName && g.name != name {
		return false
	}
	rest := g.values
	for left := naming; left != 0; left &= left - 1 {
		v := a.values[bits.TrailingZeros64(uint64(left))]
		n := lengthAt(rest)
		rest = rest[lengthBytes:]
		if len(v) != n || rest[:n] != v {
			return false
		}
		rest = rest[n:]
	}
	return true
}

const lengthBytes = 4

func lengthAt(s string) int { return int(binary.LittleEndian.Uint32([]byte(s[:lengthBytes]))) }

// joined returns the values of slots, each after its length, in one piece: memory
// that lies together is fetched together.
func (a *attributes) joined(of slots) string {
	var b []byte
	for left := of; left != 0; left &= left - 1 {
		v := a.values[bits.TrailingZeros64(uint64(left))]
		b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
		b = append(b, v...)
	}
	return string(b)
}

// touch notes that what the signature names is in use at now. It reports false
// where something of it has given up its place.
func (g *signature) touch(now int64) bool {
	return g.places[0].Touch(now) && g.places[1].Touch(now) && (g.calls == nil || g.calls.touch(now))
}

// signatures keeps signatures.
type signatures struct{ lossy[signature] }

const (
	maxSignatures = 1 << 14
	maxKept       = 4 * maxName // bytes of names that a signature keeps
)

func newSignatures() signatures { return signatures{newLossy[signature](maxSignatures)} }

// hash hashes the attributes by which a span is named.
func (s *signatures) hash(service identity.ServiceNo, r role, a *attributes, naming slots) uint64 {
	h := uint64(service)<<8 | uint64(r.kind)<<1 ^ uint64(naming)*hashFactor
	if r.root {
		h ^= 1
	}
	for left := naming; left != 0; left &= left - 1 {
		h = quickHash(h, a.values[bits.TrailingZeros64(uint64(left))])
	}
	return h ^ h>>32
}

// withName adds a span's name to a hash.
func (s *signatures) withName(h uint64, name string) uint64 {
	h = quickHash(h, name)
	return h ^ h>>32
}

// find returns the signature of a hash, with or without a span's name, or nil.
func (s *signatures) find(hash uint64, service identity.ServiceNo, r role, a *attributes, naming slots, byName bool, name string) *signature {
	set := s.set(hash)
	for k := range set {
		g := set[k].Load()
		if g != nil && g.hash == hash && g.byName == byName && g.sameAs(service, r, a, naming, name) {
			return g
		}
	}
	return nil
}

// nameSpan fills in the numbers of how dst is named: its operation, and what it
// calls. It returns whether such spans work or wait.
func (i *Ingester) nameSpan(s *scratch, dst *callgraph.Span, o *origin, a *attributes, name string, seen int64) nature {
	r := role{dst.Kind, (dst.Kind == callgraph.Internal || dst.Kind > callgraph.Consumer) && dst.Parent == identity.SpanID{}}
	naming := a.present & namingSlots[dst.Kind]
	hash := i.signatures.hash(o.number, r, a, naming)
	// Either way of being named excludes the other, and most spans of a kind are named
	// like the one before.
	for range 2 {
		byName := s.byName[dst.Kind]
		h := hash
		if byName {
			h = i.signatures.withName(hash, name)
		}
		if g := i.signatures.find(h, o.number, r, a, naming, byName, name); g != nil && g.touch(seen) {
			return g.apply(dst)
		}
		s.byName[dst.Kind] = !byName
	}
	if s.in.templates(a, naming, &name) {
		return i.nameSpan(s, dst, o, a, name, seen) // once: templates stay as they are
	}

	g := &signature{service: o.number, role: r, present: naming, hash: hash}
	keep := i.compose(s, g, o, a, name, seen)
	if !keep {
		return g.apply(dst)
	}
	if g.byName {
		g.hash, g.name = i.signatures.withName(hash, name), strings.Clone(name)
	}
	if g.values = a.joined(naming); len(g.values)+len(g.name) > maxKept {
		return g.apply(dst) // who sends such names pays for them
	}
	i.signatures.put(g.hash, g, func(old *signature) bool { return old.hash == g.hash && old.byName == g.byName })
	return g.apply(dst)
}

func (g *signature) apply(dst *callgraph.Span) nature {
	dst.RPC, dst.Callee, dst.Terminal = g.rpc, g.callee, g.terminal
	return g.nature
}

// compose names what g is of, and admits the names. It reports false where that
// is not to be kept: names that found no room may find it later, and are counted
// each time.
//
// What is served, called, or done inside of requests is bounded each on its own.
// Of the last, which are nobody's RPC unless a trace enters a service there,
// folding is not worth a count.
func (i *Ingester) compose(s *scratch, g *signature, o *origin, a *attributes, name string, seen int64) (keep bool) {
	kind := g.role.kind
	peer := peerOf(kind, a, &s.in)
	operation, byName := operationOf(kind, a, name, &s.in)
	g.byName, g.terminal = byName, terminal(a)

	key := identity.RPC{Service: o.service, Operation: operation}
	admission, counted := i.inner, false
	switch {
	case kind == callgraph.Server, kind == callgraph.Consumer, kind == callgraph.SeemsServer, g.role.root:
		admission, counted = i.served, true
	case !peer.IsZero():
		admission, counted = i.called, true
		place, ok := i.called.AdmitService(peer, seen)
		if !ok {
			s.add(peerLimit, 1)
			i.turnedPeers.note(peer)
			g.rpc = i.names.RPCNo(identity.RPC{Service: o.service, Operation: identity.Other})
			g.callee = i.names.RPCNo(identity.RPC{Operation: identity.Other})
			return false
		}
		key.Service = peer
		i.stores.calls(o.service, peer, place, firstOf(a.get(peerHost), hostOf(a.or(peerAddress, peerAddressOld))), a.or(peerService, peerServiceOld))
	}
	var ok bool
	key, g.places[0], g.places[1], ok = admission.Admit(key, seen)
	if !ok && counted {
		s.add(operationLimit, 1)
		i.crowds.note(o.service, operation)
	}
	g.rpc = i.names.RPCNo(identity.RPC{Service: o.service, Operation: key.Operation})
	g.nature = i.cfg.Told.of(identity.RPC{Service: o.service, Operation: key.Operation}, identity.RPC{Service: peer, Operation: key.Operation})
	if kind == callgraph.Client || kind == callgraph.Producer {
		if !peer.IsZero() { // of which key has no memory of its own
			peer.Name = strings.Clone(peer.Name)
		}
		g.callee = i.names.RPCNo(identity.RPC{Service: peer, Operation: key.Operation})
	}
	switch kind {
	case callgraph.SeemsClient:
		ok = i.composeCall(s, g, o, a, name, seen) && ok
	case callgraph.Unspecified, callgraph.SeemsServer:
		g.callee = i.names.RPCNo(identity.RPC{Operation: key.Operation})
	default: // one name
	}
	return ok
}
