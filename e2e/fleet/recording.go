package fleet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
)

// Length of the windows of Settings.
const Length = 5 * time.Second

// Epoch is when recordings begin.
var Epoch = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// Tick is what is sent while one window is open: first the spans that have ended,
// then what was scraped.
type Tick struct {
	Traces  []ptrace.Traces
	Metrics []pmetric.Metrics
}

// Plan says what is recorded.
type Plan struct {
	App      string  // of package apps
	Sampling float64 // share of traces, 0: all
	Windows  int
	Faults   func(*simulate.App) []simulate.Fault
}

// Record plays an application and returns what it sends, window by window.
func Record(t testing.TB, p Plan) []Tick {
	t.Helper()
	app, err := apps.New(p.App, 1)
	require.NoError(t, err)
	ticks := make([]Tick, p.Windows)
	at := 0
	e := emit.New(app, emit.Options{Epoch: Epoch, Namespace: "shop", SampleRatio: p.Sampling, Seed: 1},
		func(td ptrace.Traces) { ticks[at].Traces = append(ticks[at].Traces, td) },
		func(md pmetric.Metrics) { ticks[at].Metrics = append(ticks[at].Metrics, md) })
	cfg := simulate.Config{Seed: 1, Duration: time.Duration(p.Windows) * Length, SampleEvery: time.Second}
	if p.Faults != nil {
		cfg.Faults = p.Faults(app)
	}
	_, err = simulate.Run(t.Context(), app, cfg, clock{e, func(now time.Duration) {
		at = min(max(at, int(now/Length)), p.Windows-1)
	}})
	require.NoError(t, err)
	e.Flush()
	return ticks
}

// clock tells the time before what happens is passed on.
type clock struct {
	simulate.Sink
	tell func(time.Duration)
}

func (c clock) Span(s *simulate.Span) {
	c.tell(s.End)
	c.Sink.Span(s)
}

func (c clock) Sample(at time.Duration, r []simulate.ReplicaState, h []simulate.HostState) {
	c.tell(at)
	c.Sink.Sample(at, r, h)
}

// Shard returns the part of td of which the trace IDs fall on each of n Collectors, as
// an exporter does that routes by trace ID.
func Shard(td ptrace.Traces, n int) []ptrace.Traces {
	out := make([]ptrace.Traces, n)
	for k := range out {
		out[k] = ptrace.NewTraces()
		td.CopyTo(out[k])
		out[k].ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
			rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
				ss.Spans().RemoveIf(func(s ptrace.Span) bool { return shardOf(s.TraceID(), n) != k })
				return ss.Spans().Len() == 0
			})
			return rs.ScopeSpans().Len() == 0
		})
	}
	return out
}

func shardOf(id pcommon.TraceID, n int) int {
	h := 0
	for _, b := range id {
		h = 31*h + int(b)
	}
	return (h & 0xffffff) % n
}
