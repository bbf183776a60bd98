package rootcause

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
)

// simulated lets a simulated application run whose episodes are decoys, or faults, and returns
// how many incidents were opened. Its watched entry may take twice its healthy tail.
func simulated(t *testing.T, name string, plan apps.PlanConfig) (w *world, incidents int) {
	t.Helper()
	app, err := apps.New(name, 1)
	require.NoError(t, err)
	plan.Seed, plan.Warmup, plan.Length, plan.Gap = 1, 3*time.Minute, 40*time.Second, 40*time.Second
	p, err := apps.NewPlan(app, plan)
	require.NoError(t, err)
	run := simulate.Config{Seed: 1, Duration: p.Duration, SampleEvery: 5 * time.Second}
	for _, e := range p.Episodes {
		run.Faults = append(run.Faults, e.Faults...)
	}

	cfg := DefaultConfig().(*Config)
	cfg.Window, cfg.Lateness = 10*time.Second, 5*time.Second
	cfg.Training.Enabled, cfg.LearnedSLOs.Enabled = false, false
	entry := app.RPCs[app.Entries[0].RPC]
	cfg.SLOs = []SLO{{
		Name: "entry", Service: apps.ServiceName(app, entry.Service), Operation: "*" + entry.Operation, Quantile: 0.99,
		Threshold: time.Duration(2 * apps.Tail(app) * float64(time.Second)),
	}}
	w = newWorld(t, cfg, time.Time{})
	now := midnight.Add(24 * time.Hour)
	e := emit.New(app, emit.Options{Epoch: midnight},
		func(td ptrace.Traces) { w.in.Traces(td, now) },
		func(md pmetric.Metrics) { w.in.Metrics(md, now) })
	_, err = simulate.Run(t.Context(), app, run, e)
	require.NoError(t, err)
	e.Flush()
	return w, len(opened(w.end()))
}

// Deploys that change nothing, load off the path, blips, gaps in metrics and restarts of
// replicas open nothing; nor does anything healthy look like a poll or a tail sampler.
// A fault in the same place does open an incident.
func TestGuards_decoys(t *testing.T) {
	for _, name := range []string{"chain", "fanout"} {
		w, incidents := simulated(t, name, apps.PlanConfig{Decoys: 5})
		assert.Zero(t, incidents, name)
		assert.Empty(t, w.note.waits, name)
		assert.Empty(t, w.note.sampled, name)
	}
	_, incidents := simulated(t, "chain", apps.PlanConfig{Incidents: 1, Kinds: []simulate.FaultKind{simulate.Regression}})
	assert.Equal(t, 1, incidents)
}
