package rootcause

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/summary"
	"github.com/sage-rca/sage/internal/window"
)

// telemetry counts what the engine does. Its methods are safe for concurrent
// use and do not block.
type telemetry struct {
	b       *Instruments
	silence *silence

	late    atomic.Int64 // windows that came after a later one
	trained atomic.Int64 // event time at which the model in use was trained, ns; 0: none is

	mu   sync.Mutex      // guards everything below
	open map[string]bool // IDs of the incidents that are open
}

func newTelemetry(b *Instruments, cfg *Config) *telemetry {
	return &telemetry{b: b, silence: newSilence(cfg.Window, cfg.Lateness), open: make(map[string]bool)}
}

func one(key, value string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))
}

func (t *telemetry) failed(kind string) {
	t.b.Failures.Add(context.Background(), 1, one("kind", kind))
}

func (t *telemetry) sent(records int) { t.b.Events.Add(context.Background(), int64(records)) }

func (t *telemetry) limited(reason string, n int) {
	t.b.LimitsReached.Add(context.Background(), int64(n), one("reason", reason))
}

func (t *telemetry) steered(suspect, baseline int) {
	for _, n := range [...]struct {
		reason string
		spans  int
	}{{"kept_suspect", suspect}, {"kept_baseline", baseline}} {
		if n.spans > 0 {
			t.b.SpansNoted.Add(context.Background(), int64(n.spans), one("reason", n.reason))
		}
	}
}

func (t *telemetry) refusedPieces(reason summary.Reason, points int) {
	t.b.PointsRefused.Add(context.Background(), int64(points), one("reason", string(reason)))
}

// said counts what the engine says of incidents.
func (t *telemetry) said(outs []engine.Output) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ctx := context.Background()
	for _, o := range outs {
		e := o.Incident
		if e == nil {
			continue
		}
		t.b.Incidents.Add(ctx, 1, one("state", string(e.Phase)))
		switch e.Phase {
		case incident.Open, incident.Update:
			t.open[e.ID] = true
		case incident.Resolved, incident.Expired:
			delete(t.open, e.ID)
		}
		t.b.IncidentsOpen.Record(ctx, int64(len(t.open)))
	}
}

// observer counts and logs what the ingester and the engine say of themselves.
type observer struct {
	*telemetry
	log *zap.Logger
}

func (s *shared) observer() observer { return observer{s.telemetry, s.log} }

// SpansUsed implements ingest.Observer.
func (o observer) SpansUsed(n int) {
	o.silence.use(n)
	o.b.SpansUsed.Add(context.Background(), int64(n))
}

// SpansRefused implements ingest.Observer.
func (o observer) SpansRefused(reason string, n int) {
	o.silence.refuse(reason, n)
	o.b.SpansRefused.Add(context.Background(), int64(n), one("reason", reason))
}

// SpansNoted implements ingest.Observer.
func (o observer) SpansNoted(reason string, n int) {
	o.silence.note(reason, n)
	o.b.SpansNoted.Add(context.Background(), int64(n), one("reason", reason))
}

// PointsUsed implements ingest.Observer.
func (o observer) PointsUsed(n int) { o.b.PointsUsed.Add(context.Background(), int64(n)) }

// PointsRefused implements ingest.Observer.
func (o observer) PointsRefused(reason string, n int) {
	o.b.PointsRefused.Add(context.Background(), int64(n), one("reason", reason))
}

// WindowRefused implements ingest.Observer and engine.Observer.
func (o observer) WindowRefused() { o.b.WindowsRefused.Add(context.Background(), 1) }

// WindowClosed implements engine.Observer. A model ages with event time.
func (o observer) WindowClosed(s *window.Snapshot) {
	if len(s.RPCs)+len(s.Edges) > 0 {
		o.silence.broken()
	}
	ctx := context.Background()
	o.b.WindowsClosed.Add(ctx, 1)
	if at := o.trained.Load(); at != 0 {
		o.b.ModelAge.Record(ctx, time.Duration(s.End-at).Seconds())
	}
}

// Trained implements engine.Observer.
func (o observer) Trained(e engine.Extent, ok bool, busy time.Duration) {
	outcome := "published"
	if !ok {
		outcome = "failed"
	}
	o.b.Trainings.Add(context.Background(), 1, metric.WithAttributes(
		attribute.String("extent", e.String()), attribute.String("outcome", outcome),
	))
	o.b.TrainingTime.Add(context.Background(), busy.Seconds())
	o.log.Info("training ended", zap.Stringer("extent", e), zap.String("outcome", outcome), zap.Duration("busy", busy))
}

// Published implements engine.Observer.
func (o observer) Published(s engine.ModelStatus) {
	ctx := context.Background()
	for _, state := range [...]engine.ModelState{engine.Cold, engine.Warming, engine.Ready, engine.Stale, engine.Degraded} {
		is := int64(0)
		if state == s.State {
			is = 1
		}
		o.b.ModelState.Record(ctx, is, one("state", string(state)))
	}
	o.b.ModelVersion.Record(ctx, int64(s.Version))
	if s.Version > 0 {
		o.trained.Store(s.Time.Add(-s.Age).UnixNano())
		o.b.ModelAge.Record(ctx, s.Age.Seconds())
	}
	o.log.Info("model "+string(s.State), zap.String("reason", s.Reason), zap.Uint64("version", s.Version),
		zap.Int("windows", s.Windows), zap.Int("services", s.Services), zap.Int("nodes", s.Nodes))
}

// Judged implements engine.Observer.
func (o observer) Judged(method rca.Method, took time.Duration) {
	o.b.Verdicts.Add(context.Background(), 1, one("method", string(method)))
	o.b.VerdictDuration.Record(context.Background(), took.Seconds())
}

// Refused implements engine.RefusalObserver.
func (o observer) Refused(reason engine.Refusal, n int) {
	o.limited(string(reason), n)
}

// Failed implements engine.Observer. A window that is late, as all are when an old
// capture is replayed into a state that is further on, is a refusal, of which the
// 1st, 2nd, 4th, 8th are told.
func (o observer) Failed(what string, err error) {
	if late := new(engine.LateError); errors.As(err, &late) {
		o.WindowRefused()
		if n := o.late.Add(1); n&(n-1) == 0 {
			o.log.Warn("a window came after a later one and was not judged", zap.Int64("windows", n), zap.Error(err))
		}
		return
	}
	o.failed(what)
	o.log.Error("root-cause analysis goes on after a failure", zap.String("kind", what), zap.Error(err))
}
