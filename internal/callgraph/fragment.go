package callgraph

import (
	"cmp"
	"encoding/binary"
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
	span   *Span
	parent int32 // none for a root, lost where it never came
	top    int32 // topmost span that waited for this one: decides the window
	remote bool  // the parent is a span of another service

	// Of the spans of the same service below this one, down to where other
	// services or requests begin:
	calls    bool // one is a CLIENT or PRODUCER, or forwards
	forwards bool // one, or this one, is the parent of another service's span or of a request

	serves  bool  // gives a Served
	leaf    bool  // stands for a dependency that emits client spans only
	request int32 // the serving node that this span works for, itself if it serves; none, lost
	call    int32 // the outermost call of the same service that this span is part of, or none

	feeds bool // part of a call, and the parent of a CONSUMER

	// Of a call that is no leaf:
	server int32 // the serving node that answered, or none
	named  int32 // the leaf node that says who answered, or none
	async  bool  // its callee is reached through a queue

	// Of a serving node:
	busy, sum int64 // union of outbound calls, and sum over callees of the union of each, clipped to the span

	// Of a call, within the span of the request that it is made for:
	clipped, share int64 // duration, and share of the union of the calls to its callee
}

// fragment is what has come of one trace when it is resolved. Its memory is
// used again for the next one.
type fragment struct {
	nodes []node  // sorted by span id
	order []int32 // parents before children
	keys  []key
	marks []mark
	path  []int32

	intervals  []interval
	boundaries []boundary
	virtual    []float64

	duplicates, cycles int
}

// key sorts spans by id, and duplicates by arrival.
type key struct {
	id      uint64
	arrival int32
	slot    int32
}

// mark is the state of a node while ancestors are walked.
type mark uint8

const (
	fresh mark = iota
	walking
	placed
)

// load fills the fragment with the spans of t: without duplicates, sorted by
// id, linked to parents, free of cycles, and in an order of parents first. None
// of it depends on the order of arrival, except which of several spans of one
// id is kept.
func (f *fragment) load(t *trace, s *slab) {
	f.duplicates, f.cycles = 0, 0
	f.keys = f.keys[:0]
	for i := t.first; i != nowhere; i = s.at(i).next {
		id := s.at(i).span.ID.ID
		f.keys = append(f.keys, key{binary.BigEndian.Uint64(id[:]), int32(len(f.keys)), i})
	}
	slices.SortFunc(f.keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.arrival, b.arrival))
	})
	unique := slices.CompactFunc(f.keys, func(a, b key) bool { return a.id == b.id })
	f.duplicates = len(f.keys) - len(unique)
	f.keys = unique

	f.nodes = f.nodes[:0]
	for _, k := range f.keys {
		f.nodes = append(f.nodes, node{span: &s.at(k.slot).span})
	}
	for i := range f.nodes {
		f.nodes[i].parent = f.find(f.nodes[i].span.Parent)
	}
	f.sort()
}

// find returns the node of a span id: none for the zero id, lost if not here.
func (f *fragment) find(id identity.SpanID) int32 {
	want := binary.BigEndian.Uint64(id[:])
	if want == 0 {
		return none
	}
	low, high := 0, len(f.keys)
	for low < high {
		if mid := (low + high) / 2; f.keys[mid].id < want {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low < len(f.keys) && f.keys[low].id == want {
		return int32(low)
	}
	return lost
}

// sort fills order, and breaks cycles: the least span id of one becomes a root.
func (f *fragment) sort() {
	f.order = f.order[:0]
	f.marks = slices.Grow(f.marks[:0], len(f.nodes))[:len(f.nodes)]
	clear(f.marks)
	for i := range f.nodes {
		for !f.place(int32(i)) {
			f.cycles++
		}
	}
}

// place appends to order the ancestors of node i that are not in it yet, and i
// itself. Where they go round it cuts the cycle instead and returns false.
func (f *fragment) place(i int32) bool {
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

// rpc returns the RPC that a serving node serves, or a leaf node stands for.
func (f *fragment) rpc(i int32) identity.RPC {
	s := f.nodes[i].span
	return identity.RPC{Service: s.Service, Operation: s.Operation}
}

// caller returns the RPC for which the span of node i works; false where a
// span between here and there never came.
func (f *fragment) caller(i int32) (identity.RPC, bool) {
	switch r := f.nodes[i].request; r {
	case lost:
		return identity.RPC{}, false
	case none:
		return identity.RPC{Service: f.nodes[i].span.Service}, true
	default:
		return f.rpc(r), true
	}
}

// time returns the event time of what node i does.
func (f *fragment) time(i int32) int64 { return f.nodes[f.nodes[i].top].span.End }

// release lets go of the spans.
func (f *fragment) release() { clear(f.nodes) }
