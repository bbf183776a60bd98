package simulate

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Events come out by time, and those of a time as they were scheduled.
func TestEventHeap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h eventHeap
	type at struct {
		time time.Duration
		obj  int32
	}
	var want, got []at
	next := int32(0)
	low := time.Duration(0)
	for range 2000 {
		if rng.IntN(3) > 0 || len(h.events) == 0 {
			a := at{low + time.Duration(rng.IntN(50)), next}
			next++
			h.push(a.time, evRetry, a.obj, 7)
			want = append(want, a)
			continue
		}
		e := h.pop()
		low = e.at // nothing is scheduled in the past
		got = append(got, at{e.at, e.obj})
	}
	for len(h.events) > 0 {
		e := h.pop()
		assert.Equal(t, evRetry, e.kind())
		assert.EqualValues(t, 7, e.gen)
		got = append(got, at{e.at, e.obj})
	}
	slices.SortStableFunc(want, func(a, b at) int { return int(a.time - b.time) })
	assert.Equal(t, want, got)
}

// The earliest timer is found after any changes; of equal ones that of the lower
// index.
func TestTimers(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	timers := newTimers(37)
	at := make([]time.Duration, 37)
	for i := range at {
		at[i] = never
	}
	for range 5000 {
		i := rng.IntN(len(at))
		at[i] = time.Duration(rng.IntN(100))
		if rng.IntN(4) == 0 {
			at[i] = never
		}
		timers.set(int32(i), at[i])
		r, first := timers.next()
		want := slices.Min(at)
		assert.Equal(t, want, first)
		assert.EqualValues(t, slices.Index(at, want), r)
	}
}

// Indices are unique while in use, pointers stay, and what is given back is used
// again.
func TestSlab(t *testing.T) {
	var s slab[int]
	var pointers []*int
	for i := range 3000 {
		id := s.get()
		assert.EqualValues(t, i, id)
		*s.at(id) = i
		pointers = append(pointers, s.at(id))
	}
	for i, p := range pointers {
		assert.Equal(t, i, *p)
		assert.Same(t, p, s.at(int32(i)))
	}
	s.put(17)
	assert.EqualValues(t, 17, s.get())
	assert.EqualValues(t, 3000, s.get())
}
