package evaluate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/recorded"
)

// recordings returns the sets of the recordings of real systems, by path, and skips
// where they are not there.
func recordings(t *testing.T) map[string]*recorded.Set {
	t.Helper()
	dir := os.Getenv("SAGE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no recordings in %s; docs/evaluate.md says where to get them, SAGE_DATA names a directory", dir)
	}
	sets, err := recorded.Load(dir)
	require.NoError(t, err)
	out := make(map[string]*recorded.Set)
	for _, s := range sets {
		out[s.Name] = s
	}
	return out
}

// The baselines against what others report of them on the same data. Each has a
// dozen incidents at most, of which one more or less is 12 points: one is allowed.
func TestBaselines_asPublished(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a day of metrics")
	}
	p := protocol(true, 0)
	p.NoTraining = true
	top1 := func(set *recorded.Set, fault string, m method.Method) (right, n float64) {
		a, err := Batch(t.Context(), set, p, []method.Method{m})
		require.NoError(t, err)
		for _, r := range byFault([]string{m.Name()}, a.Incidents)[fault] {
			return r.Top1 * float64(r.Incidents), float64(r.Incidents)
		}
		t.Fatalf("no incident of kind %s in %s", fault, set.Name)
		return 0, 0
	}
	for name, set := range recordings(t) {
		switch name {
		case "nezha-online-boutique":
			// A max-z ranking finds 88 % of the CPU contention and 12 % of the network delay.
			right, n := top1(set, "cpu_contention", method.BARO{})
			assert.InDelta(t, 0.88*n, right, 1, "BARO on CPU contention")
			right, n = top1(set, "network_delay", method.BARO{})
			assert.InDelta(t, 0.12*n, right, 1, "BARO on network delay")
		case "petshop/low_traffic":
			// The official traversal, and z-scores beside it, find .571 of the latency issues.
			right, n := top1(set, "latency", method.NSigma{})
			assert.InDelta(t, 0.571*n, right, 1, "NSigma on latency")
		}
	}
}
