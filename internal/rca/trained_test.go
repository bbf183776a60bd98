package rca

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/window"
)

// trained fits a model to the normal windows of an incident.
func trained(tb testing.TB, in *Input, cfg gvae.Config) {
	tb.Helper()
	in.Layout = feature.NewLayout(in.Graph, in.History)
	var rows []int
	for row := range in.History.Len() - 1 {
		rows = append(rows, row)
	}
	m, _, err := gvae.Train(tb.Context(), in.Layout.Spec, in.Layout.Data(in.History, rows), cfg, nil)
	require.NoError(tb, err)
	in.Model = m
}

func quick() gvae.Config {
	c := gvae.DefaultConfig()
	c.Seed = 1
	return c
}

// A model that saw nothing but healthy windows finds the faults of the table.
func TestDiagnose_trainedModel(t *testing.T) {
	for i, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			in := simulated(f.world(), f.fault, uint64(i))
			trained(t, &in, quick())
			v := Diagnose(in, Config{})
			require.False(t, v.Abstained, v.Reason)
			assert.Equal(t, MethodGVAE, v.Method)
			assert.ElementsMatch(t, f.want, namesOf(v.Culprits))
			assert.True(t, v.RestoresSLO)
			sound(t, v)
			// The truth is a p99 of 300 other requests, which is 6 % off by itself, of
			// a window with other jitter; the model keeps a factor of each residual.
			truth := simulate(f.world(), healthyWindows, uint64(i)).RPCs
			entry := slices.IndexFunc(truth, func(r window.RPC) bool { return r.Key == in.Entry })
			assert.InEpsilon(t, truth[entry].Latency.Quantile(in.Quantile)/1e9, v.Quantile, 0.35, "what-if")
		})
	}
}
