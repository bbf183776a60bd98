package emit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
)

// BenchmarkRun simulates and emits. It reports the spans that come out per second.
func BenchmarkRun(b *testing.B) {
	for _, name := range []string{"chain", "social", "syn-1024"} {
		b.Run(name, func(b *testing.B) {
			app, err := apps.New(name, 1)
			require.NoError(b, err)
			spans := 0
			for b.Loop() {
				e := emit.New(app, emit.Options{}, func(td ptrace.Traces) { spans += td.SpanCount() }, func(pmetric.Metrics) {})
				_, err := simulate.Run(b.Context(), app, simulate.Config{Seed: 1, Duration: 30 * time.Second, SampleEvery: 10 * time.Second}, e)
				require.NoError(b, err)
				e.Flush()
			}
			b.ReportMetric(float64(spans)/b.Elapsed().Seconds(), "spans/s")
		})
	}
}
