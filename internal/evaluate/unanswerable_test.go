package evaluate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/recorded"
	"github.com/sage-rca/sage/internal/window"
)

// TestUnanswerable has a recording of which nothing can be asked per row.
func TestUnanswerable(t *testing.T) {
	entry := identity.RPC{Service: svc("a"), Operation: "op"}
	incident := recorded.Incident{Fault: "slow", Entry: entry, Quantile: 0.99, Services: []identity.Service{svc("a")}, Windows: letters(1)}
	empty := func(n int) []*window.Snapshot {
		out := make([]*window.Snapshot, n)
		for i := range out {
			out[i] = &window.Snapshot{Start: int64(i), End: int64(i + 1)}
		}
		return out
	}
	for want, set := range map[string]recorded.Set{
		"x cannot be evaluated: its windows have no length":           {Normal: letters(20), Incidents: []recorded.Incident{incident}},
		"x cannot be evaluated: no fault is known that has a window":  {Window: time.Minute, Normal: letters(20)},
		"x cannot be evaluated: 0 windows without a fault":            {Window: time.Minute, Incidents: []recorded.Incident{incident}},
		"x cannot be evaluated: 7 windows without a fault, and metho": {Window: time.Minute, Normal: letters(7), Incidents: []recorded.Incident{incident}},
		"x cannot be evaluated: no window without a fault has a late": {Window: time.Minute, Normal: empty(20), Incidents: []recorded.Incident{incident}},
	} {
		set.Name, set.Notes = "x", []string{"noted"}
		got, err := recording(t.Context(), &set)
		require.NoError(t, err, want)
		assert.Contains(t, got.Unmeasured, want)
		assert.Equal(t, []string{"noted"}, got.Notes)
		assert.Empty(t, got.Methods)

		r := Results{Recorded: []RecordedSet{got}}
		require.ErrorContains(t, r.Unmeasured(), want)
		r.Recorded = append(r.Recorded, RecordedSet{Name: "y"})
		require.NoError(t, r.Unmeasured(), "another set was measured")
	}
	require.NoError(t, (&Results{}).Unmeasured())
}
