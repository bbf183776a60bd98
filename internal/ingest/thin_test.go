package ingest

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/window"
)

// thinTo returns a configuration that looks at n spans a second, 10 n in a window.
func thinTo(n int) Config {
	cfg := testConfig()
	cfg.Limits.SpansPerSecond = n
	return cfg
}

// traceID returns IDs that differ in few bits, as those of poor generators do.
func traceID(n uint64) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

// levelsOf returns the levels of windows in which so many spans end, by their first spans.
func levelsOf(t *thinning, from int, ended []int) (out []int) {
	trace := uint64(0)
	for w, n := range ended {
		var v thinView
		for k := range n {
			trace++
			end := at(time.Duration(from+w)*10*time.Second + time.Duration(k)).UnixNano()
			level, _ := t.looks(&v, traceID(trace), end, end, end)
			if k == 0 {
				out = append(out, level)
			}
		}
		t.settle(&v)
	}
	return out
}

// 100 spans are looked at in a window. With a lateness of half a window the level of one
// is decided by those up to the last but one.
func TestThinning_levels(t *testing.T) {
	for name, c := range map[string]struct{ ended, want []int }{
		"at the bound":                {[]int{100, 100, 100, 100}, []int{0, 0, 0, 0}},
		"above it, at once":           {[]int{101, 101, 101, 101}, []int{0, 0, 1, 1}},
		"as far as it takes":          {[]int{800, 801, 10, 10}, []int{0, 0, 3, 4}},
		"a peak lasts":                {[]int{10, 300, 10, 10, 10, 10, 10, 10, 10, 10}, []int{0, 0, 0, 2, 2, 2, 2, 2, 1, 1}},
		"and is over by halves":       {[]int{400, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, []int{0, 0, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 0}},
		"calm enough to double":       {[]int{200, 80, 80, 80, 80, 80, 80, 80}, []int{0, 0, 1, 1, 1, 1, 1, 0}},
		"not quite":                   {[]int{200, 81, 81, 81, 81, 81, 81, 81, 81}, []int{0, 0, 1, 1, 1, 1, 1, 1, 1}},
		"five in a row, not in seven": {[]int{200, 80, 80, 80, 80, 90, 80, 80, 80, 80}, []int{0, 0, 1, 1, 1, 1, 1, 1, 1, 1}},
		"no less than the least":      {[]int{200_000, 1, 1}, []int{0, 0, maxLevel}},
	} {
		assert.Equal(t, c.want, levelsOf(newThinning(new(thinTo(10))), 0, c.ended), name)
	}
	assert.Nil(t, newThinning(new(testConfig())))
}

// A gap gives what its windows give one by one: nothing ends in them.
func TestThinning_gaps(t *testing.T) {
	for gap := 1; gap < 70; gap++ {
		jumps, steps := newThinning(new(thinTo(10))), newThinning(new(thinTo(10)))
		for _, th := range []*thinning{jumps, steps} {
			levelsOf(th, 0, []int{200_000, 5, 5})
		}
		for w := 3; w < 3+gap; w++ {
			steps.reach(at(time.Duration(w) * 10 * time.Second).UnixNano())
		}
		assert.Equal(t, levelsOf(steps, 3+gap, []int{1}), levelsOf(jumps, 3+gap, []int{1}), gap)
		assert.LessOrEqual(t, len(jumps.ended), 3)
		assert.LessOrEqual(t, len(jumps.changes), maxChanges)
	}
}

// Who is chosen by a share is chosen by any larger one, and each share is met: of n traces
// n p are chosen with a standard deviation of sqrt(n p (1-p)); four of them are exceeded
// by chance once in 16,000.
func TestThinning_sharesAreNested(t *testing.T) {
	const n = 200_000
	chosen := make([]int, maxLevel+1)
	ways := make([]thinning, maxLevel+1)
	for level := range ways {
		ways[level] = thinning{size: 1 << 62, reached: 0, ended: map[int64]int{}, changes: []levelChange{{never, level}}}
	}
	views := make([]thinView, maxLevel+1)
	for k := range uint64(n) {
		before := true
		for level := range ways {
			_, ok := ways[level].looks(&views[level], traceID(k), 1, 1, 1)
			if ok {
				require.True(t, before)
				chosen[level]++
			}
			before = ok
		}
	}
	assert.Equal(t, n, chosen[0])
	for level, got := range chosen[1:] {
		p := math.Exp2(-float64(level + 1))
		assert.InDelta(t, n*p, got, 4*math.Sqrt(n*p*(1-p)), level+1)
	}
}

// What lies within the time of a span that is looked at is looked at as well, also where
// the share changes.
func TestThinning_nobodyLacksCalls(t *testing.T) {
	const second = time.Second
	r := rand.New(rand.NewPCG(1, 2))
	th := newThinning(new(thinTo(10)))
	levelsOf(th, 0, []int{300, 1, 1, 1, 1, 1, 1, 1, 300, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})
	require.Equal(t, []int{0, 2, 1, 2, 1, 0}, func() (out []int) {
		for _, c := range th.changes {
			out = append(out, c.level)
		}
		return out
	}())
	var v thinView
	within := func(from, to time.Duration) (a, b time.Duration) {
		a = from + time.Duration(r.Int64N(int64(to-from)))
		return a, a + time.Duration(r.Int64N(int64(to-a)))
	}
	differ := 0
	for k := range uint64(20_000) {
		start, end := within(0, 210*second)
		if end-start < 2 {
			continue
		}
		first, last := within(start, end)
		now := at(209 * second).UnixNano()
		outer, ok := th.looks(&v, traceID(k), at(start).UnixNano(), at(end).UnixNano(), now)
		inner, inside := th.looks(&v, traceID(k), at(first).UnixNano(), at(last).UnixNano(), now)
		assert.GreaterOrEqual(t, outer, inner)
		assert.True(t, inside || !ok)
		if outer != inner {
			differ++
		}
	}
	assert.Positive(t, differ)
}

func TestThinning_allocatesNothing(t *testing.T) {
	th := newThinning(new(thinTo(10)))
	levelsOf(th, 0, []int{300, 300, 300})
	n := uint64(0)
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		var v thinView
		for range 4 { // in and out of the window before
			n++
			end := at(30*time.Second - time.Duration(n%2)*time.Second).UnixNano()
			th.looks(&v, traceID(n), end-int64(time.Second), end, end)
		}
		th.settle(&v)
	}))
}

// runThinned sends four traces of six spans a second, for two minutes.
func runThinned(t *testing.T, cfg Config, size int) ([]*window.Snapshot, *rig) {
	t.Helper()
	var spans []sp
	for k := range 480 {
		spans = append(spans, appTrace(uint64(k+1), time.Duration(k)*250*time.Millisecond)...)
	}
	spans = disordered(spans, 3*time.Second)
	r := newRig(t, cfg)
	for len(spans) > 0 {
		n := min(len(spans), size)
		r.Traces(batchOf(t, spans[:n]...), now())
		spans = spans[n:]
	}
	return r.end(), r
}

// What is below the bound is bit for bit what it is without one.
func TestThinning_nothingBelowTheBound(t *testing.T) {
	want, _ := runThinned(t, testConfig(), 100)
	got, r := runThinned(t, thinTo(25), 100)
	require.Equal(t, want, got)
	assert.Empty(t, r.spans)
}

// All spans of a trace are looked at or none is, and what is looked at counts for more:
// all services count the same in every window. No request lies in windows of two shares.
func TestThinning_wholeTraces(t *testing.T) {
	snaps, r := runThinned(t, thinTo(12), 100) // of 24
	require.Len(t, snaps, 12)
	assert.Equal(t, 2880, r.used+r.spans["thinned"])
	assert.Len(t, r.spans, 1)
	for k, s := range snaps {
		assert.Equal(t, window.Sampled{Weighted: k >= 2}, s.Sampled)
		if k < 2 {
			continue
		}
		require.Len(t, s.RPCs, 3)
		for _, rpc := range s.RPCs {
			assert.InDelta(t, s.RPCs[0].Count, rpc.Count, 0)
		}
		for _, e := range s.Edges {
			assert.InDelta(t, s.RPCs[0].Count, e.Count, 0)
		}
		assert.Zero(t, math.Mod(s.RPCs[0].Count, 2), "each stands for two")
	}
	assert.Empty(t, r.notes, "nothing looks lost")
}

// TestThinning_sameForAnyShardsAndBatches is the law that replays rest on.
func TestThinning_sameForAnyShardsAndBatches(t *testing.T) {
	want, all := runThinned(t, thinTo(7), 1<<20)
	assert.Positive(t, all.spans["thinned"])
	for _, shards := range []int{1, 3, 16} {
		for _, size := range []int{1, 77} {
			cfg := thinTo(7)
			cfg.Shards = shards
			got, r := runThinned(t, cfg, size)
			require.Equal(t, want, got, "%d shards, batches of %d", shards, size)
			assert.Equal(t, all.spans, r.spans)
		}
	}
}

// A quarter of the traces says the same. Of n = 4000 requests m = 1000 are looked at: the
// count of a window is 4 B(n, 1/4), of standard deviation sqrt(3 n); the share of all
// requests below a quantile q of those looked at has one of sqrt(q (1-q) (1-1/4) / m). Four of
// them are exceeded by chance once in 16,000. Sketches tell durations apart that differ
// by a bucket of 2^(1/32).
func TestThinning_quantilesStay(t *testing.T) {
	const n, windows = 4000, 6
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "web")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	r := rand.New(rand.NewPCG(5, 6))
	for k := range n * windows {
		end := at(time.Duration(k) * 10 * time.Second / n)
		s := spans.AppendEmpty()
		s.SetTraceID(traceID(uint64(k + 1)))
		s.SetSpanID(spanID(1))
		s.SetKind(ptrace.SpanKindServer)
		s.SetName("GET /")
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(end.Add(-time.Duration(50e6 * math.Exp(0.5*r.NormFloat64())))))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(end))
	}
	td.MarkReadOnly()
	run := func(perSecond int) []*window.Snapshot {
		rig := newRig(t, thinTo(perSecond))
		rig.Traces(td, now())
		return rig.end()
	}
	all, few := run(0), run(100)
	require.Len(t, few, windows)
	assert.Equal(t, all[:2], few[:2], "before the change")
	for k := 2; k < windows; k++ {
		whole, part := &all[k].RPCs[0], &few[k].RPCs[0]
		assert.InDelta(t, n, part.Count, 4*math.Sqrt(3*n))
		assert.NotEqual(t, whole.Count, part.Count)
		for _, q := range []float64{0.5, 0.9, 0.99} {
			d := 4 * math.Sqrt(q*(1-q)*0.75/(n/4))
			const bucket = 1.0219
			got := part.Latency.Quantile(q)
			assert.GreaterOrEqual(t, got*bucket, whole.Latency.Quantile(q-d))
			assert.LessOrEqual(t, got/bucket, whole.Latency.Quantile(min(1, q+d)))
		}
	}
}

// BenchmarkThinning is what a span costs that is not looked at, in a batch of 1000 of 20
// resources.
func BenchmarkThinning(b *testing.B) {
	cfg := thinTo(1)
	i, err := New(cfg, nothingCounted{}, func(*window.Snapshot) bool { return true })
	if err != nil {
		b.Fatal(err)
	}
	i.Start()
	i.thinning.level, i.thinning.changes = maxLevel, []levelChange{{never, maxLevel}}
	td := benchTraces()
	n := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		shift(td, n)
		n++
		b.StartTimer()
		i.Traces(td, now())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*td.SpanCount()), "ns/span")
	if err := i.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}
