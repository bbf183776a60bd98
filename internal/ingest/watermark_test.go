package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/window"
)

// A window of 256 s has fine steps of 1 s and coarse ones of 32 s; late is what comes 10 s
// behind.
func TestIngester_due(t *testing.T) {
	cfg := testConfig()
	cfg.Window, cfg.Lateness = 256*time.Second, 10*time.Second
	i, err := New(cfg, newCounter(), func(*window.Snapshot) bool { return true })
	require.NoError(t, err)
	begin := i.mark.start(epoch.UnixNano())
	i.enough = 100
	for _, c := range []struct {
		resolved, mark time.Duration // since begin
		spans          int
		due            bool
	}{
		{resolved: 0, mark: 10*time.Second + 999*time.Millisecond, spans: 100}, // no step further
		{resolved: 0, mark: 11 * time.Second, spans: 99},
		{resolved: 0, mark: 11 * time.Second, spans: 100, due: true},
		{resolved: time.Second, mark: 11 * time.Second, spans: 100},
		{resolved: 0, mark: 41*time.Second + 999*time.Millisecond},
		{resolved: 0, mark: 42 * time.Second, due: true},
		{resolved: 31 * time.Second, mark: 42 * time.Second, due: true},
		{resolved: 32 * time.Second, mark: 42 * time.Second},
		{resolved: 255 * time.Second, mark: 266 * time.Second, due: true}, // the window is over
	} {
		i.closing.at.Store(begin + int64(c.resolved))
		assert.Equal(t, c.due, i.due(begin+int64(c.mark), c.spans), "%+v", c)
	}
	i.closing.at.Store(never)
	assert.True(t, i.due(begin, 0), "nothing was ever resolved")
	assert.Equal(t, int64(never), i.mark.step(never, fineSteps))
	require.NoError(t, i.Close(t.Context()))
}

// A window that cannot be divided is one step.
func TestWatermark_stepOfAnOddWindow(t *testing.T) {
	w := watermark{size: 255, lateness: 10}
	assert.Equal(t, int64(255), w.step(2*255+9, fineSteps))
	assert.Equal(t, int64(2*255), w.step(2*255+10, coarseSteps))
}

// How many spans are enough to resolve traces changes nothing.
func TestEnough_changesNothing(t *testing.T) {
	run := func(enough int) []*window.Snapshot {
		r := newRig(t, testConfig())
		r.enough = enough
		for spans := appSpans(); len(spans) > 0; {
			n := min(len(spans), 7)
			r.Traces(batchOf(t, spans[:n]...), now())
			spans = spans[n:]
		}
		return r.end()
	}
	want := run(1)
	require.NotEmpty(t, want)
	for _, enough := range []int{10, 1000} {
		assert.Equal(t, want, run(enough), "%d", enough)
	}
}

// Spans that are due wait for enough others at most, however many come in a coarse step,
// and what has come for longer is never more than that.
func TestEnough_bounds(t *testing.T) {
	const perBatch, batches = 100, 200
	cfg := testConfig()
	cfg.Limits.PendingSpans = 20_000 // 2,500 are enough
	r := newRig(t, cfg)
	require.Equal(t, 2500, r.enough)
	// A batch lasts 10 ms, the allowed lateness 50 of them, a coarse step 125.
	const late = 50 * perBatch
	r.mark.lateness = int64(500 * time.Millisecond)
	most := 0
	for k := range batches {
		var batch []sp
		for n := range perBatch {
			end := time.Duration(k)*10*time.Millisecond + time.Duration(n)*100*time.Microsecond
			batch = append(batch, root(uint64(k*perBatch+n+1), end+100*time.Millisecond))
		}
		r.Traces(batchOf(t, batch...), now())
		pending := 0
		for _, sh := range r.shards {
			pending += sh.traces.Pending()
		}
		most = max(most, pending)
	}
	// A fine step, 39 ms, is 391 spans; a batch is looked at once it was dealt.
	assert.LessOrEqual(t, most, late+2500+391+perBatch)
	assert.Greater(t, most, late+2000, "else they did not wait")
	snaps := r.end()
	count := 0.0
	for _, s := range snaps {
		count += s.RPCs[0].Count
	}
	assert.Equal(t, float64(perBatch*batches), count)
}
