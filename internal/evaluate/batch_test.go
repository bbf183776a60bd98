package evaluate

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/recorded"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// pair is a window of a > b, 100 requests each, with the own times in ms.
func pair(i int, rng *rand.Rand, a, b float64) *window.Snapshot {
	of := func(name string) identity.RPC { return identity.RPC{Service: svc(name), Operation: "op"} }
	own := func(ms float64) int64 { return int64(ms * 1e6 * math.Exp(0.1*rng.NormFloat64())) }
	rpc := func(name string) window.RPC {
		return window.RPC{Key: of(name), Count: 100, Latency: new(sketch.Sketch), Exclusive: new(sketch.Sketch)}
	}
	ra, rb := rpc("a"), rpc("b")
	ra.Entries = 100
	e := window.Edge{
		Key: identity.Edge{Caller: ra.Key, Callee: rb.Key}, Count: 100, Matched: 100,
		Client: new(sketch.Sketch), Server: new(sketch.Sketch), Network: new(sketch.Sketch), Queue: new(sketch.Sketch),
	}
	for range 100 {
		ta, tb, gap := own(a), own(b), own(1)
		ra.Exclusive.Add(ta, 1)
		ra.Latency.Add(ta+tb+gap, 1)
		rb.Exclusive.Add(tb, 1)
		rb.Latency.Add(tb, 1)
		e.Client.Add(tb+gap, 1)
		e.Server.Add(tb, 1)
		e.Network.Add(gap, 1)
		ra.Union += float64(tb + gap)
		ra.Sum += float64(tb + gap)
		e.Within += float64(tb + gap)
		e.Share += float64(tb + gap)
	}
	start := epoch.Add(time.Duration(i) * 10 * time.Second).UnixNano()
	return &window.Snapshot{
		Start: start, End: start + int64(10*time.Second),
		RPCs: []window.RPC{ra, rb}, Edges: []window.Edge{e},
	}
}

// letters are n windows in which all is well.
func letters(n int) []*window.Snapshot {
	rng := rand.New(rand.NewPCG(1, 1))
	var out []*window.Snapshot
	for i := range n {
		out = append(out, pair(i, rng, 10, 20))
	}
	return out
}

// A recording is asked with the past that all of its normal windows are, whenever
// they were recorded, and leaves no trace in the next incident.
func TestBatch(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	entry := identity.RPC{Service: svc("a"), Operation: "op"}
	set := &recorded.Set{Name: "pair", Window: 10 * time.Second, Entry: entry, Quantile: 0.99, Normal: letters(60)}
	for i, slow := range []struct {
		a, b float64
		is   string
	}{{10, 80, "b"}, {60, 20, "a"}, {10, 90, "b"}} {
		in := recorded.Incident{Fault: "slow", Entry: entry, Quantile: 0.99, Services: []identity.Service{svc(slow.is)}}
		for range 2 { // recorded before the normal windows
			in.Windows = append(in.Windows, pair(-100+i, rng, slow.a, slow.b))
		}
		set.Incidents = append(set.Incidents, in)
	}
	a, err := Batch(t.Context(), set, protocol(true, 0), []method.Method{method.Sage{}, method.Exclusive{}})
	require.NoError(t, err)
	require.Len(t, a.Incidents, 3)
	for _, name := range []string{"sage", "exclusive"} {
		r := tally(name, a.Incidents)
		assert.Equal(t, 1., r.Exact, name)
		assert.Equal(t, 1., *r.WindowsToVerdict, name)
	}
	assert.Positive(t, a.Training)
}

// The symptom of a recorded incident is the quantile that rose most.
func TestStated(t *testing.T) {
	entry := identity.RPC{Service: svc("a"), Operation: "op"}
	b := newBatch(10*time.Second, letters(40), nil)
	h := b.history
	rng := rand.New(rand.NewPCG(3, 3))
	w := pair(0, rng, 10, 20)
	for range 8 { // 8 % of the requests, which the median does not show
		w.RPCs[0].Latency.Add(int64(300e6), 1)
	}
	onset := b.next
	b.append(h, w, feature.Violated)
	tr := trial{entry: entry, quantile: 0.5}
	q := tr.stated(rca.Input{History: h, Onset: onset})
	assert.Contains(t, []float64{0.95, 0.99}, q.Quantile)
	assert.InDelta(t, 0.037, q.Threshold, 0.01, "what 95 % of the normal windows meet: about 31 ms and a tenth")

	tr.threshold = 0.5
	q = tr.stated(rca.Input{History: h, Onset: onset})
	assert.Zero(t, q.Quantile, "where an objective is stated it stays")
}
