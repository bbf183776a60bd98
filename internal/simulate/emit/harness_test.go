package emit_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
	"github.com/sage-rca/sage/internal/window"
)

var epoch = time.Unix(1_700_000_040, 0).UTC()

// observed is what came out of a run behind the ingester.
type observed struct {
	app   *simulate.App
	snaps []*window.Snapshot
	// served counts the SERVER and CONSUMER spans that the simulation told of, called
	// the CLIENT ones, by RPC, of services that send spans.
	served, called []float64
	counts         counts
}

// truth counts what a simulation tells and passes it on.
type truth struct {
	*emit.Emitter
	o *observed
}

func (t truth) Span(s *simulate.Span) {
	t.Emitter.Span(s)
	if t.o.app.Services[s.Service].Uninstrumented {
		return
	}
	switch s.Kind {
	case simulate.Server, simulate.Consumer:
		t.o.served[s.RPC]++
	case simulate.Client:
		t.o.called[s.RPC]++
	case simulate.Producer:
	}
}

// counts is an ingest.Observer.
type counts struct {
	mu    sync.Mutex
	spans map[string]int
	notes map[string]int
	lost  map[string]int // points
	used  int
}

func (c *counts) add(m map[string]int, reason string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m[reason] += n
}

func (c *counts) SpansUsed(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used += n
}
func (c *counts) SpansRefused(r string, n int)  { c.add(c.spans, r, n) }
func (c *counts) SpansNoted(r string, n int)    { c.add(c.notes, r, n) }
func (c *counts) PointsUsed(int)                {}
func (c *counts) PointsRefused(r string, n int) { c.add(c.lost, r, n) }
func (c *counts) WindowRefused()                { c.add(c.spans, "window", 1) }

func ingestConfig() ingest.Config {
	return ingest.Config{
		Window: 10 * time.Second, Lateness: 5 * time.Second, MaxAge: time.Minute, Forget: time.Hour,
		Guard: ingest.DefaultGuard(),
		Limits: ingest.Limits{
			Services: 400, OperationsPerService: 50, PendingSpans: 500_000, TraceSpans: 2000,
			Producers: 10_000, Instances: 1000, MetricStreams: 100_000,
		},
		Metrics:    ingest.MetricRules{JoinKeys: ingest.DefaultJoinKeys(), HostKeys: ingest.DefaultHostKeys()},
		Shards:     2,
		MaxPending: 64,
	}
}

// play runs an application through an emitter and an ingester.
func play(t *testing.T, name string, opts emit.Options, cfg simulate.Config) *observed {
	t.Helper()
	app, err := apps.New(name, 1)
	require.NoError(t, err)
	return playApp(t, app, opts, cfg)
}

func playApp(t *testing.T, app *simulate.App, opts emit.Options, cfg simulate.Config) *observed {
	t.Helper()
	o := &observed{
		app: app, served: make([]float64, len(app.RPCs)), called: make([]float64, len(app.RPCs)),
		counts: counts{spans: map[string]int{}, notes: map[string]int{}, lost: map[string]int{}},
	}
	in, err := ingest.New(ingestConfig(), &o.counts, func(s *window.Snapshot) bool {
		o.snaps = append(o.snaps, s)
		return true
	})
	require.NoError(t, err)
	in.Start()
	now := epoch.Add(24 * time.Hour)
	opts.Epoch = epoch
	e := emit.New(app, opts,
		func(td ptrace.Traces) { td.MarkReadOnly(); in.Traces(td, now) },
		func(md pmetric.Metrics) { md.MarkReadOnly(); in.Metrics(md, now) })
	_, err = simulate.Run(t.Context(), app, cfg, truth{e, o})
	require.NoError(t, err)
	e.Flush()
	require.NoError(t, in.Close(t.Context()))
	return o
}
