package summary_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/summary"
	"github.com/sage-rca/sage/internal/window"
)

// What arrives is what was seen, bit for bit, also where weights are no integers: all
// of a snapshot but the metrics, which go another way.
func TestMetrics_carryAllOfAWindow(t *testing.T) {
	for _, whole := range []bool{true, false} {
		w := newWorld(1, whole)
		var all []observation
		for range 2000 {
			all = append(all, w.observe())
		}
		g := w.fold(t, all, 1, func(int) int { return 0 })[0]
		g.AddSampled(window.Sampled{Weighted: true, Kept: true})
		want := g.Snapshot(end, nil)

		got := window.NewGathering(start)
		add(got, pieces(t, summary.Metrics("one", g.Share(end))))
		assert.Equal(t, want, got.Snapshot(end, nil), "whole: %v", whole)
		complete(t, reflect.ValueOf(want).Elem(), "Snapshot")
		around := slices.ContainsFunc(want.Edges, func(e window.Edge) bool { return e.Around() && len(e.Callers) > 0 && len(e.Callees) > 0 })
		assert.True(t, around, "also of calls without CLIENT spans")
	}
}

// complete fails where a field of v is zero wherever it occurs: then the test above
// says nothing about it. Whoever adds a field to a snapshot makes the world of the
// test fill it, and package summary carry it.
func complete(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	seen := map[string]bool{}
	visit(v, path, seen)
	require.Greater(t, len(seen), 40)
	// Metrics go another way, and a process notes for itself which names it has no room for,
	// which services send metrics of which it uses none, and what it refuses.
	elsewhere := []string{"Snapshot.Resources", "Snapshot.Crowded", "Snapshot.Unread", "Snapshot.Refused"}
	for field, filled := range seen {
		apart := slices.ContainsFunc(elsewhere, func(of string) bool { return strings.HasPrefix(field, of) })
		assert.True(t, filled || apart, "%s is zero everywhere", field)
	}
}

func visit(v reflect.Value, path string, seen map[string]bool) {
	seen[path] = seen[path] || !v.IsZero()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			visit(v.Field(i), path+"."+v.Type().Field(i).Name, seen)
		}
	case reflect.Slice:
		for i := range v.Len() {
			visit(v.Index(i), path+"[]", seen)
		}
	default: // pointers are sketches, of which the whole is compared
	}
}

// However traces are split over Collectors, points over batches, and batches in time,
// what they add up to is what one Collector has seen.
func TestMetrics_ofSeveralSourcesAddUp(t *testing.T) {
	w := newWorld(2, true)
	var all []observation
	for range 3000 {
		all = append(all, w.observe())
	}
	want := w.fold(t, all, 1, func(int) int { return 0 })[0].Snapshot(end, nil)
	for _, sources := range []int{1, 2, 5} {
		var came []window.Piece
		for k, g := range w.fold(t, all, sources, func(i int) int { return i % sources }) {
			came = append(came, pieces(t, summary.Metrics(fmt.Sprint(k), g.Share(end)))...)
		}
		w.rng.Shuffle(len(came), func(i, j int) { came[i], came[j] = came[j], came[i] })
		of := map[string]*window.Gathering{}
		ids := map[string]map[uint64]bool{}
		for _, p := range came {
			if of[p.Source] == nil {
				of[p.Source], ids[p.Source] = window.NewGathering(start), map[uint64]bool{}
			}
			add(of[p.Source], []window.Piece{p})
			assert.False(t, ids[p.Source][p.ID], "two pieces of one id")
			ids[p.Source][p.ID] = true
		}
		sum := window.NewGathering(start)
		for _, g := range of { // in whatever order: weights are integers
			sum.Add(g)
		}
		assert.Equal(t, want, sum.Snapshot(end, nil), "%d sources", sources)
	}
}

func TestMetrics_tellWhereReplicasRun(t *testing.T) {
	replica := window.ReplicaShare{
		Instance:   identity.Instance{Service: identity.Service{Namespace: "shop", Name: "cart"}, ID: "cart-1"},
		Attributes: []window.Attribute{{Key: "host.name", Value: "node"}, {Key: "process.pid", Value: "7"}},
	}
	got := pieces(t, summary.Metrics("one", &window.Share{Start: start, End: end, Replicas: []window.ReplicaShare{replica}}))
	require.Len(t, got, 2)
	assert.Equal(t, &window.Sampled{}, got[0].Sampled)
	assert.Equal(t, &replica, got[1].Replica)
	assert.Equal(t, []any{"one", start, end}, []any{got[1].Source, got[1].Start, got[1].End})
}

// What would be too long a message is several, of which each says whose it is.
func TestMetrics_ofManyOperationsAreSplit(t *testing.T) {
	share := &window.Share{Start: start, End: end}
	for n := range 2 * summary.MaxPoints {
		share.RPCs = append(share.RPCs, window.RPCShare{
			Key:     identity.RPC{Service: identity.Service{Name: fmt.Sprint("s", n/100)}, Operation: fmt.Sprint(n)},
			Entries: 1, Stream: 1,
		})
	}
	messages := summary.Metrics("one", share)
	require.Len(t, messages, 4, "two points each, and that of the window beyond what the first holds")
	for _, md := range messages {
		assert.LessOrEqual(t, md.DataPointCount(), summary.MaxPoints+1)
	}
	got := window.NewGathering(start)
	add(got, pieces(t, messages))
	assert.Len(t, got.Snapshot(end, nil).RPCs, 2*summary.MaxPoints)
}

// Others can read what is written: a histogram by its specification, counts that add up.
func TestMetrics_areStandardHistograms(t *testing.T) {
	w := newWorld(3, false)
	var all []observation
	for range 500 {
		all = append(all, w.observe())
	}
	md := only(t, summary.Metrics("one", w.fold(t, all, 1, func(int) int { return 0 })[0].Share(end)))
	points := 0
	each(md, func(m pmetric.Metric) {
		switch m.Type() {
		case pmetric.MetricTypeExponentialHistogram:
			assert.Equal(t, pmetric.AggregationTemporalityDelta, m.ExponentialHistogram().AggregationTemporality())
			for _, p := range m.ExponentialHistogram().DataPoints().All() {
				points++
				sum := p.ZeroCount()
				for _, c := range p.Positive().BucketCounts().All() {
					sum += c
				}
				// Each of at most 500 weights' sums is rounded by a half at most.
				assert.InDelta(t, p.Count(), sum, float64(p.Positive().BucketCounts().Len()+1)/2)
				assert.EqualValues(t, start, p.StartTimestamp())
				assert.EqualValues(t, end, p.Timestamp())
			}
		case pmetric.MetricTypeSum:
			assert.Equal(t, pmetric.AggregationTemporalityDelta, m.Sum().AggregationTemporality())
			assert.True(t, m.Sum().IsMonotonic())
		default:
			t.Errorf("%s is a %s", m.Name(), m.Type())
		}
	})
	assert.Greater(t, points, 20)
}

func each(md pmetric.Metrics, do func(pmetric.Metric)) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				do(m)
			}
		}
	}
}

// What no first tier writes is refused, by reason, and the rest of it is used.
func TestPieces_refuses(t *testing.T) {
	scope := func(md pmetric.Metrics) pcommon.InstrumentationScope {
		return md.ResourceMetrics().At(0).ScopeMetrics().At(0).Scope()
	}
	histogram := func(md pmetric.Metrics) pmetric.ExponentialHistogramDataPoint {
		return md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).ExponentialHistogram().DataPoints().At(0)
	}
	const all = -1
	for name, c := range map[string]struct {
		change func(pmetric.Metrics)
		want   map[summary.Reason]int
	}{
		"whole":            {func(pmetric.Metrics) {}, map[summary.Reason]int{}},
		"another scope":    {func(md pmetric.Metrics) { scope(md).SetName("x") }, map[summary.Reason]int{}},
		"another version":  {func(md pmetric.Metrics) { scope(md).SetVersion("2") }, map[summary.Reason]int{summary.OtherVersion: all}},
		"no source":        {func(md pmetric.Metrics) { scope(md).Attributes().Clear() }, map[summary.Reason]int{summary.Malformed: all}},
		"scale":            {func(md pmetric.Metrics) { histogram(md).SetScale(4) }, map[summary.Reason]int{summary.Malformed: 1}},
		"count":            {func(md pmetric.Metrics) { histogram(md).SetCount(1 << 60) }, map[summary.Reason]int{summary.Malformed: 1}},
		"zero count":       {func(md pmetric.Metrics) { histogram(md).SetZeroCount(1 << 60) }, map[summary.Reason]int{summary.Malformed: 1}},
		"offset":           {func(md pmetric.Metrics) { histogram(md).Positive().SetOffset(1 << 30) }, map[summary.Reason]int{summary.Malformed: 1}},
		"maximum":          {func(md pmetric.Metrics) { histogram(md).SetMax(1e18) }, map[summary.Reason]int{summary.Malformed: 1}},
		"negative buckets": {func(md pmetric.Metrics) { histogram(md).Negative().BucketCounts().Append(1) }, map[summary.Reason]int{summary.Malformed: 1}},
		"no window":        {func(md pmetric.Metrics) { histogram(md).SetTimestamp(pcommon.Timestamp(start)) }, map[summary.Reason]int{summary.Malformed: 1}},
		"no sample":        {func(md pmetric.Metrics) { histogram(md).Exemplars().RemoveIf(notFirst()) }, map[summary.Reason]int{summary.Malformed: 1}},
		"exemplar":         {func(md pmetric.Metrics) { histogram(md).Exemplars().At(0).SetDoubleValue(1) }, map[summary.Reason]int{summary.Malformed: 1}},
		"a sketch that is none": {func(md pmetric.Metrics) {
			histogram(md).Attributes().PutEmptyBytes("sage.sketch").FromRaw([]byte{1, 2})
		}, map[summary.Reason]int{summary.Malformed: 1}},
		"a long name": {func(md pmetric.Metrics) {
			histogram(md).Attributes().PutStr("sage.operation", string(make([]byte, 257)))
		}, map[summary.Reason]int{summary.Malformed: 1}},
		"a name that is no text": {func(md pmetric.Metrics) {
			histogram(md).Attributes().PutStr("sage.operation", "\xff")
		}, map[summary.Reason]int{summary.Malformed: 1}},
		"a sum that adds up to infinity": {func(md pmetric.Metrics) { histogram(md).SetSum(math.MaxFloat64) }, map[summary.Reason]int{summary.Malformed: 1}},
		"a sketch of such a sum": {func(md pmetric.Metrics) {
			k := new(sketch.Sketch)
			k.Add(1, math.MaxFloat64)
			b, err := k.MarshalBinary()
			require.NoError(t, err)
			histogram(md).Attributes().PutEmptyBytes("sage.sketch").FromRaw(b)
		}, map[summary.Reason]int{summary.Malformed: 1}},
		"a number for a name": {func(md pmetric.Metrics) { histogram(md).Attributes().PutInt("sage.operation", 1) }, map[summary.Reason]int{summary.Malformed: 1}},
		"gaps that are none": {func(md pmetric.Metrics) {
			m := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().AppendEmpty()
			m.SetName("sage.call.gaps")
			m.SetEmptySum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
			p := m.Sum().DataPoints().AppendEmpty()
			p.SetDoubleValue(1)
			p.SetStartTimestamp(pcommon.Timestamp(start))
			p.SetTimestamp(pcommon.Timestamp(start + 1))
			p.Attributes().PutEmptyBytes("sage.callers").FromRaw([]byte{1, 2})
			p.Attributes().PutEmptyBytes("sage.callees")
		}, map[summary.Reason]int{summary.Malformed: 1}},
		"an unknown metric": {func(md pmetric.Metrics) {
			m := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().AppendEmpty()
			m.SetName("sage.new")
			m.SetEmptyGauge().DataPoints().AppendEmpty()
		}, map[summary.Reason]int{summary.Malformed: 1}},
	} {
		w := newWorld(4, true)
		var seen []observation
		for len(seen) < 200 {
			if o := w.observe(); o.served != nil && o.served.RPC == w.names.RPCNo(identity.RPC{Service: identity.Service{Name: "s0"}, Operation: "GET /0"}) {
				seen = append(seen, o)
			}
		}
		md := only(t, summary.Metrics("one", w.fold(t, seen, 1, func(int) int { return 0 })[0].Share(end)))
		md.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool { return rm.Resource().Attributes().Len() == 0 }) // of the window
		points := md.DataPointCount()
		c.change(md)
		got := map[summary.Reason]int{}
		used := len(summary.Pieces(nil, md, func(r summary.Reason, n int) { got[r] += n }))
		refused := 0
		for r, n := range c.want {
			if n == all {
				c.want[r] = points
			}
			refused += c.want[r]
		}
		assert.Equal(t, c.want, got, name)
		switch name {
		case "another scope":
			assert.Zero(t, used)
		case "an unknown metric", "gaps that are none":
			assert.Equal(t, points, used, name)
		default:
			assert.Equal(t, points-refused, used, name)
		}
	}
}

func notFirst() func(pmetric.Exemplar) bool {
	first := true
	return func(pmetric.Exemplar) bool {
		was := first
		first = false
		return !was
	}
}

// Whatever comes is read or refused: nothing panics, and nothing is counted twice.
func FuzzPieces(f *testing.F) {
	w := newWorld(5, false)
	var all []observation
	for range 4 {
		all = append(all, w.observe())
	}
	folder := window.NewFolder(size, w.names)
	for _, o := range all {
		if o.served != nil {
			folder.Served(o.served)
		} else {
			folder.Called(o.called)
		}
	}
	g := window.NewGathering(start)
	for _, p := range folder.Close(end) {
		g.AddPart(p)
	}
	b, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(only(f, summary.Metrics("one", g.Share(end))))
	require.NoError(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(b)
		if err != nil {
			return
		}
		ours := 0
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				if summary.Is(sm.Scope().Name()) {
					one := pmetric.NewMetrics()
					sm.CopyTo(one.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty())
					ours += one.DataPointCount()
				}
			}
		}
		refused := 0
		got := summary.Pieces(nil, md, func(_ summary.Reason, n int) { refused += n })
		assert.Equal(t, ours, len(got)+refused)
		g := window.NewGathering(start)
		add(g, got)
		g.Snapshot(end, nil)
	})
}
