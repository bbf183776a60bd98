package ingest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/window"
)

// Taking back the numbers of names, in the midst of traces and windows, changes
// nothing.
func TestSweep_changesNothing(t *testing.T) {
	run := func(sweeps bool) []*window.Snapshot {
		r := newRig(t, testConfig())
		spans := appSpans()
		for len(spans) > 0 {
			n := min(len(spans), 7)
			r.Traces(batchOf(t, spans[:n]...), now())
			spans = spans[n:]
			if sweeps {
				r.sweepAt.Store(0)
				r.sweepIfDue()
			}
		}
		return r.end()
	}
	assert.Equal(t, run(false), run(true))
}

// Names that come and go do not add up: here versions, of which nothing else
// bounds the number.
func TestSweep_bounds(t *testing.T) {
	const perBatch, batches = 50, 800
	r := newRig(t, testConfig())
	most := 0
	for k := range batches {
		end := time.Duration(k) * 20 * time.Millisecond
		var batch []sp
		for n := range perBatch {
			one := root(uint64(k*perBatch+n+1), end+100*time.Millisecond)
			one.resource = attrs{"service.version": fmt.Sprint(k, ".", n)}
			batch = append(batch, one)
		}
		r.Traces(batchOf(t, batch...), now())
		most = max(most, r.names.Len())
	}
	require.Equal(t, perBatch*batches, r.used)
	// Spans wait for the allowed lateness, 5 s, and a coarse step of at most 1.25 s more:
	// 313 batches and the one that is coming. So many versions are in use, and a few
	// names more; a sweep is due at twice that.
	const inUse = (313+1)*perBatch + 10
	require.Greater(t, r.used, 2*inUse+perBatch, "more came than may be kept")
	assert.LessOrEqual(t, most, 2*inUse+perBatch, "a batch beyond the bound")
	assert.Greater(t, most, minSweep, "else there was no sweep")
	snaps := r.end()
	count := 0.0
	for _, s := range snaps {
		count += s.RPCs[0].Count
		require.Len(t, s.RPCs, 1)
	}
	assert.Equal(t, float64(r.used), count)
}
