package identity

import (
	"sync"
	"sync/atomic"
)

// Recent is a bounded map that forgets: a key that has not been put for a given
// span of event time no longer counts, and gives up its place when room is
// needed. It is safe for concurrent use; finding a key that is there allocates
// nothing and takes a shared lock only.
type Recent[K comparable, V any] struct {
	mu    sync.RWMutex // guards the shape of table and the values
	table table[K, V]
}

// NewRecent returns an empty map of at most max keys, each of which is
// forgotten when it has not been put for forget ns. Where several keys could
// give up their place, the one put longest ago does, and the first by compare
// among equals. It panics unless max and forget are positive.
func NewRecent[K comparable, V any](max int, forget int64, compare func(a, b K) int) *Recent[K, V] {
	return &Recent[K, V]{table: newTable[K, V](max, forget, compare)}
}

// Get returns the value of k, and whether k has been put in the forget ns
// before now.
func (r *Recent[K, V]) Get(k K, now int64) (V, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()

	if e := r.table.entries[k]; e != nil && now-e.seen.at.Load() < r.table.forget {
		return e.value, true
	}
	var zero V
	return zero, false
}

// Touch notes that k is still in use at now, and reports whether k is there. A
// time before the latest one known changes nothing.
func (r *Recent[K, V]) Touch(k K, now int64) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()

	e := r.table.entries[k]
	if e == nil {
		return false
	}
	e.seen.touch(now)
	return true
}

// Place returns the place of k, and whether k is there.
func (r *Recent[K, V]) Place(k K) (Place, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()

	e := r.table.entries[k]
	if e == nil {
		return Place{}, false
	}
	return Place{&e.seen, r.table.forget / grains}, true
}

// Put sets the value of k, and reports false where there is no room for k.
func (r *Recent[K, V]) Put(k K, v V, now int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()

	e := r.table.admit(k, now)
	if e == nil {
		return false
	}
	e.value = v
	return true
}

// Each calls f with every key and value, forgotten ones included that still have
// their place, in no order.
func (r *Recent[K, V]) Each(f func(K, V)) {
	r.mu.RLock()
	defer r.mu.RUnlock()

	for k, e := range r.table.entries {
		f(k, e.value)
	}
}

// Len returns the number of keys, forgotten ones included that still have
// their place.
func (r *Recent[K, V]) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()

	return len(r.table.entries)
}

// table is a bounded map whose entries know when they were last seen. Adding
// and removing entries needs an exclusive lock of the owner, touching them a
// shared one.
type table[K comparable, V any] struct {
	max     int
	forget  int64
	compare func(a, b K) int
	entries map[K]*entry[V]
	// closed is a time before which no entry of a full table can be forgotten.
	// It spares refused keys the search for one: entries are only ever seen later.
	closed int64
}

type entry[V any] struct {
	seen  seen
	value V
}

// seen is when something was seen last.
type seen struct {
	at   atomic.Int64 // latest event time
	gone atomic.Bool  // it has given up its place
}

func (s *seen) touch(now int64) {
	for {
		at := s.at.Load()
		if now <= at || s.at.CompareAndSwap(at, now) {
			return
		}
	}
}

func newTable[K comparable, V any](max int, forget int64, compare func(a, b K) int) table[K, V] {
	if max <= 0 || forget <= 0 {
		panic("identity: bound and time to forget must be positive")
	}
	return table[K, V]{max: max, forget: forget, compare: compare, entries: make(map[K]*entry[V])}
}

// refuses reports whether k, which is not in the table, can be refused without
// a search for room.
func (t *table[K, V]) refuses(now int64) bool {
	return len(t.entries) >= t.max && now < t.closed
}

// admit returns the entry of k, made anew where there is room or an entry that
// may be forgotten, and nil where there is neither.
func (t *table[K, V]) admit(k K, now int64) *entry[V] {
	if e := t.entries[k]; e != nil {
		e.seen.touch(now)
		return e
	}
	if len(t.entries) >= t.max && !t.evict(now) {
		return nil
	}
	e := new(entry[V])
	e.seen.at.Store(now)
	t.entries[k] = e
	if len(t.entries) == 1 || now+t.forget < t.closed {
		t.closed = now + t.forget
	}
	return e
}

// evict removes the entry seen longest ago if it may be forgotten at now.
func (t *table[K, V]) evict(now int64) bool {
	if now < t.closed {
		return false
	}
	var oldest K
	var seen int64
	first := true
	for k, e := range t.entries { // the minimum of a total order: any order of visits finds it
		s := e.seen.at.Load()
		if first || s < seen || s == seen && t.compare(k, oldest) < 0 {
			oldest, seen, first = k, s, false
		}
	}
	if now-seen < t.forget {
		t.closed = seen + t.forget
		return false
	}
	t.entries[oldest].seen.gone.Store(true)
	delete(t.entries, oldest)
	return true
}
