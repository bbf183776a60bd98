package callgraph

import "github.com/sage-rca/sage/internal/identity"

// nowhere ends a chain, and is the place of what is not there.
const nowhere = -1

// record is a Span that waits, without what its trace knows. It is one line of a
// cache, and holds no pointers: a garbage collector passes by however many there
// are.
type record struct {
	id, parent identity.SpanID
	start, end int64
	weight     float64
	service    identity.ServiceNo
	replica    identity.ReplicaNo
	rpc        identity.RPCNo
	callee     identity.RPCNo
	extra      int32 // where in the extras what few spans have is, or nowhere
	kind       Kind
	stream     bool
	failed     bool
	terminal   bool
}

// duration returns how long the span took, in ns.
func (r *record) duration() int64 { return r.end - r.start }

// follows reports whether r starts when o has ended, and not with it. By a clock of step u,
// where starts and durations are rounded, what lies within o may do so, too: then each
// end is off by u at most, and r ends at most 2 u after o.
func (r *record) follows(o *record) bool {
	if r.start < o.end || r.start == o.start {
		return false
	}
	for _, u := range [...]int64{1e6, 1e3} {
		if r.start%u == 0 && r.end%u == 0 && o.start%u == 0 && o.end%u == 0 {
			return r.end-o.end > 2*u
		}
	}
	return true
}

// perBlock is the number of records of one trace that lie next to each other.
// Going over a trace is then not one wait for memory per span. It is small, as
// a trace of one span takes a block too.
const perBlock = 4

// block holds records of one trace.
type block [perBlock]record

// chunk is the number of blocks, or of traces, by which their memory grows.
const chunk = 256

// slab stores records in blocks that are numbered, never move, and are used
// again, those let go last first, as these are in the cache. So the memory of
// pending spans follows their number, however they are spread over traces.
type slab struct {
	chunks []*[chunk]block
	nexts  []int32 // of each block that of the same trace, or nowhere
	free   []int32
	used   int // records
	extras extras
}

func (s *slab) block(i int32) *block { return &s.chunks[uint32(i)/chunk][uint32(i)%chunk] }

// at returns the record with a number: that of its block times perBlock and its
// place there.
func (s *slab) at(i int32) *record {
	return &s.block(i / perBlock)[uint32(i)%perBlock]
}

// next is the place of the next span of t.
func (s *slab) next(t *trace) *record {
	place := uint32(t.spans) % perBlock
	if place == 0 {
		b := s.take()
		if t.spans == 0 {
			t.first = b
		} else {
			s.nexts[t.last] = b
		}
		t.last = b
	}
	t.spans++
	s.used++
	return &s.block(t.last)[place]
}

// append stores sp as the last span of t.
func (s *slab) append(t *trace, sp *Span, more *More) {
	r := s.next(t)
	// One by one: a literal is made elsewhere and copied, here and in emit.go.
	r.id, r.parent = sp.ID.ID, sp.Parent
	r.start, r.end, r.weight = sp.Start, sp.End, sp.Weight
	r.service, r.replica, r.rpc, r.callee = sp.Service, sp.Replica, sp.RPC, sp.Callee
	r.kind, r.stream, r.failed, r.terminal = sp.Kind, sp.Stream, sp.Error, sp.Terminal
	r.extra = nowhere
	if more != nil {
		r.extra = s.extras.take(more)
	}
}

// take returns the number of a block that is free.
func (s *slab) take() int32 {
	if len(s.free) == 0 {
		first := int32(len(s.chunks)) * chunk
		s.chunks = append(s.chunks, new([chunk]block))
		s.nexts = append(s.nexts, make([]int32, chunk)...)
		for i := int32(chunk - 1); i >= 0; i-- {
			s.free = append(s.free, first+i)
		}
	}
	last := len(s.free) - 1
	i := s.free[last]
	s.free = s.free[:last]
	s.nexts[i] = nowhere
	return i
}

// release lets go of the spans of t.
func (s *slab) release(t *trace) {
	left := int(t.spans)
	s.used -= left
	for i := t.first; i != nowhere; {
		b := s.block(i)
		for k := range min(left, perBlock) {
			if x := b[k].extra; x != nowhere {
				s.extras.release(x)
			}
		}
		left -= perBlock
		s.free = append(s.free, i)
		i = s.nexts[i]
	}
}

// takeOut appends the spans of t to out, and leaves it without any. What the extras have of them
// stays there.
func (s *slab) takeOut(t *trace, out []record) []record {
	left := int(t.spans)
	s.used -= left
	t.spans = 0
	for i := t.first; i != nowhere; i = s.nexts[i] {
		out = append(out, s.block(i)[:min(left, perBlock)]...)
		left -= perBlock
		s.free = append(s.free, i)
	}
	t.first, t.last = nowhere, nowhere
	return out
}

// mark notes the numbers in the spans of t.
func (s *slab) mark(t *trace, m *identity.Marks) {
	left := int(t.spans)
	for i := t.first; i != nowhere; i = s.nexts[i] {
		for k := range min(left, perBlock) {
			r := &s.block(i)[k]
			m.Service(r.service)
			m.Replica(r.replica)
			m.RPC(r.rpc)
			m.RPC(r.callee)
		}
		left -= perBlock
	}
}
