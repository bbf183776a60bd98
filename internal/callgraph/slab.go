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

// Records of one trace lie next to each other in runs: going over a trace is then not
// one wait for memory per span. The first run is short, as a trace of one span takes
// one too, and the others are long enough for a processor to see that it is read on.
const (
	firstRun = 4
	laterRun = 16 // a multiple of firstRun
)

// runAt returns the length of the run that holds the span of a trace after so many
// others, and its place in there.
func runAt(before int32) (length, place int32) {
	if before < firstRun {
		return firstRun, before
	}
	return laterRun, (before - firstRun) % laterRun
}

// chunk is the number of records by which their memory grows.
const chunk = 1024

// slab stores records in places that are numbered, never move, and are used
// again, those let go last first, as these are in the cache. So the memory of
// pending spans follows their number, however they are spread over traces. A free
// long run may become short ones, and stays so: at worst there are as many of either
// kind as there ever were at once.
type slab struct {
	chunks []*[chunk]record
	nexts  []int32 // of the run that begins at a record, divided by firstRun: the next of the same trace, or nowhere
	first  []int32 // short runs that are free, by their first record
	later  []int32 // long runs that are free
	used   int     // records
	extras extras
}

// at returns the record with a number.
func (s *slab) at(i int32) *record { return &s.chunks[uint32(i)/chunk][uint32(i)%chunk] }

// run returns the records from i on, at most n and no more than a run of a length.
func (s *slab) run(i, length int32, n int) []record {
	at := uint32(i) % chunk
	return s.chunks[uint32(i)/chunk][at : at+uint32(min(int(length), n))]
}

// runs calls f with the records of t, run by run, and the number of the first of each.
func (s *slab) runs(t *trace, f func(first int32, of []record)) {
	length, left := int32(firstRun), int(t.spans)
	for i := t.first; left > 0; i = s.nexts[i/firstRun] {
		f(i, s.run(i, length, left))
		left -= int(length)
		length = laterRun
	}
}

// append stores sp as the last span of t.
func (s *slab) append(t *trace, sp *Span, more *More) {
	length, place := runAt(t.spans)
	if place == 0 {
		i := s.take(length)
		if t.spans == 0 {
			t.first = i
		} else {
			s.nexts[t.last/firstRun] = i
		}
		t.last = i
	}
	t.spans++
	s.used++
	r := s.at(t.last + place)
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

// take returns the first record of a run that is free.
func (s *slab) take(length int32) int32 {
	if length == firstRun && len(s.first) > 0 {
		return pop(&s.first)
	}
	if len(s.later) == 0 {
		first := int32(len(s.chunks)) * chunk
		s.chunks = append(s.chunks, new([chunk]record))
		s.nexts = append(s.nexts, make([]int32, chunk/firstRun)...)
		for i := int32(chunk - laterRun); i >= 0; i -= laterRun {
			s.later = append(s.later, first+i)
		}
	}
	i := pop(&s.later)
	if length == firstRun {
		for k := int32(laterRun - firstRun); k > 0; k -= firstRun {
			s.first = append(s.first, i+k)
		}
	}
	return i
}

func pop(free *[]int32) int32 {
	last := len(*free) - 1
	i := (*free)[last]
	*free = (*free)[:last]
	return i
}

// release lets go of the spans of t.
func (s *slab) release(t *trace) {
	s.used -= int(t.spans)
	s.runs(t, func(first int32, of []record) {
		for k := range of {
			if x := of[k].extra; x != nowhere {
				s.extras.release(x)
			}
		}
		if first == t.first {
			s.first = append(s.first, first)
		} else {
			s.later = append(s.later, first)
		}
	})
}

// mark notes the numbers in the spans of t.
func (s *slab) mark(t *trace, m *identity.Marks) {
	s.runs(t, func(_ int32, of []record) {
		for k := range of {
			r := &of[k]
			m.Service(r.service)
			m.Replica(r.replica)
			m.RPC(r.rpc)
			m.RPC(r.callee)
		}
	})
}
