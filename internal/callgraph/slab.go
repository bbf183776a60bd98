package callgraph

// chunk is the number of spans that a slab grows by.
const chunk = 256

// nowhere ends a chain of slots.
const nowhere = -1

// slot holds one span of a slab and the number of the next slot in its chain.
type slot struct {
	span Span
	next int32
}

// slab stores spans in slots that are numbered, never move, and are used again.
// So the memory of pending spans follows their number, however they are spread
// over traces.
type slab struct {
	chunks []*[chunk]slot
	free   int32 // chain of free slots
	used   int
}

func newSlab() slab { return slab{free: nowhere} }

// at returns the slot of a number that take has returned.
func (s *slab) at(i int32) *slot { return &s.chunks[i/chunk][i%chunk] }

// take returns the number of a slot of its own chain that holds sp.
func (s *slab) take(sp *Span) int32 {
	if s.free == nowhere {
		s.grow()
	}
	i := s.free
	at := s.at(i)
	s.free = at.next
	at.span, at.next = *sp, nowhere
	s.used++
	return i
}

func (s *slab) grow() {
	first := int32(len(s.chunks)) * chunk
	c := new([chunk]slot)
	for i := range c {
		c[i].next = first + int32(i) + 1
	}
	c[chunk-1].next = s.free
	s.chunks = append(s.chunks, c)
	s.free = first
}

// release gives back a chain of slots.
func (s *slab) release(i int32) {
	for i != nowhere {
		at := s.at(i)
		next := at.next
		*at = slot{next: s.free} // lets go of the strings
		s.free, i = i, next
		s.used--
	}
}
