package ingest

import "sync/atomic"

// sequence remembers where in a lossy table is what came next the last time: a sender
// says who it is in the same order in each batch. To look there first, and compare,
// spares going over all attributes of a resource for a hash.
//
// A place says nothing about what is in it by now, so that nothing is kept in memory
// by a sequence, and a wrong guess costs the comparison only.
type sequence struct{ next atomic.Uint32 }

// first says what a batch begins with.
type first struct{ origin, about, metric sequence }

// was notes that what comes next is in a place.
func (s *sequence) was(place uint32) {
	if s.next.Load() != place { // else all callers would fight for its memory
		s.next.Store(place)
	}
}
