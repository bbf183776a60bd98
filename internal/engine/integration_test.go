package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
)

// Twelve minutes of a chain a > b > c, with the real model and the real search: healthy,
// then c takes six times as long, then healthy again.
func TestEngine_findsTheSlowService(t *testing.T) {
	cfg := trained()
	cfg.Training.MinWindows = 50
	cfg.Training.CPUBudget = 1
	cfg.Training.PublishAfter = 6 // 60 s: in a replay windows wait so long for a slow machine
	cfg.Training.Model = gvae.Config{Structured: true, Epochs: 60, Seed: 1}
	cfg.RCA = rca.Config{Samples: 32, Seed: 1}
	windows := slices.Concat(chain(3, 0, 60, 1), chain(3, 60, 6, 6), chain(3, 66, 6, 1))

	run := func() *rig {
		r := newRig(t, cfg, newMemory())
		r.run.diagnose, r.run.training.fit = rca.Diagnose, gvae.Train
		return r.through(t, windows)
	}
	r := run()
	require.Empty(t, r.watch.failures())
	assert.Equal(t, []string{"0 cold", "49 warming", "55 ready"}, r.models())
	require.Equal(t, []string{"61 open", "67 resolved"}, r.incidents())

	var events []*incident.Event
	for _, o := range r.said {
		if o.Incident != nil {
			events = append(events, o.Incident)
			assert.Equal(t, Ready, o.ModelAt.State)
		}
	}
	open := events[0]
	assert.Equal(t, time.Unix(0, start(60)).UTC(), open.Start)
	assert.Equal(t, rca.MethodGVAE, open.Verdict.Method)
	require.False(t, open.Verdict.Abstained, open.Verdict.Reason)
	require.Len(t, open.Verdict.Culprits, 1)
	assert.Equal(t, identity.Service{Name: "c"}, open.Verdict.Culprits[0].Service)
	assert.True(t, open.Verdict.RestoresSLO)
	// 20 + 10 + 5 ms of own time and 2 of network, of which nine in ten requests are
	// less than a fifth above: had c been normal.
	assert.InDelta(t, 0.042, open.Verdict.Quantile, 0.006)
	assert.Greater(t, open.SLO.Observed, 0.12)
	assert.Equal(t, open.ID, events[1].ID)

	assert.Equal(t, text(r.said), text(run().said), "and says the same again")
}
