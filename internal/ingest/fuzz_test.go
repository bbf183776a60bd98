package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// FuzzTraces feeds whatever decodes as OTLP: nothing panics, not even because of
// a write to what is read-only, and no span is lost without a count.
func FuzzTraces(f *testing.F) {
	marshal := ptrace.ProtoMarshaler{}
	for _, td := range []ptrace.Traces{batchOf(f, appTrace(1, time.Second)...), batchOf(f, root(0, 0)), ptrace.NewTraces()} {
		b, err := marshal.MarshalTraces(td)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(b)
		if err != nil {
			return
		}
		td.MarkReadOnly()
		before, err := marshal.MarshalTraces(td)
		require.NoError(t, err)
		r := newRig(t, testConfig())
		r.Traces(td, now())
		refused := 0
		for _, n := range r.spans {
			refused += n
		}
		assert.Equal(t, td.SpanCount(), r.used+refused)
		r.Traces(td, now())
		r.end()
		after, err := marshal.MarshalTraces(td)
		require.NoError(t, err)
		assert.Equal(t, before, after)
	})
}

// FuzzMetrics is the same for metrics.
func FuzzMetrics(f *testing.F) {
	marshal := pmetric.ProtoMarshaler{}
	web := attrs{"service.name": "web"}
	for _, md := range []pmetric.Metrics{
		cpu(f, time.Second), counterAt(f, time.Second, 3), gaugeOf(f, web, "process.memory.usage", 0, 1), pmetric.NewMetrics(),
		metricOf(f, web, "jvm.gc.duration", func(m pmetric.Metric) {
			m.SetEmptyHistogram().DataPoints().AppendEmpty().SetSum(1)
		}),
		metricOf(f, web, "go_gc_duration_seconds", func(m pmetric.Metric) { m.SetEmptySummary().DataPoints().AppendEmpty() }),
		metricOf(f, web, "jvm.gc.duration", func(m pmetric.Metric) {
			m.SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
		}),
	} {
		b, err := marshal.MarshalMetrics(md)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(b)
		if err != nil {
			return
		}
		md.MarkReadOnly()
		before, err := marshal.MarshalMetrics(md)
		require.NoError(t, err)
		r := newRig(t, testConfig())
		r.Metrics(md, now())
		r.Metrics(md, now())
		r.end()
		after, err := marshal.MarshalMetrics(md)
		require.NoError(t, err)
		assert.Equal(t, before, after)
	})
}

func FuzzWeightOf(f *testing.F) {
	f.Add("ot=th:8")
	f.Add("vendor=x, ot=rv:1;th:fd70a3d70a3d71")
	f.Fuzz(func(t *testing.T, state string) {
		weight, _ := weightOf(state)
		assert.GreaterOrEqual(t, weight, 1.0)
		assert.LessOrEqual(t, weight, float64(1<<56))
	})
}

func TestUserDataIsNotChanged(t *testing.T) {
	td := batchOf(t, appSpans()...)
	marshal := ptrace.ProtoMarshaler{}
	before, err := marshal.MarshalTraces(td)
	require.NoError(t, err)
	r := newRig(t, testConfig())
	r.Traces(td, now())
	r.Metrics(cpu(t, time.Second), now()) // read-only too
	r.end()
	after, err := marshal.MarshalTraces(td)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}
