package callgraph

import (
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// Places of a node that are not those of another node.
const (
	none int32 = -1 // a root; outside of any request; in no call
	lost int32 = -2 // the parent, or a span between here and the request, never came
)

// node is a span in its fragment. Other nodes are named by their index.
type node struct {
	span   *record
	parent int32 // none for a root, lost where it never came
	top    int32 // topmost span that waited for this one: decides the window
	remote bool  // the parent is a span of another service
	hop    bool  // no span, but the work of an uninstrumented hop

	// Of the spans of the same service below this one, down to where other
	// services or requests begin:
	calls    bool // one is a CLIENT or PRODUCER, or forwards
	forwards bool // one, or this one, is the parent of another service's span or of a request
	answered bool // this one is the parent of a SERVER or CONSUMER

	serves bool // gives a Served
	leaf   bool // stands for a dependency that emits client spans only
	feeds  bool // part of a call, and the parent of a CONSUMER
	waits  bool // of a request: waits rather than works (waits.go)

	replies bool // of a CONSUMER: who published the message waits for its reply (reply.go)

	async bool // of a call that is no leaf: its callee is reached through a queue

	request int32 // the serving node that this span works for, itself if it serves; none, lost
	call    int32 // the outermost call of the same service that this span is part of, or none

	// Of a call that is no leaf:
	server int32 // the serving node that answered, or none
	named  int32 // the leaf node that says who answered, or none

	// Of a serving node:
	spent     int32 // its outbound calls: index of the first interval and 1, later stretch
	busy, sum int64 // union of outbound calls, and sum over callees of the union of each, clipped to the span

	// Of a call, within the span of the request that it is made for:
	clipped, share int64 // duration, and share of the union of the calls to its callee
	first          bool  // of the calls to its callee
	again          int64 // of the first: time between failed calls to its callee and the next ones
	around         int64 // of one without a client span: see around.go; -1 where not known
	ahead          int32 // likewise: other calls of the request that began before it
}

// fragment is what has come of one trace when it is resolved. Its memory is
// used again for the next one.
type fragment struct {
	trace identity.TraceID
	ids   idIndex
	nodes []node  // sorted by span id
	order []int32 // parents before children
	marks []mark

	root    int32    // the longest of those without a parent that began the trace, or none
	orphans []int32  // SERVER nodes whose parent never came
	ends    []end    // calls that may lead to an uninstrumented hop, by start
	hops    []record // what uninstrumented hops have done
	byStart []int32  // nodes, where none has a parent
	below   []below  // what is below each node, where a span has no kind
	abroad  []abroad // spans that may be of a service that tells of its calls only
	passed  []passed // SERVER spans that an uninstrumented hop may have called

	path []int32

	intervals  []interval
	owners     []int32    // nodes that intervals are of
	own        []interval // of one owner
	meant      []meant    // in its answered calls
	group      []interval // of one owner and callee
	boundaries []boundary
	virtual    []float64
	stretches  []stretch // calls, where some are direct
	line       []stretch // those of one request
	stops      []int64   // their ends, sorted

	duplicates, cycles int
	messages           bool // there are PRODUCER or CONSUMER spans
	streams            bool // a span says that it waits
	kinds              bool // a span says that it is not INTERNAL
	flat               bool // no span has a parent
	kindless           bool // a span does not say its kind
	shared             bool // several spans have one id
	direct             bool // there are calls of which no CLIENT span tells
}

// mark is the state of a node while ancestors are walked.
type mark uint8

const (
	fresh mark = iota
	walking
	placed
)

// load fills the fragment with the spans of t: without duplicates, sorted by
// id, and linked to parents. None of it depends on the order of arrival, except
// which of several spans is kept that are as long, and the same but for what they say.
func (f *fragment) load(t *trace, s *slab, names *identity.Names) {
	f.root, f.flat, f.shared = none, true, false
	f.trace, f.duplicates, f.cycles, f.messages, f.streams, f.kinds, f.kindless = t.id, 0, 0, false, false, false, false
	f.ids.reset()
	left := int(t.spans)
	for i := t.first; i != nowhere; {
		b := s.block(i)
		for k := range min(left, perBlock) {
			f.ids.add(b[k].id, i*perBlock+int32(k))
		}
		left -= perBlock
		i = s.nexts[i]
	}
	if f.ids.sort() {
		f.duplicates = f.unite(s, names)
	}

	n := len(f.ids.keys)
	f.nodes = slices.Grow(f.nodes[:0], n)[:n]
	clear(f.nodes)
	f.orphans = f.orphans[:0]
	for i := range f.nodes {
		r := s.at(f.ids.keys[i].slot)
		f.nodes[i].span, f.nodes[i].parent = r, f.ids.find(r.parent)
		if f.shared {
			f.nodes[i].parent = f.parent(int32(i), s)
		}
		switch p := f.nodes[i].parent; {
		case p != none:
			f.flat = false
		case r.kind != Consumer && (f.root == none || r.duration() > f.nodes[f.root].span.duration()):
			f.root = int32(i)
		}
		f.streams = f.streams || r.stream
		f.kindless = f.kindless || r.kind > Consumer
		f.kinds = f.kinds || r.kind != Internal && r.kind <= Consumer
		f.classify(int32(i))
	}
}

// classify notes what matters of the kind of node i.
func (f *fragment) classify(i int32) {
	kind := f.nodes[i].span.kind
	if kind == Server && f.nodes[i].parent == lost {
		f.orphans = append(f.orphans, i)
	}
	f.messages = f.messages || kind == Producer || kind == Consumer
}

// sort fills order, parents first, and breaks cycles: the least span id of one
// becomes a root.
func (f *fragment) sort() {
	f.order = f.order[:0]
	f.marks = slices.Grow(f.marks[:0], len(f.nodes))[:len(f.nodes)]
	clear(f.marks)
	for i := range f.nodes {
		if f.marks[i] == placed {
			continue
		}
		for !f.place(int32(i)) {
			f.cycles++
		}
	}
}

// place appends to order the ancestors of node i that are not in it yet, and i
// itself. Where they go round it cuts the cycle instead and returns false.
func (f *fragment) place(i int32) bool {
	if p := f.nodes[i].parent; f.marks[i] == fresh && (p < 0 || f.marks[p] == placed) {
		f.marks[i] = placed
		f.order = append(f.order, i)
		return true
	}
	f.path = f.path[:0]
	at := i
	for at >= 0 && f.marks[at] == fresh {
		f.marks[at] = walking
		f.path = append(f.path, at)
		at = f.nodes[at].parent
	}
	if at >= 0 && f.marks[at] == walking {
		least := at
		for n := f.nodes[at].parent; n != at; n = f.nodes[n].parent {
			least = min(least, n)
		}
		f.nodes[least].parent = none
		for _, n := range f.path {
			f.marks[n] = fresh
		}
		return false
	}
	for k := len(f.path) - 1; k >= 0; k-- {
		f.marks[f.path[k]] = placed
		f.order = append(f.order, f.path[k])
	}
	return true
}

// id returns the span of node i.
func (f *fragment) id(i int32) identity.Span {
	return identity.Span{Trace: f.trace, ID: f.nodes[i].span.id}
}

// rpc returns the RPC that a serving node serves, or a leaf node stands for.
func (f *fragment) rpc(i int32) identity.RPCNo { return f.nodes[i].span.rpc }

// time returns the event time of what node i does.
func (f *fragment) time(i int32) int64 { return f.nodes[f.nodes[i].top].span.end }
