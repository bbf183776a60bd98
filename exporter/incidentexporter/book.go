package incidentexporter

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// key names what a destination follows: an incident, one of its candidates, or
// for Alertmanager the objective, of which one incident is open at a time.
type key struct {
	Event     string
	Incident  string
	Rank      int64
	Namespace string
	Service   string
	Operation string
	SLO       string
}

// position orders the records of one key: incidents of one objective by their
// start, records of one incident by their sequence number.
type position struct {
	Start    int64 // ns
	Sequence int64
}

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.Start, q.Start), cmp.Compare(p.Sequence, q.Sequence))
}

// entry is what a destination was told last of a key.
type entry struct {
	Position position
	Incident string // ID
	State    string // of the incident
	Ended    bool
	Sent     bool      // the destination has it
	Heard    time.Time // when the record came
	Turn     uint64    // counts, for the order of Heard
	Alert    *alert    `json:",omitempty"` // for Alertmanager
	Outgrown *alert    `json:",omitempty"` // likewise: of a lower severity before, resolved
}

// order says how a record stands to what is known of its key.
type order int

const (
	fresh      order = iota
	duplicate        // the destination has it
	superseded       // the destination has, or is being told, a later one
)

// reasons by order.
var orderReasons = map[order]string{duplicate: "duplicate", superseded: "superseded"}

// book is what a destination knows, bounded in number and age. It has one user at
// a time: whoever has the destination's turn.
type book struct {
	limit   int
	age     time.Duration
	entries map[key]*entry
	turns   uint64
}

func newBook(limit int, age time.Duration) *book {
	return &book{limit: limit, age: age, entries: make(map[key]*entry)}
}

// look says how a record at p stands to what is known of k.
func (b *book) look(k key, p position) order {
	e, known := b.entries[k]
	if !known {
		return fresh
	}
	switch c := p.compare(e.Position); {
	case c < 0:
		return superseded
	case c == 0 && e.Sent:
		return duplicate
	default:
		return fresh
	}
}

// put notes e as the last of k, and returns the open entry that was forgotten for
// it, if any. Of those that may go, the one that was longest not heard of does.
func (b *book) put(k key, e entry) (forgotten *entry) {
	if _, known := b.entries[k]; !known && len(b.entries) >= b.limit {
		victim := b.victim()
		if v := b.entries[victim]; !v.Ended {
			forgotten = v
		}
		delete(b.entries, victim)
	}
	b.turns++
	e.Turn = b.turns
	b.entries[k] = &e
	return forgotten
}

// victim is the key that goes first. The smallest is sought, so that the order of
// the map does not matter.
func (b *book) victim() key {
	var at key
	var worst *entry
	for k, e := range b.entries {
		if worst == nil || e.before(worst) {
			at, worst = k, e
		}
	}
	return at
}

// before reports whether e is to be forgotten before o.
func (e *entry) before(o *entry) bool {
	if e.Ended != o.Ended {
		return e.Ended
	}
	return e.Turn < o.Turn
}

// sweep forgets what was not heard of for too long, and returns how much of it was
// open.
func (b *book) sweep(now time.Time) (open int64) {
	for k, e := range b.entries {
		if now.Sub(e.Heard) <= b.age {
			continue
		}
		if !e.Ended {
			open++
		}
		delete(b.entries, k)
	}
	return open
}

// open counts the incidents that are not over.
func (b *book) open() int64 {
	n := int64(0)
	for _, e := range b.entries {
		if !e.Ended {
			n++
		}
	}
	return n
}

// sorted are the keys, those heard of first first.
func (b *book) sorted() []key {
	keys := make([]key, 0, len(b.entries))
	for k := range b.entries {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, c key) int { return cmp.Compare(b.entries[a].Turn, b.entries[c].Turn) })
	return keys
}

// written is the persisted form of a book.
type written struct {
	Version int
	Entries []writtenEntry
}

type writtenEntry struct {
	Key   key
	Entry entry
}

const bookVersion = 1

// marshal returns the book for unmarshal.
func (b *book) marshal() ([]byte, error) {
	w := written{Version: bookVersion}
	for _, k := range b.sorted() {
		w.Entries = append(w.Entries, writtenEntry{k, *b.entries[k]})
	}
	return json.Marshal(w)
}

// unmarshal adds what marshal returned, as far as it fits. It leaves the book as
// it is where that is something else.
func (b *book) unmarshal(data []byte) error {
	var w written
	if err := json.Unmarshal(data, &w); err != nil {
		return fmt.Errorf("read the incidents: %w", err)
	}
	if w.Version != bookVersion {
		return fmt.Errorf("read the incidents: version %d is not %d", w.Version, bookVersion)
	}
	for _, e := range w.Entries {
		if e.Entry.Incident == "" {
			return errors.New("read the incidents: one has no ID")
		}
	}
	for _, e := range w.Entries {
		b.put(e.Key, e.Entry)
	}
	return nil
}
