package fleet

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"

	"github.com/sage-rca/sage/internal/otlpserve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fleet is a first tier before a Collector that concludes.
type fleet struct {
	*Concluding
	first        []*Telling
	spans, bytes int // of OTLP: spans into the first tier, summaries out of it
	spanBytes    int
}

// together has n Collectors see a share of the traces each. At the end of the window
// killed the first is killed and another takes its place; none is where that is 0.
func together(t *testing.T, ticks []Tick, n, killed int) *fleet {
	t.Helper()
	f := &fleet{Concluding: Conclude(t)}
	server, err := otlpserve.Listen(t.Context(), "127.0.0.1:0", otlpserve.Handlers{Metrics: func(md pmetric.Metrics) error {
		return f.Metrics.ConsumeMetrics(context.Background(), md)
	}})
	require.NoError(t, err)
	for k := range n {
		f.first = append(f.first, Tell(t, string(rune('a'+k)), server.Addr()))
	}
	for k := range ticks {
		f.see(t, ticks[k].Traces)
		if k > 0 {
			for _, c := range f.first {
				c.Await(t, Epoch.Add(time.Duration(k)*Length))
			}
			f.scrape(t, ticks[k-1].Metrics)
		}
		if k > 0 && k == killed {
			f.first[0].End(t, true)
			f.bytes += f.first[0].Bytes()
			f.first[0] = Tell(t, "a", server.Addr())
		}
	}
	for _, c := range f.first {
		c.End(t, false)
		f.bytes += c.Bytes()
	}
	f.scrape(t, ticks[len(ticks)-1].Metrics)
	require.NoError(t, server.Close())
	f.Stop(t)
	return f
}

// see sends spans to the first tier.
func (f *fleet) see(t *testing.T, all []ptrace.Traces) {
	t.Helper()
	for _, td := range all {
		b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		require.NoError(t, err)
		f.spanBytes += len(b)
		f.spans += td.SpanCount()
		for k, part := range Shard(td, len(f.first)) {
			if part.SpanCount() > 0 {
				require.NoError(t, f.first[k].ConsumeTraces(t.Context(), part))
			}
		}
	}
}

// scrape sends metrics to the Collector that concludes: they need no first tier.
func (f *fleet) scrape(t *testing.T, all []pmetric.Metrics) {
	t.Helper()
	for _, md := range all {
		assert.NoError(t, f.Metrics.ConsumeMetrics(t.Context(), md))
	}
}
