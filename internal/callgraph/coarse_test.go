package callgraph

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What is within a call by the clock is within it when the clock shows whole steps only,
// whether starts and ends, or starts and durations, are rounded, and how.
func TestRecord_followsNothingThatItIsWithin(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	floor := func(v, u int64) int64 { return v - v%u }
	near := func(v, u int64) int64 { return floor(v+u/2, u) }
	for _, u := range []int64{1e3, 1e6} {
		for range 100_000 {
			start := 1e9 + r.Int64N(10*u)
			end := start + r.Int64N(5*u)
			from := start + r.Int64N(end-start+1)
			to := from + r.Int64N(end-from+1)
			for name, round := range map[string]func(start, end int64) *record{
				"exact": func(s, e int64) *record { return &record{start: s, end: e} },
				"ends":  func(s, e int64) *record { return &record{start: floor(s, u), end: floor(e, u)} },
				"durations": func(s, e int64) *record {
					return &record{start: floor(s, u), end: floor(s, u) + floor(e-s, u)}
				},
				"nearest": func(s, e int64) *record { return &record{start: near(s, u), end: near(s, u) + near(e-s, u)} },
			} {
				inner, outer := round(from, to), round(start, end)
				if from < end || name != "exact" { // at the very end it is after it
					assert.False(t, inner.follows(outer), "%s: %d-%d within %d-%d", name, from, to, start, end)
				}
			}
		}
	}
}

// Attempts are calls of their own, by a coarse clock too, unless they take as good as no time.
func TestRecord_follows(t *testing.T) {
	for _, tt := range []struct {
		first, second [2]int64
		want          bool
	}{
		{[2]int64{0, 10}, [2]int64{9, 19}, false},
		{[2]int64{0, 10}, [2]int64{10, 20}, true},
		{[2]int64{0, 10}, [2]int64{10, 10}, true},
		{[2]int64{0, 0}, [2]int64{0, 10}, false},
		{[2]int64{0, 10e6}, [2]int64{10e6, 20e6}, true},
		{[2]int64{0, 10e6}, [2]int64{11e6, 12e6}, false},
		{[2]int64{0, 10e6}, [2]int64{11e6, 12.5e6}, true},
		{[2]int64{0, 10e3}, [2]int64{10e3, 12e3}, false},
	} {
		first, second := &record{start: tt.first[0], end: tt.first[1]}, &record{start: tt.second[0], end: tt.second[1]}
		assert.Equal(t, tt.want, second.follows(first), "%v then %v", tt.first, tt.second)
	}
}
