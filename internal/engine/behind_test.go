package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// A model that is stale since a deploy names it, and what is watched is counted.
func TestStatus_namesTheDeploy(t *testing.T) {
	cfg := calm()
	cfg.Changes, cfg.Lookback = change.Default(10), time.Hour
	r := withGVAE(newRig(t, cfg, nil))
	r.run.training.refit, r.run.training.drifted = gvae.Retrain, Drifted
	windows := slices.Concat(chain(1, 0, 80, 1), chain(1, 80, 60, 1.6))
	for i, w := range windows {
		version := "1"
		if i >= 80 {
			version = "2"
		}
		c := &w.RPCs[2]
		require.Equal(t, rpc("c"), c.Key)
		c.Instances = []window.Instance{{ID: "c-1", Version: version, Count: c.Count, Latency: new(sketch.Sketch)}}
	}
	r.through(t, windows)
	i := slices.IndexFunc(r.watch.states, func(s ModelStatus) bool { return s.State == Stale })
	require.GreaterOrEqual(t, i, 0)
	stale := r.watch.states[i]
	assert.Equal(t, "c runs 2 since 12:13:20Z: some latencies are no longer what the model learned (server(c GET)): the rest is still answered by the model", stale.Reason)
	assert.Equal(t, []string{"c"}, stale.Behind)
	assert.Equal(t, 1, stale.Watched.Watched)
	assert.Equal(t, 1, stale.Watched.Measured)
	assert.Zero(t, stale.Open)
	said := slices.DeleteFunc(r.said, func(o Output) bool { return o.Change == nil })
	require.Len(t, said, 1)
	assert.Equal(t, change.Version, said[0].Change.Kind)
}
