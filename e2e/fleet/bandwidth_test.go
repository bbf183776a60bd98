package fleet

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/connector/rootcauseconnector"
)

// usual is what a first tier has by default: windows of 30 s.
const usual = "input: {backfill: true}\nemit: {service_graph: false}\n"

// Between the tiers flow at most 2 % of the bytes of the spans, at what a Collector of a
// first tier sees at least: 1,100 spans a second of a social network of 27 services. The
// simulated spans are short: 250 bytes, where those of SDKs are 400 to 800.
func TestBandwidth(t *testing.T) {
	if testing.Short() {
		t.Skip("counts bytes, in which no race can be")
	}
	const windows = 12 // of 5 s: two of 30 s
	ticks := Record(t, Plan{App: "social", Windows: windows})
	for _, n := range []int{1, 4} {
		var summaries atomic.Int64 // bytes, as those of spans
		spans, count := 0, 0
		next, err := consumer.NewMetrics(func(_ context.Context, md pmetric.Metrics) error {
			summaries.Add(int64((&pmetric.ProtoMarshaler{}).MetricsSize(md)))
			return nil
		})
		require.NoError(t, err)
		var first []connector.Traces
		for k := range n {
			f := rootcauseconnector.NewFactory()
			c, err := f.CreateTracesToMetrics(t.Context(), telemetry(fmt.Sprint(k)), config(t, f, usual), next)
			require.NoError(t, err)
			require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
			first = append(first, c)
		}
		for _, k := range ticks {
			for _, td := range k.Traces {
				for again := range n { // n Collectors see n times the spans
					renamed := rename(td, byte(again))
					spans += (&ptrace.ProtoMarshaler{}).TracesSize(renamed)
					count += renamed.SpanCount()
					for k, part := range Shard(renamed, n) {
						require.NoError(t, first[k].ConsumeTraces(t.Context(), part))
					}
				}
			}
		}
		for _, c := range first {
			require.NoError(t, c.Shutdown(context.Background()))
		}
		share := float64(summaries.Load()) / float64(spans)
		t.Logf("%d Collectors, %.0f spans/s of %d bytes: %d bytes of spans, %d of summaries, %.2f %%",
			n, float64(count)/(windows*Length.Seconds()), spans/count, spans, summaries.Load(), 100*share)
		assert.LessOrEqual(t, share, 0.02, "%d Collectors", n)
	}
}

// rename returns td under trace IDs of their own.
func rename(td ptrace.Traces, as byte) ptrace.Traces {
	out := ptrace.NewTraces()
	td.CopyTo(out)
	for _, rs := range out.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				id := s.TraceID()
				id[0] ^= as << 4
				s.SetTraceID(id)
			}
		}
	}
	return out
}
