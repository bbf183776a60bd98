package method

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
)

// No network of a model as published sees how far calls overlap, and no channel has
// it to restore; all other columns are where they were.
func TestPublishedLayout(t *testing.T) {
	w := newWorld()
	w.rng = rand.New(rand.NewPCG(1, 2))
	h, b := feature.NewHistory(time.Duration(size), 20, 5000), cbn.NewBuilder(100)
	var g *cbn.Graph
	for i := range 12 {
		snap := w.clone(0.03).snapshot(i)
		for r := range snap.RPCs { // calls one after the other, more or less
			snap.RPCs[r].Union, snap.RPCs[r].Sum = 10-float64(i%3), 10
		}
		g = b.Update(feature.Structure(snap))
		h.Append(snap)
	}
	usual, l := feature.NewLayout(g, h), PublishedLayout(g, h)
	assert.Equal(t, usual.XKeys, l.XKeys)
	made := func(x int) bool { return usual.XKeys[x].Kind == feature.Overlap }
	front := g.ServiceChannel(identity.Service{Name: "front"})
	require.True(t, slices.ContainsFunc(usual.XOf[front], made), "or the test shows nothing")
	same := func(want, got []int) {
		t.Helper()
		assert.ElementsMatch(t, slices.DeleteFunc(slices.Clone(want), made), got)
	}
	for i := range usual.XOf {
		same(usual.XOf[i], l.XOf[i])
		same(usual.Spec.Latents[i].X, l.Spec.Latents[i].X)
	}
	for i := range usual.Spec.Nodes {
		same(usual.Spec.Nodes[i].X, l.Spec.Nodes[i].X)
	}
}
