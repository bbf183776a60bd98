package callgraph

import "github.com/sage-rca/sage/internal/identity"

// memory stands between one assembler and Known, and remembers what it has told
// and heard lately: in the steady state nearly every span says what the one
// before has said. What is remembered is believed for a grain of event time, a
// small part of the time in which Known forgets, and what was heard only as long
// as nobody has learned anything new.
type memory struct {
	known *Known
	grain int64

	emitted []told // by identity.ServiceNo
	answers [memories]answer
	directs [memories]direct
	guesses [memories]guess
	lones   [memories]opinion

	passings    [memories]passing
	settlements [memories]settlement
	nestings    [memories]nesting
}

// memories is the number of calls that are remembered, each in a place by its
// hash, in which the latest stays.
const memories = 512

// grains is the number of grains in the time in which Known forgets.
const grains = 1024

// told is what was noted of a service.
type told struct {
	known   bool
	at      int64
	outside identity.RPCNo // who calls where no request is served: no operation
	named   bool           // outside is known
	tells   bool           // of its calls
	toldAt  int64

	joins    bool // the spans of its callers
	joinedAt int64
}

// answer is what was noted of a call.
type answer struct {
	known  bool
	alias  alias
	callee identity.RPCNo // zero where several answer
	at     int64
}

// direct is what was noted of a service that calls an RPC.
type direct struct {
	known bool
	call  alias
	at    int64
}

// guess is what was heard about a call that nobody's span answers.
type guess struct {
	known   bool
	alias   alias
	learned uint64 // state of Known
	at      int64

	answered     bool
	named        bool           // the call names a peer
	instrumented bool           // the peer emits spans of a server
	bridged      bool           // the peer is an uninstrumented hop
	unserved     identity.RPCNo // who serves it without a span, zero where that is not known
	callee       identity.RPCNo // who used to answer, zero where nobody in particular
}

func newMemory(k *Known) memory { return memory{known: k, grain: k.keep / grains} }

// forget forgets everything, as numbers may be given to others.
func (m *memory) forget() {
	clear(m.emitted)
	clear(m.answers[:])
	clear(m.directs[:])
	clear(m.guesses[:])
	clear(m.lones[:])
	clear(m.passings[:])
	clear(m.settlements[:])
	clear(m.nestings[:])
}

func (a alias) place() uint32 {
	const odd = 0x9e3779b1
	return (uint32(a.service)*odd ^ uint32(a.callee)) * odd >> 16 % memories
}

func (m *memory) of(s identity.ServiceNo) *told {
	for int(s) >= len(m.emitted) {
		m.emitted = append(m.emitted, told{})
	}
	return &m.emitted[s]
}

// emits is Known.emits.
func (m *memory) emits(s identity.ServiceNo, now int64) {
	t := m.of(s)
	if t.known && now-t.at <= m.grain {
		return
	}
	m.known.emits(m.known.names.Service(s), now)
	t.known, t.at = true, now
}

// outside returns the RPC of a service that is no request.
func (m *memory) outside(s identity.ServiceNo) identity.RPCNo {
	t := m.of(s)
	if !t.named {
		t.outside = m.known.names.RPCNo(identity.RPC{Service: m.known.names.Service(s)})
		t.named = true
	}
	return t.outside
}

// answered is Known.answered.
func (m *memory) answered(a alias, callee identity.RPCNo, now int64) {
	m.directly(a.service, callee, now)
	r := &m.answers[a.place()]
	if r.known && r.alias == a && (r.callee == callee || r.callee == 0) && now-r.at <= m.grain {
		return
	}
	*r = answer{true, a, m.known.answered(a, callee, now), now}
}

// directly is Known.directly.
func (m *memory) directly(service identity.ServiceNo, callee identity.RPCNo, now int64) {
	call := alias{service, callee}
	if d := &m.directs[call.place()]; !d.known || d.call != call || now-d.at > m.grain {
		m.known.directly(service, callee, now)
		*d = direct{true, call, now}
	}
}

// guess returns what is known about a call.
func (m *memory) guess(a alias, now int64) *guess {
	g := &m.guesses[a.place()]
	learned := m.known.learned.Load()
	if g.known && g.alias == a && g.learned == learned && now-g.at <= m.grain && g.at-now <= m.grain {
		return g
	}
	*g = guess{known: true, alias: a, learned: learned, at: now}
	peer := m.known.names.RPC(a.callee).Service
	g.named, g.instrumented = !peer.IsZero(), m.known.instrumented(peer, now)
	if m.known.goneThrough(a, now) {
		g.bridged = true
	} else if g.callee, g.answered = m.known.answer(a, now); !g.answered {
		_, g.bridged = m.known.bridges.Get(a, now)
	}
	g.unserved = m.known.unservedRPC(a, now)
	return g
}

// opinion returns where what a call like c has said is remembered.
func (m *memory) opinion(c *lone) *opinion {
	return &m.lones[alias{c.call.service, 31*(31*c.call.callee+c.callee) + c.served}.place()]
}
