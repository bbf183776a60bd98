package callgraph

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Who gives up, now and then, waits all the same: a reply that comes too late is waited for
// to the end of the request. Who hardly waits any more does not.
func TestHabit(t *testing.T) {
	var w habit
	note := func(n int, seems bool) {
		for range n {
			w.note(seems, enoughMessages)
		}
	}
	note(enoughMessages-1, true)
	assert.False(t, w.is.Load(), "too few to know")
	note(1, true)
	assert.True(t, w.is.Load())
	note(enoughMessages, false)
	assert.True(t, w.is.Load(), "half of them")
	note(1, false)
	assert.False(t, w.is.Load())
	note(enoughMessages, true)
	assert.False(t, w.is.Load(), "two thirds are no rule")

	for range 100 * recentlySeen {
		w.note(true, enoughMessages)
	}
	assert.True(t, w.is.Load())
	assert.Less(t, w.all.Load(), int32(recentlySeen))
}
