package incidentexporter

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func keyOf(i int) key { return key{Event: "rca.incident", Incident: fmt.Sprint("inc-", i)} }

func entryOf(i int, sequence int64, ended bool, heard time.Time) entry {
	return entry{Position: position{Sequence: sequence}, Incident: fmt.Sprint("inc-", i), State: "open", Ended: ended, Sent: true, Heard: heard}
}

func TestBook_order(t *testing.T) {
	b := newBook(10, time.Hour)
	k := keyOf(1)
	assert.Equal(t, fresh, b.look(k, position{Sequence: 2}))
	e := entryOf(1, 2, false, onset)
	e.Sent = false
	b.put(k, e)
	assert.Equal(t, fresh, b.look(k, position{Sequence: 2}), "it is tried again until the destination has it")
	b.put(k, entryOf(1, 2, false, onset))
	assert.Equal(t, duplicate, b.look(k, position{Sequence: 2}))
	assert.Equal(t, superseded, b.look(k, position{Sequence: 1}))
	assert.Equal(t, fresh, b.look(k, position{Sequence: 3}))
	assert.Equal(t, superseded, b.look(k, position{Start: -1, Sequence: 9}), "an earlier incident of the same objective")
}

// The first to go are those that have ended, then those not heard of for longest.
func TestBook_forgetsInOrder(t *testing.T) {
	b := newBook(3, time.Hour)
	for i := range 3 {
		assert.Nil(t, b.put(keyOf(i), entryOf(i, 1, i == 1, onset)))
	}
	assert.Nil(t, b.put(keyOf(0), entryOf(0, 2, false, onset)), "what is known needs no room")
	assert.Nil(t, b.put(keyOf(3), entryOf(3, 1, false, onset)), "1 has ended, and goes unnoticed")
	assert.Equal(t, []key{keyOf(2), keyOf(0), keyOf(3)}, b.sorted())
	assert.Equal(t, "inc-2", b.put(keyOf(4), entryOf(4, 1, false, onset)).Incident)
	assert.Equal(t, int64(3), b.open())
}

func TestBook_forgetsWhatIsSilent(t *testing.T) {
	b := newBook(3, time.Hour)
	b.put(keyOf(0), entryOf(0, 1, false, onset))
	b.put(keyOf(1), entryOf(1, 1, true, onset))
	b.put(keyOf(2), entryOf(2, 1, false, onset.Add(time.Minute)))
	assert.Zero(t, b.sweep(onset.Add(time.Hour)))
	assert.Equal(t, int64(1), b.sweep(onset.Add(time.Hour+1)), "of the two that went, one was open")
	assert.Equal(t, []key{keyOf(2)}, b.sorted())
}

// Law: a book that is written and read back at any time says the same as one that
// is not; it never grows beyond its limit.
func TestBook_survivesStorage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const limit = 5
	a, b := newBook(limit, time.Hour), newBook(limit, time.Hour)
	for step := range 2000 {
		i, seq := rng.IntN(9), int64(rng.IntN(6))
		assert.Equal(t, a.look(keyOf(i), position{Sequence: seq}), b.look(keyOf(i), position{Sequence: seq}))
		e := entryOf(i, seq, rng.IntN(3) == 0, onset.Add(time.Duration(step)*time.Second))
		e.Alert = &alert{Labels: map[string]string{"n": fmt.Sprint(step)}, StartsAt: onset}
		a.put(keyOf(i), e)
		b.put(keyOf(i), e)
		if rng.IntN(10) == 0 {
			data, err := b.marshal()
			require.NoError(t, err)
			b = newBook(limit, time.Hour)
			require.NoError(t, b.unmarshal(data))
		}
		require.Equal(t, a.sorted(), b.sorted())
		require.LessOrEqual(t, len(b.entries), limit)
	}
	for k, e := range a.entries {
		got := *b.entries[k]
		got.Turn = e.Turn // counts from the last reading
		assert.Equal(t, *e, got)
	}
}

func TestBook_refusesWhatIsNotOne(t *testing.T) {
	b := newBook(3, time.Hour)
	for _, data := range []string{"", "somebody else's", `{"Version":2}`, `{"Version":1,"Entries":[{}]}`} {
		require.Error(t, b.unmarshal([]byte(data)), data)
		assert.Empty(t, b.entries)
	}
}
