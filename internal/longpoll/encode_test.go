package longpoll

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

// After a restart polls are known at once, and work that has come to look like them since
// is still work.
func TestFilter_survives(t *testing.T) {
	polls, works := newFilter(), newFilter()
	run(t, polls, 0, 10, poll(20*time.Second, 30*time.Second))
	run(t, works, 0, 10, work(20*time.Millisecond))
	for f, want := range map[*Filter]string{polls: "www", works: "..."} {
		b, err := f.MarshalBinary()
		require.NoError(t, err)
		g := newFilter()
		require.NoError(t, g.UnmarshalBinary(b))
		assert.Equal(t, f.ops, g.ops)
		waits, found := run(t, g, 10, 3, poll(20*time.Second, 30*time.Second))
		assert.Equal(t, want, waits)
		assert.Empty(t, found, "it was said before")
	}
	b, err := polls.MarshalBinary()
	require.NoError(t, err)
	told := New(Config{Forget: time.Hour, MaxOperations: 100, Works: func(r identity.RPC) bool { return r == feed }})
	require.NoError(t, told.UnmarshalBinary(b))
	assert.NotContains(t, told.ops, feed, "the user says otherwise now")
}

func TestFilter_refusesWhatCannotBe(t *testing.T) {
	f := newFilter()
	run(t, f, 0, 2, work(20*time.Millisecond))
	before := len(f.ops)
	for _, b := range []string{``, `{}`, `[{"Windows":-1}]`, `[{"Wall":-1}]`, `[{"Waits":true}]`, `[{"Wall":1e999}]`} {
		require.Error(t, f.UnmarshalBinary([]byte(b)), b)
		assert.Len(t, f.ops, before)
	}
}
