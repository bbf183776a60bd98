package slo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A ring of 30 s in buckets of 10 s. Windows of 5 s each have as many requests as
// their number, and one of them is bad.
func TestRing(t *testing.T) {
	r := newRing(30*time.Second, 10*time.Second)
	assert.Equal(t, 3, r.Size)
	add := func(i int64) { r.add(i*5*second, (i+1)*5*second, float64(i), 1) }
	for i := int64(1); i <= 8; i++ {
		add(i)
	}
	// Buckets: 0 had 1, 1 has 2 and 3, 2 has 4 and 5, 3 has 6 and 7, 4 has 8 so far.
	assert.Equal(t, []bucket{{2, 9, 2, 10 * second}, {3, 13, 2, 10 * second}, {4, 8, 1, 5 * second}}, r.Buckets)
	for _, c := range []struct {
		length    time.Duration
		count     float64
		requested string
	}{
		{10 * time.Second, 8, "the bucket that is not full"},
		{20 * time.Second, 21, "and the one before"},
		{30 * time.Second, 30, "all"},
		{15 * time.Second, 21, "a part of a bucket is a bucket"},
	} {
		assert.Equal(t, c.count, r.last(40*second, c.length).Count, c.requested)
	}
	assert.Equal(t, 8.0, r.last(60*second, 30*time.Second).Count, "20 s later, without windows")
	assert.Zero(t, r.last(90*second, 30*time.Second).Count)

	share, ok := r.badRatio(40*second, 20*time.Second)
	assert.True(t, ok, "15 of 20 s")
	assert.InDelta(t, 3.0/21, share, 1e-12)
	_, ok = r.badRatio(60*second, 30*time.Second)
	assert.False(t, ok, "5 of 30 s")

	before := append([]bucket(nil), r.Buckets...)
	add(5)
	assert.Equal(t, before, r.Buckets, "what comes late changes nothing")
	r.add(1000*second, 1005*second, 7, 7)
	assert.Len(t, r.Buckets, 1, "a gap forgets what was before")
}

// A window that is longer than a bucket fills it, and the next ones stay empty.
func TestRing_longWindows(t *testing.T) {
	r := newRing(60*time.Second, 6*time.Second)
	for i := range int64(4) {
		r.add(i*30*second, (i+1)*30*second, 10, float64(i))
	}
	share, ok := r.badRatio(90*second, 30*time.Second)
	assert.True(t, ok)
	assert.InDelta(t, 0.3, share, 1e-12, "the last window alone")
	share, ok = r.badRatio(90*second, 60*time.Second)
	assert.True(t, ok)
	assert.InDelta(t, 0.25, share, 1e-12, "the last two")
}

func TestRing_withoutWidth(t *testing.T) {
	var r ring
	r.add(0, second, 1, 1)
	assert.Empty(t, r.Buckets)
	_, ok := r.badRatio(0, time.Second)
	assert.False(t, ok)
}
