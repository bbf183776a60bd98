package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// Windows that are judged together are one to a diagnosis, and what is given is not changed.
func TestTogether(t *testing.T) {
	earlier := &window.Snapshot{Start: 10, End: 20, RPCs: []window.RPC{{Key: op("front"), Count: 3}}}
	last := &window.Snapshot{Start: 20, End: 30, RPCs: []window.RPC{{Key: op("front"), Count: 4}}}
	h := feature.NewHistory(10, 10, 100)
	h.Append(earlier)
	h.Append(last)
	given := []*window.Snapshot{earlier, nil}[:1]
	in, rec := together(Input{History: h, Snapshot: last, Earlier: given})
	assert.Equal(t, []int64{10, 30}, []int64{in.Snapshot.Start, in.Snapshot.End})
	require.Len(t, in.Snapshot.RPCs, 1)
	assert.InDelta(t, 7, in.Snapshot.RPCs[0].Count, 0)
	assert.Equal(t, 2, rec.Len())
	assert.Nil(t, given[:2][1], "the slice of the caller has no more than it had")

	in, rec = together(Input{History: h, Snapshot: last})
	assert.Same(t, last, in.Snapshot)
	assert.Same(t, h, rec)
}
