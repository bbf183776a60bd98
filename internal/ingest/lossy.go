package ingest

import "sync/atomic"

// ways is the number of places that an entry of a lossy table may have.
const ways = 4

// lossy is a table of bounded size for what can be found out again: each entry
// may lie in a few places by its hash, and takes that of another where they are
// full. It is safe for concurrent use and takes no lock: entries are not changed
// once they are in it.
type lossy[T any] struct{ cells []atomic.Pointer[T] }

// newLossy returns a table of size entries, a power of two and at least ways.
func newLossy[T any](size int) lossy[T] { return lossy[T]{make([]atomic.Pointer[T], size)} }

// set returns the places of a hash.
func (l *lossy[T]) set(hash uint64) []atomic.Pointer[T] {
	first := hash & uint64(len(l.cells)-ways)
	return l.cells[first : first+ways]
}

// at returns what is in a place, or nil.
func (l *lossy[T]) at(place uint32) *T { return l.cells[place].Load() }

// place returns the number of a place among those of a hash.
func (l *lossy[T]) place(hash uint64, k int) uint32 {
	return uint32(hash&uint64(len(l.cells)-ways)) + uint32(k)
}

// put enters v in an empty place, or in that of an entry that it replaces, or
// else in the one that its hash says. It returns the place.
func (l *lossy[T]) put(hash uint64, v *T, replaces func(*T) bool) uint32 {
	set := l.set(hash)
	at := int(hash >> 60 % ways)
	for k := range set {
		if old := set[k].Load(); old == nil || replaces(old) {
			at = k
			break
		}
	}
	set[at].Store(v)
	return l.place(hash, at)
}

func (l *lossy[T]) clear() {
	for k := range l.cells {
		l.cells[k].Store(nil)
	}
}
