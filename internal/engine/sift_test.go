package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// entries is n windows from window first on of four entries, half of whose requests wait
// long for what they all call where it is slow.
func entries(t *testing.T, first, n int, slow bool) (out []*window.Snapshot) {
	t.Helper()
	var w world
	for _, name := range []string{"a", "b", "c", "d"} {
		w.chain(name + " > db")
	}
	var words []string
	if slow {
		words = []string{"db@v1+v2", "db=150ms"}
	}
	c, err := parseConditions(words)
	require.NoError(t, err)
	for i := range n {
		out = append(out, w.picture(first+i, &c))
	}
	return out
}

// A restart right into a fault of several entries alike, which looks like tail sampling
// where nothing is known of the time before.
func TestSift_samplingOverARestart(t *testing.T) {
	r := newRig(t, config(), nil).through(t, entries(t, 24, 6, true))
	assert.True(t, r.run.biased(), "else the test shows nothing")
	assert.Empty(t, r.incidents())

	store := newMemory()
	newRig(t, config(), store).through(t, entries(t, 0, 24, false))
	r = newRig(t, config(), store.copy()).through(t, entries(t, 24, 6, true))
	assert.False(t, r.run.biased())
	assert.Equal(t, []string{"25 open"}, r.incidents())
	assert.Empty(t, r.watch.failures())

	r = newRig(t, config(), store)
	r.run.restore(t.Context())
	w, err := r.run.watcher.MarshalBinary()
	require.NoError(t, err)
	i, err := r.run.tracker.MarshalBinary()
	require.NoError(t, err)
	body, err := encode(state{Last: start(23), Watcher: w, Incident: i})
	require.NoError(t, err)
	store.data[stateKey] = r.run.keeper.envelopes[stateKey].seal(body)
	r = newRig(t, config(), store).through(t, entries(t, 24, 6, true))
	assert.True(t, r.run.biased(), "a state of an older version says nothing of it")
	assert.Empty(t, r.watch.failures())
}

// Nonsense is refused, and the rest of the state is used.
func TestSift_damagedSampling(t *testing.T) {
	r := newRig(t, config(), newMemory())
	w, err := r.run.watcher.MarshalBinary()
	require.NoError(t, err)
	i, err := r.run.tracker.MarshalBinary()
	require.NoError(t, err)
	body, err := encode(state{Last: start(23), Watcher: w, Incident: i, Sampling: []byte(`{"Version":9}`)})
	require.NoError(t, err)
	require.ErrorContains(t, r.run.loadState(body), "sampling: a state of version 9, not 1")
	assert.Equal(t, start(23), r.run.last)
}
