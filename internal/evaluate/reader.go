package evaluate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/simulate/emit"
	"github.com/sage-rca/sage/internal/window"
)

// reader is the part of a Collector before the engine: it takes OTLP in and keeps
// the windows.
type reader struct {
	emitter   *emit.Emitter
	ingester  *ingest.Ingester
	snapshots []*window.Snapshot // of the ingester's goroutine until close
	losses    losses
	operation string // by which the entry's requests are known, a glob
}

// now is later than all telemetry: nothing of it lies in the future.
var now = epoch.AddDate(1, 0, 0)

const lateness = 5 * time.Second

func newReader(s *Scenario, way emit.Options) (*reader, error) {
	r := &reader{operation: "*" + s.App.RPCs[s.App.Entries[0].RPC].Operation + "*"}
	windows := int(s.Plan.Duration/s.Window) + 100
	i, err := ingest.New(ingestConfig(s.Window, windows), &r.losses, func(w *window.Snapshot) bool {
		r.snapshots = append(r.snapshots, w)
		return true
	})
	if err != nil {
		return nil, err
	}
	r.ingester = i
	i.Start()
	r.emitter = emit.New(s.App, way,
		func(td ptrace.Traces) { i.Traces(td, now) },
		func(md pmetric.Metrics) { i.Metrics(md, now) })
	return r, nil
}

// ingestConfig has room for all that a simulation of a few thousand RPCs sends.
func ingestConfig(size time.Duration, windows int) ingest.Config {
	return ingest.Config{
		Window: size, Lateness: lateness, MaxAge: time.Minute, Forget: 24 * time.Hour, Guard: ingest.DefaultGuard(),
		Limits: ingest.Limits{
			Services: 10_000, OperationsPerService: 1000, PendingSpans: 5_000_000, TraceSpans: 100_000,
			Producers: 1_000_000, Instances: 20_000, MetricStreams: 1_000_000,
		},
		Metrics:    ingest.MetricRules{ByName: true, JoinKeys: ingest.DefaultJoinKeys(), HostKeys: ingest.DefaultHostKeys()},
		MaxPending: windows,
	}
}

// close ends the stream and waits for its windows.
func (r *reader) close(ctx context.Context) error {
	r.emitter.Flush()
	if err := r.ingester.Close(ctx); err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	if r.losses.windows > 0 {
		return errors.New("ingest: windows were refused")
	}
	return nil
}

// losses counts what the ingester took and what not, by reason.
type losses struct {
	mu      sync.Mutex // guards everything below
	spans   int
	points  int
	refused map[string]int
	windows int
}

// String says what was taken and what not.
func (l *losses) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := fmt.Sprintf("%d spans, %d metric points", l.spans, l.points)
	for _, r := range slices.Sorted(maps.Keys(l.refused)) {
		s += fmt.Sprintf("; %s: %d", r, l.refused[r])
	}
	return s
}

func (l *losses) refuse(what, reason string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refused == nil {
		l.refused = make(map[string]int)
	}
	l.refused[what+" refused, "+reason] += n
}

// SpansUsed implements ingest.Observer.
func (l *losses) SpansUsed(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spans += n
}

// PointsUsed implements ingest.Observer.
func (l *losses) PointsUsed(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.points += n
}

// SpansRefused implements ingest.Observer.
func (l *losses) SpansRefused(reason string, n int) { l.refuse("spans", reason, n) }

// SpansNoted implements ingest.Observer.
func (l *losses) SpansNoted(string, int) {}

// PointsRefused implements ingest.Observer.
func (l *losses) PointsRefused(reason string, n int) { l.refuse("points", reason, n) }

// WindowRefused implements ingest.Observer.
func (l *losses) WindowRefused() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.windows++
}
