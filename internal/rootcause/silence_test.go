package rootcause

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	logtest "go.uber.org/zap/zaptest/observer"
)

// Windows of 30 s and a lateness of 10 s: silence is told of after 130 s, 260 s and so on.
func TestSilence(t *testing.T) {
	s := newSilence(30*time.Second, 10*time.Second)
	core, logged := logtest.New(zapcore.InfoLevel)
	begin := time.Unix(1_700_000_000, 0)
	look := func(seconds int) int {
		s.look(begin.Add(time.Duration(seconds)*time.Second), zap.New(core))
		return len(logged.TakeAll())
	}
	assert.Zero(t, look(0))
	assert.Zero(t, look(1000), "nothing comes, and nothing is to be said")

	s.refuse("no_service", 5)
	assert.Zero(t, look(1000))
	s.use(3)
	s.note("unmatched_client", 3)
	assert.Zero(t, look(1129))
	s.look(begin.Add(1130*time.Second), zap.New(core))
	all := logged.TakeAll()
	require.Len(t, all, 1)
	assert.Equal(t, map[string]any{
		"for": 130 * time.Second, "used": int64(3), "refused": map[string]int64{"no_service": 5}, "noted": map[string]int64{"unmatched_client": 3},
	}, all[0].ContextMap())
	assert.Zero(t, look(1259))
	assert.Equal(t, 1, look(1260))
	assert.Zero(t, look(1519))
	assert.Equal(t, 1, look(1520))

	s.broken()
	assert.Zero(t, look(5000), "nothing has come since")
	s.use(1)
	assert.Zero(t, look(5000))
	s.broken()
	s.use(1)
	assert.Zero(t, look(5200), "a window closed since")
	s.use(1)
	assert.Equal(t, 1, look(5330))

	s.broken()
	s.refuse("late", 1)
	for seconds := 6000; seconds < 40_000; seconds += 5 {
		require.Zero(t, look(seconds), "who sends has stopped")
	}
	s.use(1)
	assert.Zero(t, look(40_000), "and begins again")
	s.use(1)
	assert.Zero(t, look(40_100))
	assert.Equal(t, 1, look(40_130))
}

// Short windows are waited for all the same: senders have pauses.
func TestSilence_aMinuteAtLeast(t *testing.T) {
	assert.Equal(t, time.Minute, newSilence(time.Second, 0).after)
}
