package simulate

// slab hands out Ts by index and takes them back. Its chunks never move, so a
// pointer stays good until its T is given back, and the collector of garbage sees
// a few large objects without pointers in place of many small ones.
type slab[T any] struct {
	chunks [][]T
	free   []int32
	used   int32
}

const (
	slabBits = 10
	slabMask = 1<<slabBits - 1
)

func (s *slab[T]) at(i int32) *T { return &s.chunks[i>>slabBits][i&slabMask] }

// get returns the index of a T that holds what it held when it was given back.
func (s *slab[T]) get() int32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	if int(s.used>>slabBits) == len(s.chunks) {
		s.chunks = append(s.chunks, make([]T, 1<<slabBits))
	}
	s.used++
	return s.used - 1
}

func (s *slab[T]) put(i int32) { s.free = append(s.free, i) }
