package window_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// Windows that are joined hold what one window of all of it would, but for the spans and the
// types of errors, of which each window has kept one.
func TestJoin_isOneWindow(t *testing.T) {
	requests, calls := arbitrary(rand.New(rand.NewPCG(3, 4)), 600)
	const parts = 3
	whole := merged(t, func(f *folder) {
		for i := range requests {
			f.Served(requests[i])
			f.Called(calls[i])
		}
	})
	var all []*window.Snapshot
	for k := range parts {
		f := newFolder()
		for i := range requests {
			if i%parts != k {
				continue
			}
			r, c := requests[i], calls[i]
			r.Time += int64(k) * size
			c.Time += int64(k) * size
			f.Served(r)
			f.Called(c)
		}
		start := int64(k) * size
		closed := f.Close(start + size)
		require.Len(t, closed, 1)
		all = append(all, window.Merge(start, start+size, closed, nil))
	}
	got := window.Join(all...)
	assert.Equal(t, []int64{0, parts * size}, []int64{got.Start, got.End})
	require.Len(t, got.RPCs, len(whole.RPCs))
	same := func(want, got *sketch.Sketch) {
		t.Helper()
		require.InDelta(t, want.Count(), got.Count(), 1e-9)
		require.InDelta(t, want.Sum(), got.Sum(), 1e-6)
		if want.Count() > 0 {
			require.InDelta(t, want.Quantile(0.9), got.Quantile(0.9), 1e-9)
		}
	}
	for i := range whole.RPCs {
		w, g := &whole.RPCs[i], &got.RPCs[i]
		require.Equal(t, w.Key, g.Key)
		assert.InDeltaSlice(t, []float64{w.Entries, w.Stream, w.Count, w.Unseen, w.Errors, w.Union, w.Sum},
			[]float64{g.Entries, g.Stream, g.Count, g.Unseen, g.Errors, g.Union, g.Sum}, 1e-6)
		same(w.Latency, g.Latency)
		same(w.Exclusive, g.Exclusive)
		same(w.Ending, g.Ending)
		assert.Equal(t, w.Exemplar.Duration, g.Exemplar.Duration, "the slowest of all")
		require.Len(t, g.Instances, len(w.Instances))
		for j := range w.Instances {
			assert.Equal(t, w.Instances[j].ID, g.Instances[j].ID)
			assert.InDelta(t, w.Instances[j].Count, g.Instances[j].Count, 1e-9)
			same(w.Instances[j].Latency, g.Instances[j].Latency)
		}
	}
	require.Len(t, got.Edges, len(whole.Edges))
	for i := range whole.Edges {
		w, g := &whole.Edges[i], &got.Edges[i]
		require.Equal(t, w.Key, g.Key)
		assert.InDeltaSlice(t, []float64{w.Stream, w.Count, w.Matched, w.Within, w.Share, w.Errors},
			[]float64{g.Stream, g.Count, g.Matched, g.Within, g.Share, g.Errors}, 1e-6)
		for k, s := range []*sketch.Sketch{w.Client, w.Server, w.Network, w.Queue, w.Requests, w.Again} {
			same(s, []*sketch.Sketch{g.Client, g.Server, g.Network, g.Queue, g.Requests, g.Again}[k])
		}
		assert.Equal(t, w.Callers, g.Callers)
		assert.Equal(t, w.Callees, g.Callees)
	}
}

// Metrics are the mean over the windows that have them.
func TestJoin_metrics(t *testing.T) {
	svc := identity.Service{Name: "s"}
	at := func(k int64, values []window.Value, instances ...window.InstanceValues) *window.Snapshot {
		return &window.Snapshot{Start: k * size, End: (k + 1) * size, Resources: []window.Resource{{Service: svc, Values: values, Instances: instances}}}
	}
	first := at(0, []window.Value{{Metric: "cpu", Value: 0.2}, {Metric: "disk", Value: 7}},
		window.InstanceValues{ID: "a", Host: "n1", Values: []window.Value{{Metric: "cpu", Value: 0.2}}})
	second := at(1, []window.Value{{Metric: "cpu", Value: 0.6}},
		window.InstanceValues{ID: "a", Values: []window.Value{{Metric: "cpu", Value: 0.4}}},
		window.InstanceValues{ID: "b", Host: "n2", Values: []window.Value{{Metric: "cpu", Value: 0.8}}})
	got := window.Join(first, second)
	require.Len(t, got.Resources, 1)
	r := got.Resources[0]
	require.Len(t, r.Values, 2)
	assert.Equal(t, "cpu", r.Values[0].Metric)
	assert.InDelta(t, 0.4, r.Values[0].Value, 1e-12)
	assert.InDelta(t, 7, r.Values[1].Value, 0, "as the first window has it alone")
	require.Len(t, r.Instances, 2)
	assert.Equal(t, "n1", r.Instances[0].Host, "what was known of it stays")
	assert.InDelta(t, 0.3, r.Instances[0].Values[0].Value, 1e-12)
	assert.InDelta(t, 0.8, r.Instances[1].Values[0].Value, 0)

	assert.Same(t, first, window.Join(first), "one is itself")
}
