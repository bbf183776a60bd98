package evaluate

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/simulate/apps"
)

// A model of the chain of which two services are redeployed learns them from the
// windows since, and what it then expects is what there is.
func TestBatch_revise(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates for some seconds")
	}
	app, err := apps.New("chain", TuningSeed)
	require.NoError(t, err)
	base, err := watch(t.Context(), app, "chain", 1, TuningSeed)
	require.NoError(t, err)
	changed, err := watch(t.Context(), apps.Redeploy(app, 2, TuningSeed), "chain", 1, TuningSeed+1)
	require.NoError(t, err)
	model := protocol(true, 0).Model
	old := newBatch(windowSize, base.healthy, nil)
	require.NoError(t, old.train(t.Context(), model))
	b := newBatch(windowSize, slices.Concat(base.healthy, changed.healthy), nil)
	require.NoError(t, b.revise(t.Context(), old, changed.healthy, model))
	assert.Positive(t, b.busy)

	start, n := b.history.Start(len(base.healthy)), trainAfter/2 // as many as are looked at
	assert.NotEmpty(t, engine.Drifted(engine.Learned{Layout: old.layout, Model: old.model}, b.history, start, n), "the model before did not know")
	assert.Empty(t, engine.Drifted(engine.Learned{Layout: b.layout, Model: b.model}, b.history, start, n))
}
