package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/rca"
)

func TestEngine_life(t *testing.T) {
	r := newRig(t, config(), nil)
	require.NoError(t, r.Start(t.Context()))
	require.Error(t, r.Start(t.Context()), "twice")
	for _, s := range letters(0, "GGVVVGGG") {
		require.True(t, r.Offer(s))
	}
	assert.False(t, r.Offer(nil))
	require.NoError(t, r.Close(t.Context()), "judges what is queued")
	assert.Equal(t, []string{"3 open", "6 resolved"}, r.incidents())
	assert.Equal(t, 8, r.watch.closed)

	assert.False(t, r.Offer(simple(8, time.Millisecond)), "after Close")
	assert.Equal(t, 2, r.watch.refused)
	require.NoError(t, r.Close(t.Context()), "twice")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, r.Close(ended), "nothing is left to wait for")
	require.Error(t, r.Start(t.Context()), "after Close")
	assert.Empty(t, r.watch.failures())
}

func TestEngine_closeWithoutStart(t *testing.T) {
	r := newRig(t, trained(), newMemory())
	require.True(t, r.Offer(simple(0, time.Millisecond)))
	require.NoError(t, r.Close(t.Context()))
	require.NoError(t, r.Close(t.Context()))
	assert.Equal(t, 1, r.watch.refused, "what nobody will judge is refused")
	assert.Zero(t, r.watch.closed)
}

func TestEngine_closeWithoutWindows(t *testing.T) {
	m := newMemory()
	newRig(t, trained(), m).through(t)
	assert.Empty(t, m.sets, "nothing to write")
}

func TestEngine_maxPending(t *testing.T) {
	cfg := config()
	cfg.MaxPending = 3
	r := newRig(t, cfg, nil)
	for i, want := range []bool{true, true, true, false, false} {
		assert.Equal(t, want, r.Offer(simple(i, time.Millisecond)), "window %d", i)
	}
	assert.Equal(t, 2, r.watch.refused)
	r.through(t)
	assert.Equal(t, 3, r.watch.closed, "what was queued before Start is judged")
}

func TestEngine_outlivesTheContextOfStart(t *testing.T) {
	r := newRig(t, config(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, r.Start(ctx))
	cancel()
	for _, s := range letters(0, "VV") {
		r.Offer(s)
	}
	require.NoError(t, r.Close(t.Context()))
	assert.Equal(t, []string{"1 open"}, r.incidents())
}

func TestEngine_closeKeepsItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, config(), nil)
		busy := make(chan struct{})
		r.run.diagnose = func(rca.Input, rca.Config) rca.Verdict {
			<-busy
			return rca.Verdict{Abstained: true}
		}
		require.NoError(t, r.Start(t.Context()))
		for _, s := range letters(0, "VVVVVV") {
			r.Offer(s)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		require.ErrorIs(t, r.Close(ctx), context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(began))

		close(busy)
		require.NoError(t, r.Close(t.Context()))
		assert.Equal(t, 2, r.watch.closed, "the queue is left")
	})
}

// hanging is a Store that answers when it is let go.
type hanging struct {
	*memory
	let chan struct{}
}

func (h hanging) Get(ctx context.Context, key string) ([]byte, error) {
	<-h.let
	return h.memory.Get(ctx, key)
}

func TestEngine_offerDoesNotWaitForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := hanging{newMemory(), make(chan struct{})}
		r := newRig(t, config(), store)
		done := make(chan error, 1)
		go func() { done <- r.Start(t.Context()) }()
		synctest.Wait() // Start hangs in the store
		assert.True(t, r.Offer(simple(0, time.Millisecond)))
		close(store.let)
		require.NoError(t, <-done)
		require.NoError(t, r.Close(t.Context()))
		assert.Equal(t, 1, r.watch.closed)
	})
}

func TestEngine_closeWhileStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := hanging{newMemory(), make(chan struct{})}
		r := newRig(t, config(), store)
		r.Offer(simple(0, time.Millisecond))
		started, closed := make(chan error, 1), make(chan error, 1)
		go func() { started <- r.Start(t.Context()) }()
		synctest.Wait()
		go func() { closed <- r.Close(t.Context()) }()
		synctest.Wait()
		close(store.let)
		require.NoError(t, <-started)
		require.NoError(t, <-closed)
		assert.Equal(t, 1, r.watch.closed)
	})
}

func TestNew_namesAllThatIsWrong(t *testing.T) {
	_, err := New(Config{Training: Training{Enabled: true, PublishAfter: -1}}, nil, new(watch), nil)
	for _, want := range []string{
		"window", "pending windows", "columns", "checkpoint size", "windows to forget", "history",
		"open incidents", "minimum windows", "training interval", "publish after", "CPU budget", "slo: rule",
	} {
		require.ErrorContains(t, err, want)
	}
	cfg := trained()
	cfg.Training.MinWindows = 361 // of 10 s in an hour
	_, err = New(cfg, nil, new(watch), nil)
	require.ErrorContains(t, err, "361 windows to learn from do not fit in a history of 360")
	cfg.Training.Enabled = false
	_, err = New(cfg, nil, new(watch), nil)
	assert.NoError(t, err, "without training nobody minds")
}

func TestGuard(t *testing.T) {
	require.NoError(t, guard(func() {}))
	err := guard(func() { panic(errors.New("singular")) })
	require.ErrorContains(t, err, "panic: singular")
	assert.ErrorContains(t, err, "engine_test.go", "with the stack")
}
