package ingest

import "sync/atomic"

// sequence remembers where in a lossy table is what came next the last time: a scrape has
// the same resources, and each the same metrics, in the same order every time. To look
// there first, and compare, spares hashing all that is compared.
//
// A place says nothing about what is in it by now, so that nothing is kept in memory
// by a sequence, and a wrong guess costs the comparison only.
type sequence struct{ next atomic.Uint32 }

// first says what the metrics of a batch begin with.
type first struct{ about, metric sequence }

// was notes that what comes next is in a place.
func (s *sequence) was(place uint32) {
	if s.next.Load() != place { // else all callers would fight for its memory
		s.next.Store(place)
	}
}
