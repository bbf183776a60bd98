package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/window"
)

// A panic that the caller survives leaves no lock behind: the next batch does not wait.
func TestPanic_leavesNoLock(t *testing.T) {
	r := newRig(t, testConfig())
	free := func() {
		t.Helper()
		require.True(t, r.world.TryLock(), "world")
		r.world.Unlock()
		require.True(t, r.closing.mu.TryLock(), "closing")
		r.closing.mu.Unlock()
		require.True(t, r.folding.mu.TryLock(), "folding")
		r.folding.mu.Unlock()
		require.True(t, r.metrics.mu.TryLock(), "metrics")
		r.metrics.mu.Unlock()
		for _, s := range r.shards {
			require.True(t, s.mu.TryLock(), "shard")
			s.mu.Unlock()
		}
	}
	spans := appSpans()
	for _, s := range r.shards {
		traces := s.traces
		s.traces = nil
		defer func() { s.traces = traces }()
	}
	assert.Panics(t, func() { r.Traces(batchOf(t, spans...), now()) })
	free()
	r.mark.at.Store(now().UnixNano())
	assert.Panics(t, r.Flush)
	free()

	broken := newRig(t, testConfig())
	points := broken.metrics.folder
	broken.metrics.folder = nil
	assert.Panics(t, func() { broken.fold(&scratch{points: []window.Point{{Time: 1, Value: 1}}}, 0) })
	require.True(t, broken.metrics.mu.TryLock())
	broken.metrics.mu.Unlock()
	broken.metrics.folder = points
}

// A panic while a window is merged or given away ends at the door of the configuration,
// and the next window is given away.
func TestPanic_protected(t *testing.T) {
	var panics, windows int
	cfg := testConfig()
	cfg.Protect = func(f func()) {
		defer func() {
			if recover() != nil {
				panics++
			}
		}()
		f()
	}
	r := newRig(t, cfg)
	emit := r.emit
	r.emit = func(s *window.Snapshot) bool {
		if windows++; windows == 1 {
			panic("here")
		}
		return emit(s)
	}
	r.Traces(batchOf(t, appSpans()...), now())
	r.Idle(now().Add(time.Hour))
	r.Traces(batchOf(t, appSpans()...), now().Add(time.Hour))
	rest := r.end()
	require.Greater(t, windows, 1)
	assert.Equal(t, 1, panics)
	assert.Len(t, rest, windows-1)
}
