package fleet

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/connector/rootcauseconnector"
)

// What docs/fleet.md sizes a fleet by:
//
//	go test ./e2e/fleet -run '^$' -bench . -benchtime 5x -timeout 30m

// BenchmarkFirstTier is a first tier that reads requests, sees their spans and tells of
// windows: processor time per span, and the heap that is live while a window is open.
func BenchmarkFirstTier(b *testing.B) {
	for _, app := range []string{"social", "syn-256"} {
		b.Run(app, func(b *testing.B) {
			requests, spans := marshalled(b, app)
			heap := int64(0)
			cpu := time.Duration(0)
			for b.Loop() {
				next := consumertest.NewNop()
				f := rootcauseconnector.NewFactory()
				c, err := f.CreateTracesToMetrics(b.Context(), telemetry("a"), config(b, f, usual), next)
				require.NoError(b, err)
				require.NoError(b, c.Start(b.Context(), componenttest.NewNopHost()))
				before, began := live(), processorTime()
				for _, r := range requests {
					td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(r)
					require.NoError(b, err)
					require.NoError(b, c.ConsumeTraces(b.Context(), td))
				}
				cpu += processorTime() - began
				heap = max(heap, live()-before)
				began = processorTime()
				require.NoError(b, c.Shutdown(context.Background()))
				cpu += processorTime() - began
			}
			b.ReportMetric(float64(cpu)/float64(b.N)/float64(spans), "cpu-ns/span")
			b.ReportMetric(float64(heap)/(1<<20), "live-MiB")
		})
	}
}

// BenchmarkAnalysis is the Collector that concludes: processor time per data point of a
// summary, of which the whole is read, added up and judged, and the heap that is live.
// Keys are operations and calls, of which each takes some points and bytes.
func BenchmarkAnalysis(b *testing.B) {
	const sources = 8
	for _, app := range []string{"social", "syn-256"} {
		b.Run(app, func(b *testing.B) {
			summaries, points, keys := told(b, app)
			bytes := 0
			for _, s := range summaries {
				bytes += len(s)
			}
			cpu := time.Duration(0)
			heap := int64(0)
			for b.Loop() {
				c := conclude(b, "input: {backfill: true}\ntraining: {enabled: false}\n")
				before, began := live(), processorTime()
				for _, s := range summaries {
					for k := range sources {
						md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(s)
						require.NoError(b, err)
						for _, rm := range md.ResourceMetrics().All() {
							rm.ScopeMetrics().At(0).Scope().Attributes().PutStr("sage.source", fmt.Sprint(k))
						}
						require.NoError(b, c.Metrics.ConsumeMetrics(b.Context(), md))
					}
				}
				cpu += processorTime() - began
				heap = max(heap, live()-before)
				began = processorTime()
				c.Stop(b)
				cpu += processorTime() - began
			}
			b.ReportMetric(float64(cpu)/float64(b.N)/float64(sources*points), "cpu-ns/point")
			b.ReportMetric(float64(keys)/float64(len(summaries)), "keys/summary")
			b.ReportMetric(float64(points)/float64(keys), "points/key")
			b.ReportMetric(float64(bytes)/float64(keys), "B/key")
			b.ReportMetric(float64(heap)/(1<<20), "live-MiB")
		})
	}
}

// marshalled is a minute of an application as requests arrive.
func marshalled(tb testing.TB, app string) (requests [][]byte, spans int) {
	tb.Helper()
	for _, k := range Record(tb, Plan{App: app, Windows: 12}) {
		for _, td := range k.Traces {
			r, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
			require.NoError(tb, err)
			requests = append(requests, r)
			spans += td.SpanCount()
		}
	}
	return requests, spans
}

// told is what a first tier tells of that minute, window by window, with the number of
// its data points, and of operations and calls among these.
func told(tb testing.TB, app string) (summaries [][]byte, points, keys int) {
	tb.Helper()
	var mu sync.Mutex
	next, err := consumer.NewMetrics(func(_ context.Context, md pmetric.Metrics) error {
		mu.Lock()
		defer mu.Unlock()
		s, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
		summaries = append(summaries, s)
		points += md.DataPointCount()
		for _, rm := range md.ResourceMetrics().All() {
			for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
				switch m.Name() {
				case "sage.calls":
					keys += m.Sum().DataPoints().Len()
				case "sage.request.duration":
					keys += m.ExponentialHistogram().DataPoints().Len()
				}
			}
		}
		return err
	})
	require.NoError(tb, err)
	f := rootcauseconnector.NewFactory()
	c, err := f.CreateTracesToMetrics(tb.Context(), telemetry("a"), config(tb, f, usual), next)
	require.NoError(tb, err)
	require.NoError(tb, c.Start(tb.Context(), componenttest.NewNopHost()))
	for _, k := range Record(tb, Plan{App: app, Windows: 12}) {
		for _, td := range k.Traces {
			require.NoError(tb, c.ConsumeTraces(tb.Context(), td))
		}
	}
	require.NoError(tb, c.Shutdown(context.Background()))
	return summaries, points, keys
}

func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// processorTime is what this process has taken of all processors.
func processorTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
