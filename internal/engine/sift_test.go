package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/longpoll"
	"github.com/sage-rca/sage/internal/window"
)

func sifted() Config {
	c := config()
	c.LongPolls = longpoll.Config{Forget: time.Hour, MaxOperations: 10}
	return c
}

// constant is n windows from window first on in which all requests take as long.
func constant(first, n int, each time.Duration) (out []*window.Snapshot) {
	for i := range n {
		out = append(out, simple(first+i, each))
	}
	return out
}

// An operation all of whose requests take exactly 30 s, ever since, waits: nothing opens,
// before or after a restart, which need not look again.
func TestSift_pollsOverARestart(t *testing.T) {
	store := newMemory()
	assert.Empty(t, newRig(t, sifted(), store).through(t, constant(0, 12, 30*time.Second)).incidents())
	r := newRig(t, sifted(), store).through(t, constant(12, 5, 30*time.Second))
	assert.Empty(t, r.incidents())
	assert.Empty(t, r.watch.failures())
}

// A restart in the middle of a fault that looks like a poll: the operation was known to
// work before.
func TestSift_faultOverARestart(t *testing.T) {
	store := newMemory()
	newRig(t, sifted(), store).through(t, constant(0, 12, 50*time.Millisecond))
	r := newRig(t, sifted(), store).through(t, constant(12, 5, 30*time.Second))
	assert.Equal(t, []string{"13 open"}, r.incidents())
	assert.Equal(t, []string{"13 open"}, newRig(t, config(), nil).through(t, constant(0, 12, 50*time.Millisecond), constant(12, 5, 30*time.Second)).incidents())

	r = newRig(t, sifted(), nil).through(t, constant(0, 5, 30*time.Second))
	assert.Empty(t, r.incidents(), "from the first window on it may be a poll")
}
