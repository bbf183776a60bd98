package slo

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What turns out to be judged by biased requests is taken back, and not judged again;
// where nothing is said of the operation it fires on.
func TestWatcher_takesBackWhatIsBiased(t *testing.T) {
	w := newWatcher(t, Config{
		Objectives: []Objective{{Name: "a", Service: rpc("web", "").Service, Operation: "*", Quantile: 0.9, Threshold: 100 * time.Millisecond}},
		OpenK:      1, OpenN: 1, ResolveM: 2,
	})
	slow := Observation{RPC: rpc("web", "GET /"), Latency: latency(20, 200*time.Millisecond)}
	first := w.Observe(0, 10, []Observation{slow})
	require.Len(t, first, 1)
	require.True(t, first[0].Firing)

	unseen := w.Observe(10, 20, nil)
	require.Len(t, unseen, 1)
	assert.True(t, unseen[0].Firing)

	slow.Biased = true
	back := w.Observe(20, 30, []Observation{slow})
	require.Len(t, back, 1)
	assert.False(t, back[0].Firing)
	assert.True(t, back[0].Measured)
	assert.False(t, back[0].Violated)
	assert.Equal(t, first[0].Onset, back[0].Onset, "that of the run that ends")
	assert.True(t, math.IsNaN(back[0].Observed))
	assert.Empty(t, w.Observe(30, 40, []Observation{slow}))
}
