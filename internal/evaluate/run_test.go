package evaluate

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// small is an evaluation of every part, none of it large enough to mean anything.
func small() Options {
	return Options{
		Seed: TuningSeed, Workers: 2,
		Size: Size{
			Apps:      []AppSize{{Name: "chain", Incidents: 3, Decoys: 1, Taught: 1}},
			Ablations: []string{"chain"},
		},
	}
}

// The whole of it, twice: equal runs say the same, whatever the number of workers.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates for some seconds")
	}
	o := small()
	var progress bytes.Buffer
	o.Progress = &progress
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	o.Workers = 1
	again, err := Run(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, r.Digest, again.Digest)
	assert.Contains(t, progress.String(), "chain: done")

	require.Len(t, r.Suites, 1)
	s := r.Suites[0]
	names := make(map[string]MethodResult)
	for _, m := range s.Methods {
		names[m.Name] = m
	}
	for _, name := range order {
		require.Contains(t, names, name)
		assert.Equal(t, 3-s.Harmless, names[name].Incidents, name)
	}
	assert.Equal(t, 1, s.Decoys.Episodes)
	assert.Positive(t, s.Decoys.Hours)
	assert.Positive(t, names["sage"].TrainS, "the model was trained")
	assert.Len(t, s.Incidents, 3-s.Harmless)
	require.Len(t, r.Ablations, 1)
	assert.Len(t, r.Ablations[0].Methods, 1+len(ablations())+1)

	// Easy incidents at a point where all is well: chance is not enough, and neither
	// is a simulator that says nothing.
	assert.Greater(t, names["sage"].Top1, names["random"].Top1)
}

func TestRun_curvesAndUpdates(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates for half a minute")
	}
	r, err := Run(t.Context(), Options{Seed: TuningSeed, Workers: 2, Size: Size{
		Robust: []string{"chain"}, RobustPoints: 2, Histories: []float64{0.35},
		Grow: "syn-16", GrowIncidents: 2,
	}})
	require.NoError(t, err)
	for _, name := range []string{"sampling", "metric interval", "blind spots", "onset", "violations in training"} {
		assert.Greater(t, len(r.Robustness["chain: "+name]), 1, name)
	}
	assert.Len(t, r.Robustness["chain: training history"], 1)
	var steps []string
	for _, s := range r.Updates.Steps {
		steps = append(steps, s.Name)
	}
	assert.Equal(t, []string{
		"before", "added", "partial", "scratch", "removed", "removed, partial", "removed, scratch",
		"redeployed", "redeployed, partial", "redeployed, scratch",
	}, steps)
}
