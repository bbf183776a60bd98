package evaluate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
)

// Of one trace in a hundred, with the duration histograms of SDKs nearly all incidents are
// answered as they would be with all spans; without them fewer are. docs/accuracy.md has more of them.
func TestStream_histograms(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates for half a minute")
	}
	const incidents = 8
	app, err := apps.New("chain", TuningSeed)
	require.NoError(t, err)
	s, err := scenario(app, "chain", TuningSeed, AppSize{Name: "chain", Incidents: incidents}, nil)
	require.NoError(t, err)
	timelines, err := Simulate(t.Context(), s, []emit.Options{{SampleRatio: 0.01}, {SampleRatio: 0.01, Durations: true}})
	require.NoError(t, err)
	var exact []float64
	for _, x := range timelines {
		asked, err := Stream(t.Context(), x, protocol(true, trainAfter), []method.Method{method.Sage{}})
		require.NoError(t, err)
		exact = append(exact, rows([]string{"sage"}, asked.Incidents, nil)[0].Exact)
		assert.Zero(t, asked.Decoys.FalseIncidents)
	}
	assert.Greater(t, exact[1], exact[0])
	assert.GreaterOrEqual(t, exact[1], 0.95)
}

// Where all spans come histograms change nothing, whatever breaks.
func TestSimulate_histogramsOfAllSpans(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates for half a minute")
	}
	app, err := apps.New("chain", TuningSeed)
	require.NoError(t, err)
	s, err := scenario(app, "chain", TuningSeed, AppSize{Name: "chain", Incidents: 6}, nil)
	require.NoError(t, err)
	timelines, err := Simulate(t.Context(), s, []emit.Options{{}, {Durations: true}, {Durations: true, MetricEvery: 15 * time.Second}})
	require.NoError(t, err)
	require.Len(t, timelines[1].Snapshots, len(timelines[0].Snapshots))
	for i, w := range timelines[0].Snapshots {
		require.Equal(t, w, timelines[1].Snapshots[i])
		require.Equal(t, w.RPCs, timelines[2].Snapshots[i].RPCs, "intervals longer than windows")
		require.Equal(t, w.Edges, timelines[2].Snapshots[i].Edges)
	}
}
